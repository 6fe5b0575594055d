/* What policies are given beyond Lua itself: the words that we add for policy files (two tables:
 * while they load, and always), and the functions that our own Lua below lua/policy/ needs from
 * C (exact money, places in a source). */
#ifndef SCRIPT_POLICY_BINDINGS_H
#define SCRIPT_POLICY_BINDINGS_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "script/policy_files.h"

/* Where a VM is in its life; belongs to the VM. */
struct policy_load {
    const struct policy_files *files;
    bool loading;     /* load-time words work */
    const char *file; /* the policy file that was loaded last, NULL before the first */
};

/* Words that exist only while policy files load, and words that exist always. Each function finds
 * its struct policy_load in upvalue 1. The last entry has no name. */
extern const luaL_Reg policy_bindings_load[];
extern const luaL_Reg policy_bindings_always[];

/* Pushes the table that `require "policy.native"` gives to trusted code. */
void policy_bindings_push_native(lua_State *state, struct policy_load *stage);

/* Pushes the string key of the table at `index` that is most like `name`, or nil. */
void policy_bindings_push_nearest(lua_State *state, int index, const char *name);

#endif
