#include "script/patterns.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "base/limits.h"

/* Returns how many bytes Lua's function would search, from its start argument on. */
static size_t searched_bytes(lua_State *state, size_t text_bytes, int place)
{
    lua_Number init = luaL_optnumber(state, place, 1);
    if (init < 0)
        return -init < (lua_Number)text_bytes ? (size_t)-init : text_bytes;
    if (init <= 1)
        return text_bytes;
    return init - 1 < (lua_Number)text_bytes ? text_bytes - (size_t)(init - 1) : 0;
}

/* Raises when the text is too long for a pattern; otherwise calls Lua's function. */
static int run_bounded(lua_State *state, const char *name, int init_place)
{
    size_t text_bytes;
    luaL_checklstring(state, 1, &text_bytes);
    if (init_place > 0)
        text_bytes = searched_bytes(state, text_bytes, init_place);
    if (text_bytes > LIMIT_PATTERN_TEXT_BYTES)
        return luaL_error(state, "string.%s: a pattern over more than %d bytes", name,
                          LIMIT_PATTERN_TEXT_BYTES);
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, lua_gettop(state) - 1, LUA_MULTRET);
    return lua_gettop(state);
}

static int patterns_find(lua_State *state)
{
    if (!lua_toboolean(state, 4))
        return run_bounded(state, "find", 3);
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, lua_gettop(state) - 1, LUA_MULTRET);
    return lua_gettop(state);
}

static int patterns_match(lua_State *state)
{
    return run_bounded(state, "match", 3);
}

static int patterns_gmatch(lua_State *state)
{
    return run_bounded(state, "gmatch", 0);
}

static int patterns_gsub(lua_State *state)
{
    return run_bounded(state, "gsub", 0);
}

void patterns_bound(lua_State *state)
{
    static const luaL_Reg words[] = {{"find", patterns_find},
                                     {"gmatch", patterns_gmatch},
                                     {"gsub", patterns_gsub},
                                     {"match", patterns_match},
                                     {NULL, NULL}};
    lua_getglobal(state, "string");
    for (const luaL_Reg *word = words; word->name != NULL; word++) {
        lua_getfield(state, -1, word->name);
        lua_pushcclosure(state, word->func, 1);
        lua_setfield(state, -2, word->name);
    }
    lua_pushnil(state); /* gfind is the old name of gmatch */
    lua_setfield(state, -2, "gfind");
    lua_pop(state, 1);
}
