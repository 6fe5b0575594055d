#include "exchange/departure.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "exchange/early_stream.h"
#include "exchange/exchange_internal.h"
#include "exchange/idempotency.h"
#include "exchange/rate_limits.h"
#include "exchange/relay.h"
#include "exchange/trace.h"

/* The pace of a fast model. An answer that was cancelled unseen is charged by an estimate: the time
 * that the provider had, at this pace. */
enum { UNSEEN_TOKENS_PER_S = 100 };

/* How long a stream is read on without its client if only the counts are missing. */
enum { USAGE_WAIT_MS = 5000 };

#define LEFT_CODE "client_gone"

bool departure_is_abandoned(const struct exchange *exchange)
{
    return exchange->abandoned;
}

void departure_fini(struct exchange *exchange)
{
    if (!exchange->detached || exchange_is_ours(exchange))
        return;
    exchange->env->detached_count--;
    exchange->env->detached_bytes -= exchange->body.bytes;
}

/* Whether the whole answer is here, and only the ledger is waited for. */
static bool is_whole(const struct exchange *exchange)
{
    return !exchange->asks.streamed && !exchange->attempt.opaque &&
           exchange->attempt.outcome == ATTEMPT_ANSWERED;
}

/* Checks the bounds itself: detached calls have no connections that would bound them. */
static bool detach(struct exchange *exchange)
{
    struct exchange_env *env = exchange->env;
    bool full = env->detached_count >= LIMIT_DETACHED ||
                env->detached_bytes + exchange->body.bytes > LIMIT_DETACHED_BYTES;
    if (full && !is_whole(exchange))
        return false;
    env->detached_count++;
    env->detached_bytes += exchange->body.bytes;
    exchange->detached = true;
    log_event(LOG_INFO,
              exchange->abandoned ? "client gone, the call runs on and is charged"
                                  : "client gone, the call runs on for its retry",
              LOG_CALL(exchange));
    relay_drained(exchange); /* no client is left to wait for */
    return true;
}

/* The usage record says that the client left. A retry with an Idempotency-Key gets an answer
 * instead. */
static void mark_abandoned(struct exchange *exchange)
{
    exchange->abandoned = true;
    exchange->status = USAGE_STATUS_ABANDONED;
    snprintf(exchange->error_code, sizeof exchange->error_code, LEFT_CODE);
}

/* Whether the provider works on the call and so may bill it: it has answered, or it has the whole
 * request and has not failed. */
static bool is_asked(const struct exchange *exchange)
{
    if (!exchange->hold_open || exchange->state < EXCHANGE_SENT)
        return false;
    return exchange->attempt.outcome == ATTEMPT_ANSWERED || attempt_is_asked(&exchange->attempt);
}

static enum on_cancel policy_of(const struct exchange *exchange)
{
    return exchange->attempt.candidate->terms.on_cancel;
}

static bool is_silent(const struct exchange *exchange)
{
    return exchange->attempt.outcome == ATTEMPT_NONE;
}

static bool is_free(const struct exchange *exchange)
{
    return is_silent(exchange) && policy_of(exchange) == ON_CANCEL_FREE;
}

/* Whether a stream is complete but for its counts. */
static bool lacks_usage_only(const struct exchange *exchange)
{
    return exchange->stream.flowing && !exchange->stream.done &&
           meter_choices_ended(&exchange->stream.meter) >= exchange->asks.choices;
}

/* Whether the answer goes out while it is generated, so that one can end it in the middle. A
 * picture is generated as a whole, previews or not, and only its last event has the counts. */
static bool flows(const struct exchange *exchange)
{
    bool streamed = exchange->asks.streamed && exchange->asks.media.medium != ANSWERS_PICTURES;
    return streamed || exchange->attempt.opaque;
}

static bool runs_on(const struct exchange *exchange)
{
    if (flows(exchange))
        return policy_of(exchange) == ON_CANCEL_READ || exchange->asks.in_background ||
               lacks_usage_only(exchange);
    return !is_free(exchange);
}

