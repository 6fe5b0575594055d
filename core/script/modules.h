/* `require` for trusted code: it loads modules only from the Lua files that are built into the
 * program. "policy.words" is lua/policy/words.lua, "policy" is lua/policy/init.lua. */
#ifndef SCRIPT_MODULES_H
#define SCRIPT_MODULES_H

#include <lua.h>

/* Defines the global `require`. */
void modules_open(lua_State *state);
/* Pops the value on top of the stack and makes it the result of require(name). */
void modules_provide(lua_State *state, const char *name);
/* Pushes the result of require(name); raises its errors. */
void modules_require(lua_State *state, const char *name);

#endif
