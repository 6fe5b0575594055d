/* The primitives of limits. As in api_exchange.c. */
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>

#include "base/limits.h"
#include "exchange/estimate.h"
#include "exchange/exchange.h"
#include "exchange/rate_limits.h"
#include "script/bindings.h"
#include "script/compiled_plan.h"
#include "script/integer.h"

/* The names in a list; the texts are the list's. */
static void read_models(lua_State *state, int index, struct asked_models *out)
{
    luaL_checktype(state, index, LUA_TTABLE);
    out->count = lua_objlen(state, index);
    luaL_argcheck(state, out->count >= 1 && out->count <= LIMIT_ASKED_MODELS, index,
                  "no model, or too many");
    for (size_t i = 0; i < out->count; i++) {
        lua_rawgeti(state, index, (int)i + 1);
        luaL_argcheck(state, lua_type(state, -1) == LUA_TSTRING, index, "not a list of names");
        out->names[i] = lua_tostring(state, -1);
        lua_pop(state, 1);
    }
}

/* x:limits(limits, requests_only, models) */
static int api_limits(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const struct limit_rules *rules = compiled_plan_limits(state, 2);
    luaL_argcheck(state, !rate_limits_acquired(exchange), 1, "limits are counted once");
    struct asked_models models;
    bool several = !lua_isnoneornil(state, 4);
    if (several)
        read_models(state, 4, &models);
    if (!rate_limits_acquire(exchange, rules, lua_toboolean(state, 3), several ? &models : NULL))
        return task_stop(state);
    return 0;
}

/* x:acquire(name, most) */
static int api_acquire(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    const char *name = luaL_checkstring(state, 2);
    int64_t most = integer_check(state, 3, 0, INTEGER_MAX);
    luaL_argcheck(state, !rate_limits_acquired(exchange), 1, "limits are counted once");
    if (!rate_limits_acquire_one(exchange, slice_of(name), most))
        return task_stop(state);
    return 0;
}

/* x:begin_estimate(limits) */
static int api_begin_estimate(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    if (!estimate_begin(exchange, compiled_plan_limits(state, 2)))
        return task_stop(state);
    return estimate_is_loading(exchange) ? task_wait(state, TASK_WAITS_QUOTAS) : 0;
}

/* x:quota_held(subject, name) -> a text of digits: what running calls hold of it */
static int api_quota_held(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    const char *subject = luaL_checkstring(state, 2);
    int64_t held = rate_limits_held(exchange, subject, luaL_checkstring(state, 3));
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, held);
    lua_pushstring(state, text);
    return 1;
}

const struct luaL_Reg api_limits_bindings[] = {
    {"acquire", api_acquire},
    {"begin_estimate", api_begin_estimate},
    {"limits", api_limits},
    {"quota_held", api_quota_held},
    {NULL, NULL},
};
