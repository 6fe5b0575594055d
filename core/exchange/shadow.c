#include "exchange/shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "dialect/answer_kept.h"
#include "exchange/call_metrics.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/live_metrics.h"
#include "exchange/own_call.h"
#include "exchange/provider_headers.h"
#include "exchange/spend_cap.h"

enum { UNKNOWN_COST = -1 };

enum shadow_step { SHADOW_BEGINS, SHADOW_ASKS, SHADOW_ENDS };

/* What its result says, until the store has it. */
struct shadow_result {
    char outcome[24];
    int64_t cost_nusd; /* UNKNOWN_COST: the provider may have billed it unseen */
    int64_t total_us;
};

struct shadow {
    struct own_call own;         /* first: jobs are cast back */
    struct candidate *candidate; /* a reference */
    struct id original;
    int64_t limit_nusd;
    enum shadow_step step;
    bool stopped;
    struct shadow_result result;
};

/* ---- which calls have one ---- */

static bool has_room(const struct exchange_env *env, size_t body_bytes)
{
    return !env->stopping && env->shadow_count < LIMIT_SHADOWS &&
           env->shadow_bytes + body_bytes <= LIMIT_SHADOW_BYTES;
}

static bool was_answered(const struct exchange *original)
{
    return original->settlement.durable && !original->settlement.voided &&
           original->attempt.outcome == ATTEMPT_ANSWERED && !original->stream.failed &&
           !original->stream.out_of_budget && !original->cut && !original->detached &&
           !original->attempt_log.hedged; /* the loser may still use its body */
}

/* What is asked for must be text by text alone: a form is not held whole, pictures and sound are
 * dear, paid features (searches, tools that the provider runs) may act on the world a second time,
 * and what a conversation goes on from is only there for the original. */
bool shadow_is_repeatable(const struct exchange *original)
{
    const struct model_request *asks = &original->asks;
    return original->intake == NULL && asks->boundary.bytes == 0 && !asks->text_answer &&
           asks->media.medium == ANSWERS_TEXT && asks->media.opaque == OPAQUE_NONE &&
           asks->compaction == COMPACTION_NONE && asks->paid.count == 0 &&
           !asks->prompt.names_kept && original->turns == NULL;
}

/* Nothing that nobody asked for is kept at the provider. */
bool shadow_keeps(const struct candidate *candidate, const struct model_request *asks)
{
    return candidate->terms.keeps_responses &&
           candidate_dialect(candidate, asks) == DIALECT_RESPONSES && answer_kept_wanted(asks);
}

/* Asks no provider that is not well, and is no probe of one. */
static bool is_well(const struct exchange_env *env, const struct candidate *candidate)
{
    return health_look(env->health, &candidate->health, health_now_ms()).obstacle == HEALTH_CLEAR;
}

/* Once a minute for each model and reason. */
static void note_left_out(const struct exchange *exchange, const char *why)
{
    int64_t left_out;
    if (alarm_gate_pass(&exchange->env->alarms, why, exchange->asks.model, clock_mono_us() / 1000,
                        &left_out))
        log_event(LOG_INFO, "shadows are left out", log_text("reason", why),
                  log_text("model", exchange->asks.model), log_int("left_out", left_out));
}

static bool leave_out(const struct exchange *exchange, const char *why)
{
    note_left_out(exchange, why);
    return false;
}

static bool may_follow(const struct exchange *original, const struct candidate *candidate)
{
    if (!was_answered(original) || !shadow_is_repeatable(original) ||
        shadow_keeps(candidate, &original->asks))
        return false;
    if (!has_room(original->env, original->body.bytes))
        return leave_out(original, "as many shadows run as may");
    return is_well(original->env, candidate) || leave_out(original, "their provider is not well");
}

void shadow_prepare(struct exchange *original)
{
    if (original->request != NULL && original->kept_head == NULL)
        original->kept_head = provider_headers_keep(&original->request->head);
}

bool shadow_can_follow(const struct exchange *original)
{
    return original->attempt.call == NULL;
}

/* ---- making one ---- */

/* The bounds of the original. The provider is asked for no longer answer than what is held. */
void shadow_copy_bounds(const struct exchange *original, struct exchange *exchange)
{
    const struct stream_budget *from = &original->budget;
    struct stream_budget *budget = &exchange->budget;
    budget->choices = from->choices;
    budget->most = from->most;
    budget->output_tokens_most = from->output_tokens_most;
    budget->output_tokens_asked = from->output_tokens_asked;
    budget->output_tokens_max = from->output_tokens_max;
    if (budget->output_tokens_max <= 0 && original->asks.output_tokens <= 0)
        budget->output_tokens_max = from->output_tokens_most / from->choices;
    exchange->charge_limits = original->charge_limits;
    exchange->charge_limits.beside = &exchange->budget.most;
    exchange->rates = original->rates;
    exchange->never_reasons = original->never_reasons;
}

