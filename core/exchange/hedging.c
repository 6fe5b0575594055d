#include "exchange/hedging.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/hedge.h"
#include "exchange/hedge_budget.h"
#include "exchange/kept_turns.h"
#include "exchange/limit_queues.h"
#include "exchange/limit_wait.h"
#include "exchange/shadow.h"
#include "exchange/trace.h"

struct hedging {
    struct hedge_terms terms;
    struct exchange_task task;                 /* .task is NULL: the second request has it */
    struct candidate *candidates[LIMIT_ROUTE]; /* references */
    size_t count;
    int64_t due_us;         /* when the second request begins; 0: it does not */
    struct exchange *other; /* NULL: there is none, or it is freed */
    bool begun;             /* once a call */
    bool asked;             /* its provider is */
    bool won;
    bool waits; /* the exchange's own attempt has failed */
};

/* ---- which calls ---- */

bool hedging_takes(const struct exchange *exchange)
{
    return !exchange->asks.streamed && shadow_is_repeatable(exchange) &&
           !kept_turns_are_wanted(exchange);
}

static void forget_candidates(struct hedging *hedging)
{
    for (size_t i = 0; i < hedging->count; i++)
        candidate_unref(hedging->candidates[i]);
    hedging->count = 0;
}

static void drop_task(struct hedging *hedging)
{
    void *task = hedging->task.task;
    hedging->task.task = NULL;
    if (task != NULL)
        hedging->task.drop(task);
}

void hedging_allow(struct exchange *exchange, struct candidate *const candidates[], size_t count,
                   const struct hedge_terms *terms, const struct exchange_task *task)
{
    if (exchange->hedging == NULL) {
        exchange->hedging = calloc(1, sizeof *exchange->hedging);
        check(exchange->hedging != NULL);
        hedge_budget_pay(exchange->env->hedges, exchange->asks.model, terms->extra_ppm);
    }
    struct hedging *hedging = exchange->hedging;
    forget_candidates(hedging); /* of a model before */
    drop_task(hedging);
    hedging->task = *task;
    hedging->terms = *terms;
    for (size_t i = 0; i < count; i++)
        hedging->candidates[i] = candidate_ref(candidates[i]);
    hedging->count = count;
}

void hedging_fini(struct exchange *exchange)
{
    struct hedging *hedging = exchange->hedging;
    if (hedging == NULL)
        return;
    if (hedging->other != NULL)
        hedge_orphan(hedging->other);
    forget_candidates(hedging);
    drop_task(hedging);
    free(hedging);
    exchange->hedging = NULL;
}

/* ---- what the second request tells ---- */

static bool wants_answer(const struct exchange *exchange)
{
    return exchange->state == EXCHANGE_SENT && exchange->hold_open &&
           (exchange->attempt.outcome == ATTEMPT_NONE || exchange->hedging->waits);
}

static void on_asked(struct exchange *exchange)
{
    exchange->hedging->asked = true;
    exchange->attempt_log.hedged = true;
}

static void on_failure(struct exchange *exchange)
{
    bool waits = exchange->hedging->waits;
    exchange->hedging->waits = false;
    if (waits)
        exchange_attempt_told(exchange);
}

/* Its own attempt does not begin any more, if it has not. */
static void stop_start(struct exchange *exchange)
{
    if (exchange->starting == NULL)
        return;
    loop_cancel(exchange->env->loop, &exchange->starter);
    candidate_unref(exchange->starting);
    exchange->starting = NULL;
}

static void on_answer(struct exchange *exchange)
{
    stop_start(exchange);
    exchange->hedging->waits = false;
    exchange->hedging->won = true;
    exchange_enter(exchange, EXCHANGE_ANSWERED);
    exchange_attempt_told(exchange);
}

static void on_freed(struct exchange *exchange)
{
    exchange->hedging->other = NULL;
    exchange_free_if_over(exchange);
}

static const struct hedge_events events = {.wants_answer = wants_answer,
                                           .on_asked = on_asked,
                                           .on_answer = on_answer,
                                           .on_failure = on_failure,
                                           .on_freed = on_freed};

/* ---- when the second request begins ---- */

void hedging_attempt_begins(struct exchange *exchange, const struct candidate *candidate)
{
    struct hedging *hedging = exchange->hedging;
    if (hedging == NULL || hedging->begun)
        return;
    int64_t late_us = health_plain_quantile_us(exchange->env->health, &candidate->health,
                                               hedging->terms.quantile_ppm, health_now_ms());
    hedging->due_us = late_us > 0 ? clock_mono_us() + late_us : 0;
}

/* Another provider, not only another key: a provider that is slow is so for all of our keys, and is
 * the last that should get its requests twice. */
static bool is_elsewhere(const struct exchange *exchange, const struct candidate *candidate)
{
    return strcmp(candidate->terms.provider, attempt_provider(&exchange->attempt)) != 0;
}

