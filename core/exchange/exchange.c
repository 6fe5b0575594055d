#include "exchange/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"

enum {
    CLIENT_GONE = 499, /* nginx's word for it; only in our records */
    TAIL_MS =
        2000 /* how long a provider may take to end after its last event: its connection is kept */
};

/* ---- birth and death ---- */

static void on_client_gone(void *arg);
static void on_client_drained(void *arg);
static void reap(void *arg);

static void call_task(void *arg)
{
    struct exchange *exchange = arg;
    if (exchange->task.task != NULL)
        exchange->task.wake(exchange->task.task);
}

static void copy_slice(char *out, size_t out_bytes, struct slice text)
{
    size_t bytes = text.bytes < out_bytes - 1 ? text.bytes : out_bytes - 1;
    if (bytes > 0)
        memcpy(out, text.data, bytes);
    out[bytes] = '\0';
}

struct exchange *exchange_new(struct exchange_env *env, struct http_request *request)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    check(exchange != NULL);
    exchange->env = env;
    exchange->request = request;
    exchange->created_ms = clock_wall_ms();
    exchange->started_us = clock_mono_us();
    exchange->first_byte_us = -1;
    id_make_at(&exchange->id, "req", exchange->created_ms);
    exchange->wakeup = (struct deferred){.call = call_task, .arg = exchange};
    exchange->reaper = (struct deferred){.call = reap, .arg = exchange};
    copy_slice(exchange->method, sizeof exchange->method, request->head.method_text);
    copy_slice(exchange->path, sizeof exchange->path, request->head.path);
    copy_slice(exchange->peer_address, sizeof exchange->peer_address,
               slice_of(request->peer_address));
    http_take_body(request, &exchange->body);
    request->user = exchange;
    request->on_gone = on_client_gone;
    request->on_drained = on_client_drained;
    relay_init(exchange);
    exchange->next = env->live;
    if (exchange->next != NULL)
        exchange->next->previous = exchange;
    env->live = exchange;
    env->live_count++;
    return exchange;
}

static void unlink_live(struct exchange *exchange)
{
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        exchange->env->live = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
    exchange->env->live_count--;
}

static bool is_busy(const struct exchange *exchange)
{
    return exchange->state != EXCHANGE_ENDED || exchange->task.task != NULL ||
           exchange->hold_away || exchange->hold_open || exchange->settlement_away ||
           exchange->call_away || exchange->password_away || exchange->attempt.call != NULL ||
           idempotency_is_busy(exchange);
}

static void forget_limits(struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->limit_count; i++)
        free(exchange->limits[i].name);
    free(exchange->limits);
    exchange->limits = NULL;
    exchange->limit_count = 0;
}

static void release(struct exchange *exchange)
{
    loop_cancel(exchange->env->loop, &exchange->wakeup);
    loop_cancel(exchange->env->loop, &exchange->reaper);
    unlink_live(exchange);
    if (exchange->detached) {
        exchange->env->detached_count--;
        exchange->env->detached_bytes -= exchange->body.bytes;
    }
    attempt_fini(exchange);
    relay_fini(exchange);
    forget_limits(exchange);
    idempotency_fini(exchange);
    exchange_call_fini(exchange);
    exchange_password_fini(exchange);
    buffer_wipe_fini(&exchange->body);          /* may hold a password */
    buffer_wipe_fini(&exchange->reply_headers); /* may hold a session cookie */
    free(exchange);
}

static void reap(void *arg)
{
    struct exchange *exchange = arg;
    if (!is_busy(exchange))
        release(exchange);
}

static void let_task_go(struct exchange *exchange);

void exchange_discard(struct exchange *exchange)
{
    let_task_go(exchange);
    release(exchange);
}

/* Later in this turn, so that no caller up the stack is left with a dangling exchange. */
void exchange_free_if_over(struct exchange *exchange)
{
    if (!is_busy(exchange))
        loop_defer(exchange->env->loop, &exchange->reaper);
}

/* ---- the end ---- */

static void leave_limits(struct exchange *exchange)
{
    const struct token_counts *tokens = &exchange->settlement.record.tokens;
    int64_t used = tokens->input + tokens->cached_input + tokens->output;
    for (size_t i = 0; i < exchange->limit_count; i++) {
        const struct counted_limit *counted = &exchange->limits[i];
        struct slice name = slice_of(counted->name);
        if (counted->kind == LIMIT_CONCURRENCY)
            limiter_leave(exchange->env->limiter, name);
        else if (counted->kind == LIMIT_TOKENS)
            limiter_adjust(exchange->env->limiter, name, used - counted->amount, counted->window_ms,
                           clock_wall_ms());
        else if (counted->kind == LIMIT_USD)
            limiter_adjust(exchange->env->limiter, name, exchange->settlement.record.charge_nusd,
                           counted->window_ms, clock_wall_ms());
    }
    forget_limits(exchange);
}

