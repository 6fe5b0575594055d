/* The primitives of trials: which calls take part, and the shadow of a call that has
 * ended; and hedges. */
#include <lauxlib.h>

#include "base/limits.h"
#include "exchange/choice.h"
#include "exchange/exchange.h"
#include "exchange/hedging.h"
#include "exchange/shadow.h"
#include "exchange/trial.h"
#include "script/bindings.h"
#include "script/compiled_plan.h"
#include "script/integer.h"

/* x:draws(trial, model, share_ppm, by_account) -> whether the call takes part */
static int api_draws(lua_State *state)
{
    const struct exchange *exchange = task_exchange(state);
    const char *trial = luaL_checkstring(state, 2);
    const char *model = luaL_checkstring(state, 3);
    int64_t share_ppm = integer_check(state, 4, 0, 1000000);
    const char *who = lua_toboolean(state, 5) ? exchange_key(exchange)->account_id.text
                                              : exchange_id(exchange)->text;
    lua_pushboolean(state, trial_draws(trial_seed(trial, who, model), share_ppm));
    return 1;
}

/* x:leads(count): the first candidates of the list are the canary's, and are asked first */
static int api_leads(lua_State *state)
{
    exchange_lead(task_exchange(state), (unsigned)integer_check(state, 2, 0, LIMIT_ROUTE));
    return 0;
}

/* x:shadows(): the call may be followed by a shadow */
static int api_shadows(lua_State *state)
{
    shadow_prepare(task_exchange(state));
    return 0;
}

/* x:shadow(candidate, limit_nusd) -> true, or nothing: the task has waited, and calls it again. For
 * an exchange that has ended. */
static int api_shadow(lua_State *state)
{
    struct exchange *original = task_ended_exchange(state);
    struct candidate *candidate = compiled_plan_candidate(state, 2);
    int64_t limit_nusd = integer_check(state, 3, 0, INTEGER_MAX);
    if (!shadow_can_follow(original))
        return task_rest(state);
    struct exchange *shadow = shadow_new(original, candidate, limit_nusd);
    if (shadow != NULL)
        task_start_shadow(state, shadow);
    lua_pushboolean(state, true);
    return 1;
}

/* x:hedges(candidates, quantile_ppm, extra_ppm): a plain call may be asked of a second one of them,
 * where the first one is late */
static int api_hedges(lua_State *state)
{
    struct exchange *exchange = task_exchange(state);
    struct candidate *candidates[LIMIT_ROUTE];
    const struct hedge_terms terms = {.quantile_ppm = integer_check(state, 3, 1, 999999),
                                      .extra_ppm = integer_check(state, 4, 1, 1000000)};
    size_t count = api_exchange_candidates(state, 2, candidates);
    if (!hedging_takes(exchange))
        return 0;
    const struct exchange_task task = task_of_hedge(state);
    hedging_allow(exchange, candidates, count, &terms, &task);
    return 0;
}

const struct luaL_Reg api_trials_bindings[] = {{"hedges", api_hedges}, {"draws", api_draws},
                                               {"leads", api_leads},   {"shadows", api_shadows},
                                               {"shadow", api_shadow}, {NULL, NULL}};
