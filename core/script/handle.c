#include "script/handle.h"

#include <lauxlib.h>

struct handle *handle_check(lua_State *state, int index, const char *kind)
{
    struct handle *handle = NULL;
    if (lua_type(state, index) == LUA_TUSERDATA) /* ours: trusted Lua sees no others */
        handle = lua_touserdata(state, index);
    if (handle == NULL || handle->kind != kind)
        luaL_typerror(state, index, kind);
    return handle;
}