static void write_log(const struct exchange *exchange)
{
    const struct usage_record *record = &exchange->settlement.record;
    bool replayed = exchange->replay_of.text[0] != '\0';
    log_event_later(
        LOG_INFO, "exchange", log_text("request_id", exchange->id.text),
        log_text("method", exchange->method), log_text("path", exchange->path),
        log_int("status", exchange->status), log_text("error", exchange->error_code),
        log_text("peer", exchange->peer_address), log_text("key", exchange->key.key_id.text),
        log_text("model", exchange->chat.model), log_text("provider", record->provider),
        log_int("attempts", exchange->attempts), log_int("tokens_in", record->tokens.input),
        log_int("tokens_cached", record->tokens.cached_input),
        log_int("tokens_out", record->tokens.output), log_int("charge_nusd", record->charge_nusd),
        log_int("duration_us", exchange->ended_us - exchange->started_us),
        log_text(replayed ? "replay_of" : NULL, exchange->replay_of.text));
}

/* A stream that broke off, by a fault that is not ours. */
static bool was_cut_by_provider(const struct exchange *exchange)
{
    const char *code = exchange->relay.failure_code;
    return exchange->relay.failed && exchange->attempt.outcome == ATTEMPT_ANSWERED &&
           (strncmp(code, "provider_", 9) == 0 || strcmp(code, "timeout") == 0);
}

static void count_on_board(const struct exchange *exchange)
{
    if (!exchange->asks_model)
        return;
    board_count_call(exchange->env->sheet, exchange);
    if (was_cut_by_provider(exchange))
        board_count_attempt(exchange->env->sheet, exchange, true);
}

