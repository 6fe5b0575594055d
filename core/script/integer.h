/* Whole numbers out of Lua, which knows only doubles. The range is looked at before a double is
 * made an integer: to cast what does not fit, or is no number, is undefined in C. */
#ifndef SCRIPT_INTEGER_H
#define SCRIPT_INTEGER_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

/* 2^53: up to here, and down to its negative, each whole number is a double of its own. */
#define INTEGER_MAX INT64_C(9007199254740992)

/* False: the number is not whole, beyond that range, or none. */
bool integer_read(lua_Number number, int64_t *out);
/* The argument at `place`; raises when it is no whole number from min to max. */
int64_t integer_check(lua_State *state, int place, int64_t min, int64_t max);
/* The member `name` of the table at `index`; raises when it is no whole number from 0 on. */
int64_t integer_member(lua_State *state, int index, const char *name);

#endif
