#include "script/account_handle.h"

#include <lauxlib.h>

#include "exchange/service_account.h"
#include "script/handle.h"

#define ACCOUNT_METATABLE "llm-gateway.service_account"

static const char account_kind[] = "service account";

struct account_handle {
    struct handle handle;
    struct service_account *account; /* NULL before it is read, and after __gc */
};

static int account_gc(lua_State *state)
{
    struct account_handle *own = lua_touserdata(state, 1);
    service_account_unref(own->account);
    own->account = NULL;
    return 0;
}

int account_handle_new(lua_State *state)
{
    struct fault fault;
    const char *source = luaL_checkstring(state, 1);
    const char *ca_file = luaL_optstring(state, 2, NULL);
    struct account_handle *own = lua_newuserdata(state, sizeof *own);
    *own = (struct account_handle){.handle = {account_kind}};
    if (luaL_newmetatable(state, ACCOUNT_METATABLE)) {
        lua_pushcfunction(state, account_gc);
        lua_setfield(state, -2, "__gc");
    }
    lua_setmetatable(state, -2);
    own->account = service_account_read(source, ca_file, &fault);
    if (own->account == NULL) {
        lua_pushnil(state);
        lua_pushstring(state, fault.message);
    } else {
        lua_pushstring(state, own->account->project);
    }
    return 2;
}

struct service_account *account_handle_get(lua_State *state, int index)
{
    if (lua_isnil(state, index))
        return NULL;
    const struct account_handle *own =
        (const struct account_handle *)(void *)handle_check(state, index, account_kind);
    return own->account;
}

struct service_account *account_handle_member(lua_State *state, int index, const char *name)
{
    lua_getfield(state, index, name);
    struct service_account *account = account_handle_get(state, lua_gettop(state));
    lua_pop(state, 1);
    return account;
}
