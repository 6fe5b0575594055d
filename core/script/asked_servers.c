#include "script/asked_servers.h"

#include <lauxlib.h>

#include "script/account_handle.h"
#include "script/compiled_plan.h"
#include "script/modules.h"

static int look(lua_State *state)
{
    struct survey_list **out = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "asked_servers");
    *out = survey_list_ref(compiled_plan_survey(state, lua_gettop(state)));
    return 0;
}

struct survey_list *asked_servers(struct vm *vm)
{
    struct survey_list *list = NULL;
    struct fault fault;
    (void)vm_call(vm, look, &list, &fault);
    return list;
}

static int want_tokens(lua_State *state)
{
    struct access_tokens *tokens = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "service_accounts");
    luaL_checktype(state, -1, LUA_TTABLE);
    size_t count = lua_objlen(state, -1);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, -1, (int)i + 1);
        access_tokens_want(tokens, account_handle_get(state, lua_gettop(state)));
        lua_pop(state, 1);
    }
    return 0;
}

void asked_servers_want_tokens(struct vm *vm, struct access_tokens *tokens)
{
    struct fault fault;
    (void)vm_call(vm, want_tokens, tokens, &fault); /* else the first call has them fetched */
}
