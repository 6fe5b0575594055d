#include "exchange/hedge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "exchange/call_metrics.h"
#include "exchange/candidate.h"
#include "exchange/choice.h"
#include "exchange/exchange_internal.h"
#include "exchange/hedge_budget.h"
#include "exchange/limit_wait.h"
#include "exchange/live_metrics.h"
#include "exchange/own_call.h"
#include "exchange/shadow.h"
#include "exchange/spend_cap.h"
#include "exchange/trace.h"

enum { UNKNOWN_COST = -1 };

#define NOT_ASKED "not_asked"

enum hedge_step { HEDGE_BEGINS, HEDGE_ASKS, HEDGE_ENDS };

/* What its result says, until the store has it. */
struct hedge_result {
    char outcome[24];
    char provider[CANDIDATE_PROVIDER_BYTES]; /* whose attempt it is about */
    char model[CANDIDATE_MODEL_BYTES];
    int64_t cost_nusd; /* UNKNOWN_COST: the provider may have billed it unseen */
    int64_t total_us;
};

struct hedge {
    struct own_call own;       /* first: jobs are cast back */
    struct exchange *original; /* NULL: it is freed */
    const struct hedge_events *events;
    struct id original_id;
    struct candidate *candidate; /* a reference */
    enum hedge_step step;
    bool stopped;
    bool won; /* the original has its answer; it has the original's attempt */
    struct hedge_result result;
};

/* ---- making one ---- */

/* What the original may take, so that the same is asked for. */
static void copy_terms(const struct exchange *original, struct exchange *exchange)
{
    shadow_copy_bounds(original, exchange);
    exchange->budget.output_tokens_max = original->budget.output_tokens_max;
    exchange->hold.amount_nusd = stream_budget_held_nusd(&original->budget);
    exchange->asks = original->asks;
    exchange->asks.kept = NULL;
    exchange->created_ms = original->created_ms;
    memcpy(exchange->policy_revision, original->policy_revision, sizeof exchange->policy_revision);
}

static void end(struct exchange *exchange)
{
    exchange_enter(exchange, EXCHANGE_ENDED);
    exchange->ended_us = clock_mono_us();
    spend_cap_release(exchange);
    exchange_release_health(exchange);
    exchange_release_task(exchange);
    exchange_free_if_over(exchange);
}

static bool may_enter(struct exchange *exchange, const struct candidate *candidate)
{
    struct health *health = exchange->env->health;
    return spend_cap_reserve(exchange, candidate) == HEALTH_CLEAR &&
           health_enter(health, &candidate->health, limit_wait_tokens(exchange), health_now_ms(),
                        &exchange->pass);
}

static void log_loss(const struct exchange *exchange, const char *why);

struct exchange *hedge_new(struct exchange *original, struct candidate *candidate,
                           const struct exchange_task *task, const struct hedge_events *events)
{
    struct hedge *hedge = calloc(1, sizeof *hedge);
    check(hedge != NULL);
    struct exchange *exchange = exchange_new_detached(original->env);
    exchange->env->hedge_count++;
    exchange->hedge = hedge;
    trace_begin_beside(original, exchange);
    hedge->own = (struct own_call){.exchange = exchange, .end = end, .log_loss = log_loss};
    hedge->candidate = candidate_ref(candidate);
    copy_terms(original, exchange);
    if (!may_enter(exchange, candidate)) {
        end(exchange);
        return NULL;
    }
    hedge->original = original;
    hedge->events = events;
    hedge->original_id = original->id;
    exchange_attach_task(exchange, task);
    return exchange;
}

void hedge_fini(struct exchange *exchange)
{
    struct hedge *hedge = exchange->hedge;
    if (hedge == NULL)
        return;
    exchange->env->hedge_count--;
    if (hedge->original != NULL)
        hedge->events->on_freed(hedge->original);
    candidate_unref(hedge->candidate);
    store_call_fini(&hedge->own.call);
    free(hedge);
    exchange->hedge = NULL;
}

void hedge_orphan(struct exchange *exchange)
{
    attempt_fini(&exchange->attempt);
    exchange->hedge->original = NULL;
    exchange->hedge->stopped = true;
}

