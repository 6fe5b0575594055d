#include "script/handle.h"

#include <lauxlib.h>

struct handle *handle_check(lua_State *state, int index, const char *kind)
{
    struct handle *handle = NULL;
    /* Always ours: trusted Lua sees no other userdata. */
    if (lua_type(state, index) == LUA_TUSERDATA)
        handle = lua_touserdata(state, index);
    if (handle == NULL || handle->kind != kind)
        luaL_typerror(state, index, kind);
    return handle;
}
