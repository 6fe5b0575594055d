/* Reads whole numbers from Lua, whose numbers are doubles. It checks the range before the cast: in
 * C the cast of a double that does not fit, or of NaN, is undefined. */
#ifndef SCRIPT_INTEGER_H
#define SCRIPT_INTEGER_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

/* 2^53: from its negative up to here each whole number has a double of its own. */
#define INTEGER_MAX INT64_C(9007199254740992)

/* Returns false when the number is not whole, out of that range, or NaN. */
bool integer_read(lua_Number number, int64_t *out);
/* Returns the argument at `place`; raises unless it is a whole number from min to max. */
int64_t integer_check(lua_State *state, int place, int64_t min, int64_t max);
/* Returns the member `name` of the table at `index`; raises unless it is a whole number >= 0. */
int64_t integer_member(lua_State *state, int index, const char *name);

#endif
