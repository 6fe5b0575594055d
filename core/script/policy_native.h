/* C functions for our own Lua below lua/policy/: exact money, places in the source of policies, the
 * parts of a plan. */
#ifndef SCRIPT_POLICY_NATIVE_H
#define SCRIPT_POLICY_NATIVE_H

#include <lua.h>

#include "script/policy_bindings.h"

/* Pushes the table that trusted code gets from `require "policy.native"`. `load` must outlive the
 * state. */
void policy_native_push(lua_State *state, struct policy_load *load);

#endif