/* Whether it would take from the calls that run, or that wait, what a limit has left. */
static bool is_near_limit(const struct exchange *exchange, const struct candidate *candidate)
{
    const struct exchange_env *env = exchange->env;
    struct limit_room room = health_room(env->health, &candidate->health, health_now_ms());
    return !limit_room_takes(&room, limit_wait_tokens(exchange)) ||
           limit_queues_has(env->limit_queues, candidate->health.limit);
}

/* No probe of what is not well, nothing that a provider would keep, and no place in a queue. */
static bool is_fit(const struct exchange *exchange, const struct candidate *candidate)
{
    struct health_view view =
        health_look(exchange->env->health, &candidate->health, health_now_ms());
    return is_elsewhere(exchange, candidate) && view.obstacle == HEALTH_CLEAR &&
           !shadow_keeps(candidate, &exchange->asks) && !is_near_limit(exchange, candidate);
}

/* The place of the next candidate by the call's route; -1: there is none. */
static int find_place(const struct exchange *exchange)
{
    const struct hedging *hedging = exchange->hedging;
    for (size_t i = 0; i < exchange->route.count; i++) {
        size_t place = exchange->route.places[i];
        if (place < hedging->count && (exchange->tried >> place & 1) == 0 &&
            is_fit(exchange, hedging->candidates[place]))
            return (int)place;
    }
    return -1;
}

/* It is not asked again if it fails, nor with another key. */
static void note_tried(struct exchange *exchange, const struct candidate *candidate)
{
    const struct hedging *hedging = exchange->hedging;
    for (size_t i = 0; i < hedging->count; i++) {
        if (hedging->candidates[i]->health.target == candidate->health.target)
            exchange->tried |= 1U << i;
    }
}

static void begin(struct exchange *exchange)
{
    struct exchange_env *env = exchange->env;
    struct hedging *hedging = exchange->hedging;
    int place = find_place(exchange);
    if (place < 0 || env->stopping || env->hedge_count >= LIMIT_HEDGES ||
        !hedge_budget_take(env->hedges, exchange->asks.model)) {
        log_event(
            LOG_DEBUG, "a hedge is left out", LOG_CALL(exchange),
            log_text("reason", place < 0 ? "no other provider may be asked now" : "too many"));
        return;
    }
    struct candidate *candidate = hedging->candidates[place];
    hedging->other = hedge_new(exchange, candidate, &hedging->task, &events);
    if (hedging->other == NULL) {
        hedge_budget_give_back(env->hedges, exchange->asks.model);
        return;
    }
    hedging->task.task = NULL;
    hedging->begun = true;
    note_tried(exchange, candidate);
    hedge_begin(hedging->other);
}

/* Whether its attempt runs and has said nothing yet. */
static bool is_silent(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    return exchange->state == EXCHANGE_SENT && attempt->outcome == ATTEMPT_NONE &&
           attempt->call != NULL && !attempt->sorted;
}

void hedging_tick(struct exchange *exchange, int64_t now_us)
{
    struct hedging *hedging = exchange->hedging;
    if (hedging == NULL || hedging->due_us == 0 || now_us < hedging->due_us)
        return;
    hedging->due_us = 0;
    if (exchange->request != NULL && is_silent(exchange))
        begin(exchange);
}

/* ---- what becomes of it ---- */

bool hedging_waits(struct exchange *exchange)
{
    struct hedging *hedging = exchange->hedging;
    if (hedging == NULL || hedging->other == NULL || !hedge_may_answer(hedging->other) ||
        exchange->attempt.outcome == ATTEMPT_ANSWERED)
        return false;
    hedging->waits = true;
    return true;
}

void hedging_woken(struct exchange *exchange)
{
    if (exchange->hedging->other != NULL)
        hedge_woken(exchange->hedging->other);
}

void hedging_drop_record(struct exchange *exchange)
{
    struct hedging *hedging = exchange->hedging;
    if (hedging != NULL && hedging->other != NULL)
        hedging->other->attempt.record = NULL;
}

struct candidate *hedging_candidate(const struct exchange *exchange, uint64_t target)
{
    const struct hedging *hedging = exchange->hedging;
    for (size_t i = 0; hedging != NULL && i < hedging->count; i++) {
        if (hedging->candidates[i]->health.target == target)
            return hedging->candidates[i];
    }
    return NULL;
}

const char *hedging_word(const struct exchange *exchange)
{
    const struct hedging *hedging = exchange->hedging;
    if (hedging == NULL || !hedging->asked)
        return NULL;
    return hedging->won ? "won" : "lost";
}

bool hedging_is_busy(const struct exchange *exchange)
{
    return exchange->hedging != NULL && exchange->hedging->other != NULL;
}
