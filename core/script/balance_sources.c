#include "script/balance_sources.h"

#include <lauxlib.h>
#include <stdio.h>

#include "script/compiled_plan.h"
#include "script/integer.h"
#include "script/modules.h"
#include "script/provider_members.h"

/* ---- reading an answer ---- */

struct reading {
    const char *provider;
    struct slice answer;
    int64_t nusd;
    bool found;
    char why[160];
};

static int read_figure(lua_State *state)
{
    struct reading *reading = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "read_balance");
    lua_pushstring(state, reading->provider);
    lua_pushlstring(state, reading->answer.data, reading->answer.bytes);
    lua_call(state, 2, 2);
    reading->found = lua_type(state, -2) == LUA_TNUMBER;
    if (reading->found)
        reading->nusd = (int64_t)lua_tonumber(state, -2);
    else
        snprintf(reading->why, sizeof reading->why, "%s", luaL_optstring(state, -1, "no figure"));
    return 0;
}

static bool read(void *arg, const char *provider, struct slice answer, int64_t *nusd,
                 struct fault *fault)
{
    struct vm *vm = arg;
    struct reading reading = {.provider = provider, .answer = answer};
    if (!vm_call_turn(vm, read_figure, &reading, fault))
        return false;
    *nusd = reading.nusd;
    return reading.found || fault_set(fault, "policy_error", "%s", reading.why);
}

/* ---- the sources ---- */

/* The source on top of the stack. */
static void add(lua_State *state, struct balance_watcher *watcher)
{
    int index = lua_gettop(state);
    lua_getfield(state, index, "server");
    const struct balance_source source = {
        .server = compiled_plan_candidate(state, index + 1),
        .url = provider_members_text(state, index, "url", SIZE_MAX),
        .key = provider_members_text(state, index, "key", SIZE_MAX),
        .kind = (enum balance_kind)integer_member(state, index, "kind"),
        .below_nusd = integer_member(state, index, "below_nusd")};
    lua_pop(state, 1); /* the table keeps it */
    balance_watcher_add(watcher, &source);
}

static int give(lua_State *state)
{
    struct balance_watcher *watcher = lua_touserdata(state, 1);
    modules_require(state, "policy");
    lua_getfield(state, -1, "balances");
    luaL_checktype(state, -1, LUA_TTABLE);
    size_t count = lua_objlen(state, -1);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, -1, (int)i + 1);
        add(state, watcher);
        lua_pop(state, 1);
    }
    return 0;
}

void balance_sources_give(struct vm *vm, struct balance_watcher *watcher)
{
    const struct balance_reader reader = {.read = read, .arg = vm};
    struct fault fault;
    balance_watcher_forget(watcher, &reader);
    (void)vm_call(vm, give, watcher, &fault); /* else nobody is asked until the next reload */
}
