#include "script/integer.h"

#include <lauxlib.h>

bool integer_read(lua_Number number, int64_t *out)
{
    bool in_range = number >= -(lua_Number)INTEGER_MAX && number <= (lua_Number)INTEGER_MAX;
    if (!in_range)
        return false;
    *out = (int64_t)number;
    return (lua_Number)*out == number;
}

int64_t integer_check(lua_State *state, int place, int64_t min, int64_t max)
{
    int64_t integer = 0;
    luaL_argcheck(state, integer_read(luaL_checknumber(state, place), &integer), place,
                  "not a whole number");
    luaL_argcheck(state, integer >= min, place, "too small");
    luaL_argcheck(state, integer <= max, place, "too large");
    return integer;
}

int64_t integer_member(lua_State *state, int index, const char *name)
{
    int64_t integer = 0;
    lua_getfield(state, index, name);
    bool whole = lua_isnumber(state, -1) && integer_read(lua_tonumber(state, -1), &integer);
    if (!whole || integer < 0)
        luaL_error(state, "%s is not a whole number", name);
    lua_pop(state, 1);
    return integer;
}
