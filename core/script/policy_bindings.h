/* What policies are given beyond Lua itself: the functions that we add for policy files, in two
 * tables: while they load, and always. */
#ifndef SCRIPT_POLICY_BINDINGS_H
#define SCRIPT_POLICY_BINDINGS_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "script/policy_files.h"

/* Where a VM is in its life; belongs to the VM. */
struct policy_load {
    const struct policy_files *files;
    bool loading;     /* load-time functions work */
    const char *file; /* the policy file that was loaded last, NULL before the first */
};

/* Functions that exist only while policy files load, and functions that exist always. Each finds
 * its struct policy_load in upvalue 1. The last entry has no name. */
extern const luaL_Reg policy_bindings_load[];
extern const luaL_Reg policy_bindings_always[];

/* Pushes the string key of the table at `index` that is most like `name`, or nil. */
void policy_bindings_push_nearest(lua_State *state, int index, const char *name);

#endif