void exchange_end(struct exchange *exchange)
{
    if (exchange->state == EXCHANGE_ENDED)
        return;
    exchange_void(exchange); /* whatever the task did: no hold stays open */
    exchange->state = EXCHANGE_ENDED;
    exchange->ended_us = clock_mono_us();
    exchange->env->served++;
    leave_limits(exchange);
    count_on_board(exchange);
    write_log(exchange);
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

static void let_task_go(struct exchange *exchange)
{
    void *task = exchange->task.task;
    exchange->task.task = NULL;
    if (task != NULL)
        exchange->task.drop(task);
}

/* No connection bounds any more how many these are. */
static bool detach(struct exchange *exchange)
{
    struct exchange_env *env = exchange->env;
    if (env->detached_count == LIMIT_DETACHED ||
        env->detached_bytes + exchange->body.bytes > LIMIT_DETACHED_BYTES)
        return false;
    env->detached_count++;
    env->detached_bytes += exchange->body.bytes;
    exchange->detached = true;
    log_event(LOG_INFO, "client gone, the call runs on for its retry",
              log_text("request_id", exchange->id.text));
    relay_drained(exchange); /* nobody is there to be waited for */
    return true;
}

static void on_client_gone(void *arg)
{
    struct exchange *exchange = arg;
    exchange->request = NULL;
    bool wanted = idempotency_outlives_client(exchange);
    if (wanted && detach(exchange))
        return;
    let_task_go(exchange);
    attempt_cancel(exchange);
    if (exchange->state == EXCHANGE_SETTLING) {
        return; /* the ledger has it; on_settlement_home ends it */
    }
    if (wanted && exchange->relay.flowing) { /* paid, so the retry gets what there is of it */
        relay_fail(exchange, "client_gone",
                   "The client has left, and too many calls run on without theirs; the answer is "
                   "not complete.");
        return;
    }
    exchange->status = CLIENT_GONE;
    snprintf(exchange->error_code, sizeof exchange->error_code, "client_gone");
    /* What the provider has generated by now is paid by him who has begun to receive it. */
    if (exchange->relay.flowing && exchange->hold_open)
        exchange_settle(exchange, relay_partial_source(exchange));
    else {
        exchange_void(exchange);
        exchange_end(exchange);
    }
}

static void on_client_drained(void *arg)
{
    relay_drained(arg);
    download_drained(arg);
}

void exchange_task_ended(struct exchange *exchange)
{
    exchange->task.task = NULL;
    if (download_cut(exchange, "internal_error"))
        return;
    bool answered = exchange->reply_begun || exchange->state == EXCHANGE_ENDED ||
                    exchange->state == EXCHANGE_SETTLING;
    if (!answered)
        exchange_task_failed(exchange, "internal_error", "the task ended without an answer");
    exchange_free_if_over(exchange);
}

void exchange_task_failed(struct exchange *exchange, const char *code, const char *place)
{
    log_event(LOG_ERROR, "task failed", log_text("request_id", exchange->id.text),
              log_text("code", code), log_text("reason", place));
    exchange->task.task = NULL;
    attempt_cancel(exchange);
    if (download_cut(exchange, code))
        return;
    if (exchange->reply_begun && exchange->state < EXCHANGE_SETTLING) {
        relay_fail(exchange, code, "The gateway has failed; the answer is not complete.");
        return;
    }
    const struct answer_error error = {
        .status = 500,
        .code = code,
        .message =
            strcmp(code, "policy_error") == 0
                ? "A rule of this gateway has failed; nothing was charged."
                : "The gateway has failed; nothing was charged. The request id helps to find "
                  "out why.",
    };
    exchange_refuse(exchange, &error);
    exchange_free_if_over(exchange);
}

void exchange_wake(struct exchange *exchange)
{
    if (exchange->task.task != NULL)
        loop_defer(exchange->env->loop, &exchange->wakeup);
}

/* ---- resolving the hold ---- */

static void on_settlement_home(struct job *job)
{
    struct exchange *exchange =
        (struct exchange *)(void *)((char *)job - offsetof(struct exchange, settlement.job));
    exchange->settlement_away = false;
    exchange->hold_open = false;
    idempotency_finish(exchange); /* before the client can send the same again */
    if (exchange->state == EXCHANGE_SETTLING) {
        if (exchange->request != NULL)
            relay_settled(exchange);
        else
            exchange_end(exchange);
    }
    exchange_free_if_over(exchange);
}

static void fill_record(struct exchange *exchange, struct usage_record *record)
{
    const struct candidate *candidate = &exchange->attempt.candidate;
    record->exchange_id = exchange->id;
    record->account_id = exchange->key.account_id;
    record->user_id = exchange->key.user_id;
    record->key_id = exchange->key.key_id;
    snprintf(record->model, sizeof record->model, "%s", exchange->chat.model);
    snprintf(record->provider, sizeof record->provider, "%s", candidate->provider);
    snprintf(record->provider_model, sizeof record->provider_model, "%s", candidate->model);
    snprintf(record->policy_revision, sizeof record->policy_revision, "%s",
             exchange->policy_revision);
    snprintf(record->error_code, sizeof record->error_code, "%s", exchange->error_code);
    snprintf(record->finish_reason, sizeof record->finish_reason, "%s",
             exchange->relay.meter.finish_reason);
    record->status = exchange->status;
    record->attempts = exchange->attempts;
    record->streamed = exchange->chat.streamed;
    record->prices = candidate->prices;
    record->margin_ppm = candidate->margin_ppm;
    record->created_ms = exchange->created_ms;
    record->first_byte_us = exchange->first_byte_us;
    record->total_us = clock_mono_us() - exchange->started_us;
}

static void resolve(struct exchange *exchange, bool voided)
{
    struct ledger_settlement *settlement = &exchange->settlement;
    settlement->job = (struct job){.home = exchange->env->inbox, .done = on_settlement_home};
    settlement->held_nusd = funds_held_nusd(exchange);
    settlement->voided = voided;
    fill_record(exchange, &settlement->record);
    exchange->settlement_away = true;
    ledger_settle(exchange->env->store, settlement);
}

void exchange_settle(struct exchange *exchange, enum usage_source source)
{
    check(exchange->hold_open && !exchange->settlement_away);
    struct usage_record *record = &exchange->settlement.record;
    const struct meter *meter = &exchange->relay.meter;
    const struct candidate *candidate = &exchange->attempt.candidate;
    struct meter_price price;
    record->source = source;
    record->tokens = meter->tokens;
    record->reasoning_tokens = meter->reasoning_tokens;
    if (!meter->reported) {
        record->tokens =
            (struct token_counts){.input = meter_estimate(exchange->chat.input_text_bytes),
                                  .output = meter_output_estimate(meter)};
    }
    /* A count that came early, before the answer was cut, knows nothing of what came after it. */
    int64_t seen = meter_output_estimate(meter);
    bool gone = exchange->request == NULL && !exchange->detached;
    bool cut = gone || exchange->relay.failed || exchange->relay.out_of_funds;
    if (cut && record->tokens.output < seen) {
        record->tokens.output = seen;
        record->source = USAGE_PARTIAL;
    }
    meter_price(&candidate->prices, &record->tokens, candidate->margin_ppm,
                funds_held_nusd(exchange), &price);
    /* A provider counts more than we could foresee (its own additions to a prompt): the customer
     * pays that as long as he has it; what he has not is the house's. */
    if (price.overrun_nusd > 0) {
        int64_t more = ledger_extend(exchange->env->store, &exchange->hold, price.overrun_nusd);
        exchange->settlement.extended_nusd += more;
        price.charge_nusd += more;
        price.overrun_nusd -= more;
    }
    record->cost_nusd = price.cost_nusd;
    record->charge_nusd = price.charge_nusd;
    record->overrun_nusd = price.overrun_nusd;
    exchange->state = EXCHANGE_SETTLING;
    failpoint_reach(FAILPOINT_AFTER_USAGE);
    if (exchange->idempotency != NULL)
        relay_keep(exchange);
    resolve(exchange, false);
}

void exchange_void(struct exchange *exchange)
{
    if (!exchange->hold_open || exchange->settlement_away)
        return;
    if (exchange->hold_away) {
        exchange->void_wanted =
            true; /* only a hold that did become durable is there to be voided */
        return;
    }
    funds_give_back(exchange);
    exchange->settlement.record.source = USAGE_NONE;
    resolve(exchange, true);
}

/* ---- words that lead elsewhere ---- */

void exchange_attempt(struct exchange *exchange, const struct candidate *candidate)
{
    exchange->state = EXCHANGE_SENT;
    exchange->attempts++;
    attempt_start(exchange, candidate);
}

void exchange_relay(struct exchange *exchange)
{
    relay_start(exchange);
}

static void on_call_home(struct job *job)
{
    struct exchange *exchange =
        (struct exchange *)(void *)((char *)job - offsetof(struct exchange, call.job));
    exchange->call_away = false;
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

void exchange_call_fini(struct exchange *exchange)
{
    if (exchange->call_made)
        store_call_fini(&exchange->call);
    exchange->call_made = false;
}

bool exchange_call(struct exchange *exchange, const char *actor, const char *operation,
                   const struct store_value *args, size_t arg_count)
{
    struct fault fault;
    check(!exchange->call_away);
    if (!store_call_init(&exchange->call, operation, args, arg_count, &fault)) {
        exchange_task_failed(exchange, "internal_error", fault.message);
        return false;
    }
    exchange->call_made = true;
    snprintf(exchange->call.actor.name, sizeof exchange->call.actor.name, "%s", actor);
    snprintf(exchange->call.actor.address, sizeof exchange->call.actor.address, "%s",
             exchange->peer_address);
    exchange->call.job.home = exchange->env->inbox;
    exchange->call.job.done = on_call_home;
    if (!store_call_post(exchange->env->store, &exchange->call)) {
        exchange_call_fini(exchange);
        const struct answer_error error = {.status = 503,
                                           .code = "overloaded",
                                           .message = "Too much is asked of the database just now. "
                                                      "Try again soon.",
                                           .retry_after_ms = 1000};
        exchange_refuse(exchange, &error);
        return false;
    }
    exchange->call_away = true;
    return true;
}

void exchange_lose_hold(struct exchange *exchange)
{
    exchange->hold_open = false;
    funds_give_back(exchange);
    if (exchange->state == EXCHANGE_ENDED)
        return;
    let_task_go(exchange);
    attempt_cancel(exchange);
    exchange_refuse_unwritable(exchange);
}

/* ---- time ---- */

void exchange_tick_all(struct exchange_env *env)
{
    int64_t now_us = clock_mono_us();
    int64_t calls = 0;
    int64_t streams = 0;
    struct exchange *next;
    for (struct exchange *exchange = env->live; exchange != NULL; exchange = next) {
        next = exchange->next;
        if (exchange->state != EXCHANGE_ENDED) {
            calls += exchange->asks_model;
            streams += exchange->relay.flowing;
            relay_tick(exchange, now_us);
            attempt_tick(exchange, now_us);
        } else if (exchange->attempt.call != NULL && now_us - exchange->ended_us > TAIL_MS * 1000) {
            attempt_cancel(exchange);
            exchange_free_if_over(exchange);
        }
    }
    board_count_open(env->sheet, calls, streams);
}

void exchange_cancel_all(struct exchange_env *env)
{
    struct exchange *next;
    for (struct exchange *exchange = env->live; exchange != NULL; exchange = next) {
        next = exchange->next;
        let_task_go(exchange); /* what it waits for may be away still */
        attempt_cancel(exchange);
        if (exchange->state == EXCHANGE_ENDED) {
            exchange_free_if_over(exchange);
        } else if (download_cut(exchange, "shutting_down")) {
            continue;
        } else if (exchange->relay.flowing) {
            relay_fail(exchange, "shutting_down",
                       "The gateway is stopping; the answer is not complete.");
        } else if (exchange->state != EXCHANGE_SETTLING) {
            const struct answer_error error = {.status = 503,
                                               .code = "shutting_down",
                                               .message = "The gateway is stopping. Try again.",
                                               .retry_after_ms = 1000};
            exchange_refuse(exchange, &error);
        }
    }
}