bool hedge_is_busy(const struct exchange *exchange)
{
    return exchange->hedge != NULL && exchange->hedge->own.pending;
}

bool hedge_may_answer(const struct exchange *exchange)
{
    const struct hedge *hedge = exchange->hedge;
    return hedge->step != HEDGE_ENDS && !hedge->stopped && !hedge->won;
}

const struct id *exchange_told_id(const struct exchange *exchange)
{
    return exchange->hedge != NULL ? &exchange->hedge->original_id : &exchange->id;
}

const struct exchange *hedge_asker(const struct exchange *exchange)
{
    const struct hedge *hedge = exchange->hedge;
    return hedge != NULL && hedge->original != NULL ? hedge->original : exchange;
}

/* ---- the end ---- */

static const char *model_there(const struct attempt *attempt)
{
    return attempt->candidate != NULL ? attempt->candidate->terms.model : "";
}

/* The store cannot be told. */
static void log_loss(const struct exchange *exchange, const char *why)
{
    const struct hedge *hedge = exchange->hedge;
    log_event(LOG_ERROR, "the cost of a hedge could not be written",
              log_text("request_id", hedge->original_id.text),
              log_text("provider", hedge->result.provider),
              log_int("cost_nusd", hedge->result.cost_nusd), log_text("reason", why));
}

static void tell_result(struct exchange *exchange)
{
    struct hedge *hedge = exchange->hedge;
    const struct usage_record *record = &exchange->settlement.record;
    const struct hedge_result *result = &hedge->result;
    const struct store_value args[] = {bind_text(exchange->id.text),
                                       bind_int(hedge->won),
                                       bind_text(result->outcome),
                                       bind_text(usage_source_name(record->source)),
                                       bind_text(exchange->stream.meter.finish_reason),
                                       bind_text(result->provider),
                                       bind_text(result->model),
                                       bind_int(exchange->attempt.status),
                                       bind_int(unit_counts_fresh(&record->counts)),
                                       bind_int(unit_counts_cached(&record->counts)),
                                       bind_int(unit_counts_answer(&record->counts)),
                                       bind_int(result->cost_nusd),
                                       bind_int(result->total_us)};
    own_call_tell(&hedge->own, "hedge.end", args, sizeof args / sizeof args[0]);
}

static void write_log(const struct exchange *exchange)
{
    const struct hedge *hedge = exchange->hedge;
    const struct hedge_result *result = &hedge->result;
    log_event_later(
        LOG_INFO, "hedge", log_text("request_id", hedge->original_id.text),
        log_text("hedge_id", exchange->id.text), log_text("model", exchange->asks.model),
        log_text("hedge", hedge->won ? "won" : "lost"), log_text("left", result->provider),
        log_text("outcome", result->outcome), log_int("status", exchange->attempt.status),
        log_int("cost_nusd", result->cost_nusd), log_int("duration_us", result->total_us),
        log_text("detail", exchange->attempt.detail));
}

/* An answer that came too late is one; a failed attempt has told its own. */
static const char *error_of(const struct exchange *exchange)
{
    return exchange->attempt.outcome == ATTEMPT_ANSWERED ? NULL : "cancelled";
}

/* Nothing more comes of the provider. */
static void finish(struct exchange *exchange, const char *outcome, int64_t cost_nusd)
{
    struct hedge *hedge = exchange->hedge;
    struct hedge_result *result = &hedge->result;
    exchange->hold_open = false;
    hedge->step = HEDGE_ENDS;
    snprintf(result->outcome, sizeof result->outcome, "%s", outcome);
    snprintf(result->provider, sizeof result->provider, "%s", attempt_provider(&exchange->attempt));
    snprintf(result->model, sizeof result->model, "%s", model_there(&exchange->attempt));
    result->cost_nusd = cost_nusd;
    result->total_us = clock_mono_us() - exchange->started_us;
    spend_cap_settle(exchange, cost_nusd > 0 ? cost_nusd : 0);
    call_metrics_count_own(live_metrics_call_shard(exchange->env->shard), CALL_HEDGE, cost_nusd);
    exchange_release_health(exchange);
    if (exchange->state < EXCHANGE_SETTLING)
        exchange_enter(exchange, EXCHANGE_SETTLING);
    attempt_log_write(&exchange->attempt_log, exchange->env->store, &hedge->original_id);
    write_log(exchange);
    trace_end_beside(exchange, error_of(exchange));
    tell_result(exchange);
    if (hedge->original != NULL)
        hedge->events->on_failure(hedge->original);
}

