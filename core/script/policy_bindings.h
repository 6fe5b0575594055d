/* The functions that policies get in addition to Lua's own, in two tables: some exist while policy
 * files load, others always. */
#ifndef SCRIPT_POLICY_BINDINGS_H
#define SCRIPT_POLICY_BINDINGS_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "script/policy_files.h"

/* The state of a VM's load; part of the VM. */
struct policy_load {
    const struct policy_files *files;
    bool loading;     /* load-time functions work */
    const char *file; /* the last policy file that was loaded; NULL before the first */
    int64_t now_ms;   /* what now() says; 0: the time that it is */
};

/* Functions that exist only while policy files load, and functions that exist always. Upvalue 1 of
 * each is its struct policy_load. The last entry has no name. */
extern const luaL_Reg policy_bindings_load[];
extern const luaL_Reg policy_bindings_always[];

/* For such a function: its load, and its argument at `index`, which must be a string (raises). The
 * slice lives as long as the argument. */
struct policy_load *policy_load_of(lua_State *state);
struct slice policy_check_slice(lua_State *state, int index);

/* Pops the function that the word sell(name, overrides) calls. It returns a table, or nil and
 * why. */
void policy_bindings_sell_with(lua_State *state);

/* Pushes the string key of the table at `index` that is most similar to `name`, or nil. */
void policy_bindings_push_nearest(lua_State *state, int index, const char *name);

#endif
