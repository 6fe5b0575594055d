/* `require` for trusted code: modules come from the Lua files that are built into the program and
 * from nowhere else. "policy.words" is lua/policy/words.lua, "policy" is lua/policy/init.lua. */
#ifndef SCRIPT_MODULES_H
#define SCRIPT_MODULES_H

#include <lua.h>

/* Makes the global `require`. */
void modules_open(lua_State *state);
/* Makes require(name) give the value on top of the stack, and pops it. */
void modules_provide(lua_State *state, const char *name);
/* Pushes what require(name) gives; raises what goes wrong. */
void modules_require(lua_State *state, const char *name);

#endif