/* What the provider bills for an attempt without a good answer. */
static int64_t cost_of_failure(const struct attempt *attempt)
{
    return attempt_class(attempt) == ATTEMPT_PERHAPS ? UNKNOWN_COST : 0;
}

void hedge_settle(struct exchange *exchange)
{
    exchange_count_cost(exchange, false);
    exchange_tell_answer_end(exchange, false);
    attempt_log_late(&exchange->attempt_log, exchange->number, &exchange->attempt);
    finish(exchange, attempt_outcome_name(ATTEMPT_ANSWERED), exchange->settlement.record.cost_nusd);
}

void hedge_fail(struct exchange *exchange, const char *why)
{
    struct hedge *hedge = exchange->hedge;
    const struct attempt *attempt = &exchange->attempt;
    hedge->stopped = true;
    if (hedge->step != HEDGE_ASKS)
        return; /* its job is away; it ends when that is back */
    bool asked = attempt->outcome == ATTEMPT_ANSWERED || attempt_is_asked(attempt) ||
                 cost_of_failure(attempt) != 0;
    attempt_cancel(&exchange->attempt);
    finish(exchange, why, asked ? UNKNOWN_COST : 0);
}

/* ---- what it does ---- */

/* Of an exchange whose attempt is another one now. */
static void turn_to_attempt(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    attempt_settle_in(attempt, exchange, &exchange->asks);
    exchange->stream.meter.rates = &exchange->rates.output;
    if (attempt->candidate == NULL)
        return;
    exchange->budget.terms = &attempt->candidate->terms;
    exchange->budget.output_tokens_covered = 0; /* by other prices */
    exchange_price_budget(exchange);
}

#define SWAP(type, a, b)                                                                           \
    do {                                                                                           \
        type was = a;                                                                              \
        (a) = b;                                                                                   \
        (b) = was;                                                                                 \
    } while (0)

/* Gives both exchanges each other's attempt, with all that belongs to it. */
static void swap(struct exchange *one, struct exchange *other)
{
    SWAP(struct attempt, one->attempt, other->attempt);
    SWAP(struct stream, one->stream, other->stream);
    SWAP(struct health_pass, one->pass, other->pass);
    SWAP(struct spend_reserve, one->spend, other->spend);
    SWAP(int, one->number, other->number);
    turn_to_attempt(one);
    turn_to_attempt(other);
}

/* The original takes the answer, and the hedge goes on with the original's attempt. */
static void win(struct exchange *exchange)
{
    struct hedge *hedge = exchange->hedge;
    hedge->won = true;
    live_metrics_count_hedge(exchange->env->shard, attempt_provider(&exchange->attempt), true);
    swap(hedge->original, exchange);
    hedge->events->on_answer(hedge->original);
}

/* Its attempt is not to begin any more, or was decided. */
static bool is_decided(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    return attempt->outcome != ATTEMPT_NONE || attempt->call == NULL;
}

void hedge_woken(struct exchange *exchange)
{
    struct hedge *hedge = exchange->hedge;
    const struct attempt *attempt = &exchange->attempt;
    if (hedge->step != HEDGE_ASKS || exchange->stream.started || attempt->outcome == ATTEMPT_NONE)
        return;
    if (attempt->outcome == ATTEMPT_ANSWERED && !hedge->won && hedge->original != NULL &&
        hedge->events->wants_answer(hedge->original)) {
        win(exchange);
        if (!is_decided(exchange))
            return;
    }
    if (attempt->outcome == ATTEMPT_NONE) {
        finish(exchange, NOT_ASKED, 0);
        return;
    }
    if (attempt->outcome != ATTEMPT_ANSWERED) {
        finish(exchange, attempt_outcome_name(attempt->outcome), cost_of_failure(attempt));
        return;
    }
    exchange_enter(exchange, EXCHANGE_ANSWERED);
    (void)exchange_relay(exchange);
}

