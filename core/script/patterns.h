/* Bounds Lua's patterns for trusted code. A pattern runs inside one C call, where no limit of
 * instructions or time applies, and may take the square of the text's length. So the text's length
 * is bounded here, for all handlers. core/script/api_text.c reads client text. */
#ifndef SCRIPT_PATTERNS_H
#define SCRIPT_PATTERNS_H

#include <lua.h>

/* Replaces string.find, match, gmatch and gsub in the globals by bounded ones. A find with `plain`
 * is no pattern and stays unbounded. */
void patterns_bound(lua_State *state);

#endif
