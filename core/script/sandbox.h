/* The two environments of a VM. Trusted code (lua/) has LuaJIT's base, string, table, math and
 * coroutine, cjson, `require` over the embedded files, and the table `core`. Policy files have only
 * the words listed here: they cannot run for ever inside C, read bytecode, or change anything that
 * another file, a later request or trusted code sees. */
#ifndef SCRIPT_SANDBOX_H
#define SCRIPT_SANDBOX_H

#include <lua.h>

#include "base/slice.h"
#include "script/policy_bindings.h"

/* Opens the libraries, strips them and makes both environments. Raises a Lua error when memory is
 * short: call it protected. `stage` must outlive the state. */
void sandbox_open(lua_State *state, struct policy_load *stage);

/* Removes the load-time words from the policies' environment. */
void sandbox_end_load(lua_State *state);

/* Loads `text` (never bytecode) with an environment of its own and pushes the function; raises the
 * compiler's error. Messages show `name`: "models.lua". */
void sandbox_load(lua_State *state, struct slice text, const char *name);

/* Pushes an array of all words, including the load-time ones ("env", "string.upper", ...). */
void sandbox_push_word_names(lua_State *state);

#endif