/* Estimates an answer that is not streamed: nothing shows how much of it was generated. */
static int64_t unseen_tokens(const struct exchange *exchange)
{
    if (exchange->asks.streamed || !is_silent(exchange))
        return 0;
    int64_t elapsed_us = clock_mono_us() - exchange->attempt.started_us;
    int64_t tokens = elapsed_us / 1000 * UNSEEN_TOKENS_PER_S / 1000 * exchange->asks.choices;
    int64_t most = exchange->budget.output_tokens_most;
    return tokens < most ? tokens : most;
}

static void charge(struct exchange *exchange)
{
    exchange->cut = true;
    exchange->unseen_tokens = unseen_tokens(exchange);
    if (exchange->hold_pending) {
        exchange->charge_wanted = true;
        return;
    }
    exchange_settle(exchange);
}

void departure_hold_durable(struct exchange *exchange)
{
    exchange->charge_wanted = false;
    if (exchange->hold_open)
        exchange_settle(exchange);
    else
        exchange_end(exchange);
}

static void end_free(struct exchange *exchange)
{
    exchange_void(exchange);
    exchange_end(exchange);
}

/* Ends a call that a retry may ask for. The call is charged, so it must not run again: the retry
 * gets this error. */
static void end_retried(struct exchange *exchange)
{
    static const char message[] = "The client has left, and too many calls run on without theirs; "
                                  "the answer is not complete.";
    if (exchange->stream.flowing) {
        relay_fail(exchange, LEFT_CODE, message);
        return;
    }
    const struct answer_error error = {
        .status = 502, .code = LEFT_CODE, .message = message, .final = true};
    exchange->status = error.status;
    snprintf(exchange->error_code, sizeof exchange->error_code, LEFT_CODE);
    exchange_keep_error(exchange, &error);
    charge(exchange);
}

void departure_begin(struct exchange *exchange)
{
    exchange->request = NULL;
    if (exchange->state == EXCHANGE_SETTLING) {
        exchange_release_task(exchange);
        attempt_cancel(&exchange->attempt);
        return; /* the ledger has it; on_settlement_returned ends the exchange */
    }
    bool asked = is_asked(exchange);
    bool retried = idempotency_outlives_client(exchange);
    if (lacks_usage_only(exchange))
        exchange->usage_due_us = clock_mono_us() + USAGE_WAIT_MS * 1000;
    if (!retried)
        mark_abandoned(exchange);
    if (!retried && asked)
        rate_limits_abandon(exchange);
    if ((retried || (asked && !exchange->body_open && runs_on(exchange))) && detach(exchange))
        return;
    bool free_of_charge = !asked || (!retried && is_free(exchange));
    exchange_release_task(exchange);
    attempt_cancel(&exchange->attempt);
    if (free_of_charge)
        end_free(exchange);
    else if (retried)
        end_retried(exchange);
    else
        charge(exchange);
}

void departure_tick(struct exchange *exchange, int64_t now_us)
{
    if (exchange->usage_due_us == 0 || now_us < exchange->usage_due_us)
        return;
    exchange->usage_due_us = 0;
    (void)departure_cut(exchange);
}

bool departure_cut(struct exchange *exchange)
{
    if (!exchange->detached || !exchange->abandoned || exchange->state >= EXCHANGE_SETTLING)
        return false;
    bool asked = is_asked(exchange);
    attempt_cancel(&exchange->attempt);
    if (asked)
        charge(exchange);
    else
        end_free(exchange);
    return true;
}

void departure_refuse(struct exchange *exchange, const struct answer_error *error)
{
    bool asked = is_asked(exchange);
    exchange_release_task(exchange);
    attempt_cancel(&exchange->attempt);
    if (asked) {
        exchange->status = error->status;
        snprintf(exchange->error_code, sizeof exchange->error_code, "%s", error->code);
        exchange_keep_error(exchange, error);
        (void)early_stream_refuse(exchange, error); /* while it is open: the charge ends that */
        charge(exchange);
    }
    exchange_refuse(exchange, error); /* voids the hold if no provider was asked */
}