/* The request's slices are of the body, which moves without its bytes. */
static void move_request(struct exchange *original, struct exchange *exchange)
{
    exchange->body = original->body;
    original->body = (struct buffer){.data = NULL};
    exchange->asks = original->asks;
    exchange->asks.kept = NULL;
    exchange->kept_head = original->kept_head;
    original->kept_head = NULL;
    memcpy(exchange->policy_revision, original->policy_revision, sizeof exchange->policy_revision);
}

static void end(struct exchange *exchange);
static void log_loss(const struct exchange *exchange, const char *why);

struct exchange *shadow_new(struct exchange *original, struct candidate *candidate,
                            int64_t limit_nusd)
{
    struct exchange_env *env = original->env;
    if (!may_follow(original, candidate))
        return NULL;
    struct shadow *shadow = calloc(1, sizeof *shadow);
    check(shadow != NULL);
    struct exchange *exchange = exchange_new_detached(env);
    shadow->own = (struct own_call){.exchange = exchange, .end = end, .log_loss = log_loss};
    shadow->candidate = candidate_ref(candidate);
    shadow->original = original->id;
    shadow->limit_nusd = limit_nusd;
    exchange->shadow = shadow;
    shadow_copy_bounds(original, exchange);
    move_request(original, exchange);
    env->shadow_count++;
    env->shadow_bytes += exchange->body.bytes;
    return exchange;
}

void shadow_fini(struct exchange *exchange)
{
    struct shadow *shadow = exchange->shadow;
    free(exchange->kept_head);
    if (shadow == NULL)
        return;
    exchange->env->shadow_count--;
    exchange->env->shadow_bytes -= exchange->body.bytes;
    candidate_unref(shadow->candidate);
    store_call_fini(&shadow->own.call);
    free(shadow);
    exchange->shadow = NULL;
}

bool shadow_is_busy(const struct exchange *exchange)
{
    return exchange->shadow != NULL && exchange->shadow->own.pending;
}

/* ---- the end ---- */

static void end(struct exchange *exchange)
{
    exchange_enter(exchange, EXCHANGE_ENDED);
    exchange->ended_us = clock_mono_us();
    spend_cap_release(exchange);
    exchange_release_task(exchange);
    exchange_free_if_over(exchange);
}

/* The store cannot be told. */
static void log_loss(const struct exchange *exchange, const char *why)
{
    log_event(LOG_ERROR, "the result of a shadow could not be written",
              log_text("request_id", exchange->id.text),
              log_int("cost_nusd", exchange->shadow->result.cost_nusd), log_text("reason", why));
}

static void tell_result(struct exchange *exchange)
{
    struct shadow *shadow = exchange->shadow;
    const struct usage_record *record = &exchange->settlement.record;
    const struct shadow_result *result = &shadow->result;
    const struct store_value args[] = {bind_text(exchange->id.text),
                                       bind_text(result->outcome),
                                       bind_text(usage_source_name(record->source)),
                                       bind_text(exchange->stream.meter.finish_reason),
                                       bind_text(shadow->candidate->terms.provider),
                                       bind_int(exchange->attempt.status),
                                       bind_int(unit_counts_fresh(&record->counts)),
                                       bind_int(unit_counts_cached(&record->counts)),
                                       bind_int(unit_counts_answer(&record->counts)),
                                       bind_int(result->cost_nusd),
                                       bind_int(exchange->first_byte_us),
                                       bind_int(result->total_us)};
    own_call_tell(&shadow->own, "shadow.end", args, sizeof args / sizeof args[0]);
}

/* Nothing more comes of the provider. */
static void finish(struct exchange *exchange, const char *outcome, int64_t cost_nusd)
{
    struct shadow *shadow = exchange->shadow;
    struct shadow_result *result = &shadow->result;
    exchange->hold_open = false;
    shadow->step = SHADOW_ENDS;
    snprintf(result->outcome, sizeof result->outcome, "%s", outcome);
    result->cost_nusd = cost_nusd;
    result->total_us = clock_mono_us() - exchange->started_us;
    spend_cap_settle(exchange, cost_nusd > 0 ? cost_nusd : 0);
    call_metrics_count_own(live_metrics_call_shard(exchange->env->shard), CALL_SHADOW, cost_nusd);
    if (exchange->state < EXCHANGE_SETTLING)
        exchange_enter(exchange, EXCHANGE_SETTLING);
    log_event_later(
        LOG_INFO, "shadow", log_text("request_id", exchange->id.text),
        log_text("shadow_of", shadow->original.text), log_text("model", exchange->asks.model),
        log_text("provider", shadow->candidate->terms.provider),
        log_text("outcome", result->outcome), log_int("status", exchange->attempt.status),
        log_int("cost_nusd", cost_nusd), log_int("duration_us", result->total_us),
        log_text("detail", exchange->attempt.detail));
    tell_result(exchange);
}

/* Whether the provider may bill a call of which it has told nothing good. */
static bool may_be_billed(const struct attempt *attempt)
{
    return attempt_class(attempt) == ATTEMPT_PERHAPS;
}