/* The client waits no longer, or the original has its answer. */
static bool is_needed(const struct hedge *hedge)
{
    return !hedge->stopped && hedge->original != NULL && hedge->original->request != NULL &&
           hedge->events->wants_answer(hedge->original);
}

static void on_begun(struct job *job)
{
    static const struct attempt_wishes once = {.repeats = false};
    struct hedge *hedge = (struct hedge *)(void *)job;
    struct exchange *exchange = hedge->own.exchange;
    hedge->own.pending = false;
    if (!hedge->own.call.ok) {
        log_event(LOG_WARN, "a hedge could not be noted, and is not asked",
                  log_text("request_id", hedge->original_id.text),
                  log_text("reason", hedge->own.call.fault.message));
        hedge_budget_give_back(exchange->env->hedges, exchange->asks.model);
        hedge->step = HEDGE_ENDS;
        if (hedge->original != NULL)
            hedge->events->on_failure(hedge->original);
        end(exchange);
        return;
    }
    exchange_enter(exchange, EXCHANGE_HELD);
    exchange->started_us = clock_mono_us();
    hedge->step = HEDGE_ASKS;
    if (!is_needed(hedge)) {
        hedge_budget_give_back(exchange->env->hedges, exchange->asks.model);
        finish(exchange, NOT_ASKED, 0);
        return;
    }
    exchange->number = ++hedge->original->attempts;
    exchange->hold_open = true;
    live_metrics_count_hedge(exchange->env->shard, hedge->candidate->terms.provider, false);
    hedge->events->on_asked(hedge->original);
    (void)exchange_attempt(exchange, hedge->candidate, &once);
}

void hedge_begin(struct exchange *exchange)
{
    struct hedge *hedge = exchange->hedge;
    const struct candidate_terms *terms = &hedge->candidate->terms;
    exchange_enter(exchange, EXCHANGE_AUTHENTICATED);
    const struct store_value args[] = {bind_text(exchange->id.text),
                                       bind_text(hedge->original_id.text),
                                       bind_text(exchange->asks.model),
                                       bind_text(terms->provider),
                                       bind_text(terms->model),
                                       bind_text(exchange->policy_revision),
                                       bind_int(exchange->hold.amount_nusd),
                                       bind_int(clock_wall_ms())};
    hedge->own.pending = own_call_post(exchange, &hedge->own.call, "hedge.begin", args,
                                       sizeof args / sizeof args[0], on_begun);
    if (hedge->own.pending)
        return;
    hedge->step = HEDGE_ENDS;
    end(exchange);
}

/* The store may not be told for long, while a disk is full: the request's body, which is the
 * original's, and the answer are not kept until then. */
static void let_go(struct exchange *exchange)
{
    struct hedge *hedge = exchange->hedge;
    struct exchange *original = hedge->original;
    if (original == NULL || exchange->attempt.call != NULL)
        return;
    attempt_fini(&exchange->attempt);
    exchange_release_task(exchange); /* it has the original, and the VM of what was translated */
    hedge->original = NULL;
    hedge->events->on_freed(original);
}

void hedge_tick(struct exchange *exchange)
{
    struct hedge *hedge = exchange->hedge;
    if (hedge == NULL || hedge->step != HEDGE_ENDS || exchange->state == EXCHANGE_ENDED)
        return;
    let_go(exchange);
    if (hedge->own.pending)
        return;
    if (clock_mono_us() >= hedge->own.tries.due_us)
        tell_result(exchange);
}

void hedge_stop_all(struct exchange_env *env)
{
    struct exchange *next;
    for (struct exchange *exchange = env->live; exchange != NULL; exchange = next) {
        next = exchange->next;
        if (exchange->hedge != NULL && exchange->state != EXCHANGE_ENDED)
            hedge_fail(exchange, "stopped");
    }
}
