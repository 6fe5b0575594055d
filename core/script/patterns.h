/* Lua's patterns for trusted code. One call runs inside C, where no limit of instructions or time
 * sees it, and may take the square of the text's length. So the text that a pattern may run over is
 * bounded here, whatever handlers do; client text is read by core/script/api_text.c. */
#ifndef SCRIPT_PATTERNS_H
#define SCRIPT_PATTERNS_H

#include <lua.h>

/* Puts bounded forms in the place of string.find, match, gmatch and gsub of the globals. A find
 * with `plain` is no pattern and stays unbounded. */
void patterns_bound(lua_State *state);

#endif