void shadow_settle(struct exchange *exchange)
{
    bool cut = exchange->cut || exchange->stream.failed || exchange->stream.out_of_budget;
    exchange_count_cost(exchange, cut);
    finish(exchange, exchange->stream.failed ? "cut" : attempt_outcome_name(ATTEMPT_ANSWERED),
           exchange->settlement.record.cost_nusd);
}

void shadow_fail(struct exchange *exchange, const char *why)
{
    struct shadow *shadow = exchange->shadow;
    shadow->stopped = true;
    if (shadow->step != SHADOW_ASKS)
        return; /* its job is away; it ends when that is back */
    bool asked = exchange->attempt.outcome == ATTEMPT_ANSWERED ||
                 attempt_is_asked(&exchange->attempt) || may_be_billed(&exchange->attempt);
    bool seen = exchange->stream.flowing;
    attempt_cancel(&exchange->attempt);
    if (seen)
        exchange_count_cost(exchange, true);
    finish(exchange, why, seen ? exchange->settlement.record.cost_nusd : asked ? UNKNOWN_COST : 0);
}

/* ---- what it does ---- */

static void on_begun(struct job *job)
{
    struct shadow *shadow = (struct shadow *)(void *)job;
    struct exchange *exchange = shadow->own.exchange;
    shadow->own.pending = false;
    bool held =
        shadow->own.call.ok && slice_equals(buffer_slice(&shadow->own.call.result), SHADOW_HELD);
    if (!held) {
        note_left_out(exchange, shadow->own.call.ok ? "their limit of the day is reached"
                                                    : shadow->own.call.fault.code);
        end(exchange);
        return;
    }
    exchange_enter(exchange, EXCHANGE_HELD);
    exchange->started_us = clock_mono_us();
    shadow->step = SHADOW_ASKS;
    if (shadow->stopped) {
        shadow_fail(exchange, "stopped");
        return;
    }
    exchange->hold_open = true;
    const struct attempt_wishes none = {.repeats = false};
    (void)exchange_attempt(exchange, shadow->candidate, &none);
}

void shadow_begin(struct exchange *exchange)
{
    struct shadow *shadow = exchange->shadow;
    const struct candidate_terms *terms = &shadow->candidate->terms;
    int64_t held_nusd;
    exchange_enter(exchange, EXCHANGE_AUTHENTICATED);
    if (!own_call_worst_nusd(exchange, shadow->candidate, &held_nusd)) {
        end(exchange);
        return;
    }
    exchange->hold.amount_nusd = held_nusd;
    if (spend_cap_reserve(exchange, shadow->candidate) != HEALTH_CLEAR) {
        note_left_out(exchange, "their provider's spend_per_day is reached");
        end(exchange);
        return;
    }
    const struct store_value args[] = {
        bind_text(exchange->id.text),      bind_text(shadow->original.text),
        bind_text(exchange->asks.model),   bind_text(terms->provider),
        bind_text(terms->model),           bind_text(exchange->policy_revision),
        bind_int(exchange->asks.streamed), bind_int(held_nusd),
        bind_int(shadow->limit_nusd),      bind_int(exchange->created_ms)};
    shadow->own.pending = own_call_post(exchange, &shadow->own.call, "shadow.begin", args,
                                        sizeof args / sizeof args[0], on_begun);
    if (shadow->own.pending)
        return;
    note_left_out(exchange, "too much is asked of the database");
    end(exchange);
}

void shadow_wake(struct exchange *exchange)
{
    enum attempt_outcome outcome = exchange->attempt.outcome;
    if (exchange->shadow->step != SHADOW_ASKS || exchange->stream.started ||
        outcome == ATTEMPT_NONE)
        return;
    if (outcome == ATTEMPT_ANSWERED)
        (void)exchange_relay(exchange);
    else
        finish(exchange, attempt_outcome_name(outcome),
               may_be_billed(&exchange->attempt) ? UNKNOWN_COST : 0);
}

void shadow_tick(struct exchange *exchange, int64_t now_us)
{
    struct shadow *shadow = exchange->shadow;
    if (shadow == NULL)
        return;
    if (shadow->step == SHADOW_ENDS && !shadow->own.pending) {
        if (now_us >= shadow->own.tries.due_us)
            tell_result(exchange);
    } else if (shadow->step == SHADOW_ASKS &&
               now_us - exchange->started_us > INT64_C(1000) * LIMIT_SHADOW_MS) {
        shadow_fail(exchange, "timeout");
    }
}

void shadow_stop_all(struct exchange_env *env)
{
    struct exchange *next;
    env->stopping = true;
    for (struct exchange *exchange = env->live; exchange != NULL; exchange = next) {
        next = exchange->next;
        if (exchange->shadow != NULL && exchange->state != EXCHANGE_ENDED)
            shadow_fail(exchange, "stopped");
    }
}
