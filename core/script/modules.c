/* Finds trusted modules in lua_assets and loads each once per state. */
#include "script/modules.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"

enum { MODULE_PATH_BYTES = 128 };

#define MODULES_KEY "llm-gateway.modules" /* registry: name -> module */

static void push_loaded(lua_State *state)
{
    lua_getfield(state, LUA_REGISTRYINDEX, MODULES_KEY);
}

static int compare_asset(const void *name, const void *asset)
{
    return strcmp(name, ((const struct asset *)asset)->name);
}

/* Returns the file of a module: a/b.lua, else a/b/init.lua. */
static const struct asset *find_module(const char *name)
{
    static const char *const suffixes[] = {".lua", "/init.lua"};
    char path[MODULE_PATH_BYTES];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        int bytes = snprintf(path, sizeof path, "%s%s", name, suffixes[i]);
        if (bytes < 0 || bytes >= (int)sizeof path)
            return NULL;
        for (char *at = path; at < path + strlen(name); at++)
            if (*at == '.')
                *at = '/';
        const struct asset *asset =
            bsearch(path, lua_assets, lua_asset_count, sizeof *lua_assets, compare_asset);
        if (asset != NULL)
            return asset;
    }
    return NULL;
}

/* require(name): the value that the module returned when it was loaded. */
static int modules_lua_require(lua_State *state)
{
    const char *name = luaL_checkstring(state, 1);
    lua_settop(state, 1);
    push_loaded(state);
    lua_getfield(state, 2, name);
    if (lua_type(state, 3) == LUA_TBOOLEAN)
        return luaL_error(state, "module '%s' requires itself", name);
    if (!lua_isnil(state, 3))
        return 1;
    const struct asset *asset = find_module(name);
    if (asset == NULL)
        return luaL_error(state, "there is no module '%s'", name);
    lua_pushboolean(state, 1);
    lua_setfield(state, 2, name);
    lua_pushfstring(state, "=lua/%s", asset->name);
    if (luaL_loadbufferx(state, asset->data, asset->bytes, lua_tostring(state, -1), "t") != 0)
        return lua_error(state);
    lua_pushvalue(state, 1);
    lua_call(state, 1, 1);
    if (lua_isnil(state, -1))
        return luaL_error(state, "module '%s' returns nothing", name);
    lua_pushvalue(state, -1);
    lua_setfield(state, 2, name);
    return 1;
}

void modules_open(lua_State *state)
{
    lua_newtable(state);
    lua_setfield(state, LUA_REGISTRYINDEX, MODULES_KEY);
    lua_pushcfunction(state, modules_lua_require);
    lua_setglobal(state, "require");
}

void modules_provide(lua_State *state, const char *name)
{
    push_loaded(state);
    lua_insert(state, -2);
    lua_setfield(state, -2, name);
    lua_pop(state, 1);
}

void modules_require(lua_State *state, const char *name)
{
    lua_pushcfunction(state, modules_lua_require);
    lua_pushstring(state, name);
    lua_call(state, 1, 1);
}
