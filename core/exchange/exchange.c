#include "exchange/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "exchange/departure.h"
#include "exchange/early_stream.h"
#include "exchange/event_room.h"
#include "exchange/revocation.h"

/* How long a provider may take to end after its last event: its connection is kept. */
enum { TAIL_MS = 2000 };

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

/* Some programs put one before their JSON, which has none (RFC 8259, 8.1). */
static void skip_byte_order_mark(struct buffer *body)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (slice_starts_with(buffer_slice(body), mark))
        buffer_consume(body, sizeof mark - 1);
}

/* Clears from `at` on until a text, and makes that empty. Returns where it ends. */
static char *clear_until(char *at, char *text, size_t text_bytes)
{
    check(at <= text);
    memset(at, 0, (size_t)(text + 1 - at));
    return text + text_bytes;
}

/* All is zero, but what large texts have behind their end, and `call`, which each call sets anew:
 * that is two fifths of it. */
static struct exchange *allocate(void)
{
    struct exchange *exchange = malloc(sizeof *exchange);
    check(exchange != NULL);
    char *models = exchange->key.models;
    char *refusal = exchange->attempt.refusal_message;
    char *failure = exchange->relay.failure_message;
    char *at = clear_until((char *)exchange, models, sizeof exchange->key.models);
    at = clear_until(at, refusal, sizeof exchange->attempt.refusal_message);
    at = clear_until(at, failure, sizeof exchange->relay.failure_message);
    at = clear_until(at, (char *)&exchange->call, sizeof exchange->call);
    memset(at, 0, (size_t)((char *)(exchange + 1) - at));
    return exchange;
}

struct exchange *exchange_new(struct exchange_env *env, struct http_request *request)
{
    struct exchange *exchange = allocate();
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
    skip_byte_order_mark(&exchange->body);
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
           exchange->hold_pending || exchange->hold_open || exchange->settlement_pending ||
           exchange->call_pending || exchange->password_pending || exchange->attempt.call != NULL ||
           idempotency_is_busy(exchange);
}

static void release(struct exchange *exchange)
{
    loop_cancel(exchange->env->loop, &exchange->wakeup);
    loop_cancel(exchange->env->loop, &exchange->reaper);
    unlink_live(exchange);
    departure_fini(exchange);
    attempt_fini(exchange);
    attempt_log_fini(&exchange->attempt_log);
    relay_fini(exchange);
    free(exchange->limits);
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

void exchange_discard(struct exchange *exchange)
{
    exchange_release_task(exchange);
    release(exchange);
}

/* Later in this turn, so that no caller up the stack is left with a dangling exchange. */
void exchange_free_if_over(struct exchange *exchange)
{
    if (!is_busy(exchange))
        loop_defer(exchange->env->loop, &exchange->reaper);
}

/* ---- the end ---- */

/* "Nothing new", which a page that is open asks for once a second, is no news for an operator. */
static enum log_level log_level_of(const struct exchange *exchange)
{
    return exchange->status == 304 ? LOG_DEBUG : LOG_INFO;
}

static void write_log(const struct exchange *exchange)
{
    const struct usage_record *record = &exchange->settlement.record;
    bool replayed = exchange->replay_of.text[0] != '\0';
    log_event_later(
        log_level_of(exchange), "exchange", log_text("request_id", exchange->id.text),
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

bool exchange_was_cut_by_provider(const struct exchange *exchange)
{
    const char *code = exchange->relay.failure_code;
    return exchange->relay.failed && exchange->attempt.outcome == ATTEMPT_ANSWERED &&
           (strncmp(code, "provider_", 9) == 0 || strcmp(code, "timeout") == 0);
}

static void count_in_metrics(const struct exchange *exchange)
{
    if (!exchange->asks_model)
        return;
    live_metrics_count_call(exchange->env->shard, exchange);
    if (exchange_was_cut_by_provider(exchange))
        live_metrics_count_attempt(exchange->env->shard, exchange, true);
}

void exchange_end(struct exchange *exchange)
{
    if (exchange->state == EXCHANGE_ENDED)
        return;
    exchange_void(exchange); /* whatever the task did: no hold stays open */
    exchange->state = EXCHANGE_ENDED;
    exchange->ended_us = clock_mono_us();
    exchange->env->served++;
    rate_limits_release(exchange);
    count_in_metrics(exchange);
    attempt_log_end(exchange);
    write_log(exchange);
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

void exchange_release_task(struct exchange *exchange)
{
    void *task = exchange->task.task;
    exchange->task.task = NULL;
    if (task != NULL)
        exchange->task.drop(task);
}

static void on_client_gone(void *arg)
{
    departure_begin(arg);
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
    if (!answered || early_stream_is_open(exchange))
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
    bool begun = exchange->reply_begun && exchange->state < EXCHANGE_SETTLING;
    if (begun && !early_stream_is_open(exchange)) {
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

static void on_settlement_returned(struct job *job)
{
    struct exchange *exchange =
        (struct exchange *)(void *)((char *)job - offsetof(struct exchange, settlement.job));
    exchange->settlement_pending = false;
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

/* Who answered, or was the last to be asked. */
static void fill_candidate(const struct candidate *candidate, struct usage_record *record)
{
    if (candidate == NULL)
        return;
    copy_slice(record->provider, sizeof record->provider, slice_of(candidate->terms.provider));
    copy_slice(record->provider_model, sizeof record->provider_model,
               slice_of(candidate->terms.model));
    record->prices = candidate->terms.prices;
    record->sold = candidate->terms.sold;
    record->margin_ppm = candidate->terms.margin_ppm;
}

static void fill_record(struct exchange *exchange, struct usage_record *record)
{
    record->exchange_id = exchange->id;
    record->account_id = exchange->key.account_id;
    record->user_id = exchange->key.user_id;
    record->key_id = exchange->key.key_id;
    copy_slice(record->model, sizeof record->model, slice_of(exchange->chat.model));
    copy_slice(record->policy_revision, sizeof record->policy_revision,
               slice_of(exchange->policy_revision));
    copy_slice(record->error_code, sizeof record->error_code, slice_of(exchange->error_code));
    copy_slice(record->finish_reason, sizeof record->finish_reason,
               slice_of(exchange->relay.meter.finish_reason));
    fill_candidate(exchange->attempt.candidate, record);
    record->status = exchange->status;
    record->attempts = exchange->attempts;
    record->streamed = exchange->chat.streamed;
    record->created_ms = exchange->created_ms;
    record->first_byte_us = exchange->first_byte_us;
    record->total_us = clock_mono_us() - exchange->started_us;
}

static void resolve(struct exchange *exchange, bool voided)
{
    struct ledger_settlement *settlement = &exchange->settlement;
    settlement->job =
        (struct job){.reply_queue = exchange->env->queue, .done = on_settlement_returned};
    settlement->held_nusd = stream_budget_held_nusd(exchange);
    settlement->voided = voided;
    fill_record(exchange, &settlement->record);
    exchange->settlement_pending = true;
    ledger_settle(exchange->env->store, settlement);
}

void exchange_settle(struct exchange *exchange)
{
    check(exchange->hold_open && !exchange->settlement_pending);
    charge_fill(exchange, exchange->cut || exchange->relay.failed || exchange->relay.out_of_budget);
    exchange->state = EXCHANGE_SETTLING;
    failpoint_reach(FAILPOINT_AFTER_USAGE);
    if (exchange->idempotency != NULL)
        relay_keep(exchange);
    resolve(exchange, false);
}

void exchange_void(struct exchange *exchange)
{
    if (!exchange->hold_open || exchange->settlement_pending)
        return;
    if (exchange->hold_pending) {
        exchange->void_wanted =
            true; /* only a hold that did become durable is there to be voided */
        return;
    }
    stream_budget_give_back(exchange);
    exchange->settlement.record.source = USAGE_NONE;
    resolve(exchange, true);
}

/* ---- words that lead elsewhere ---- */

/* A fault of our own Lua: no provider is asked for what no money is held for. */
static bool refuse_unheld(struct exchange *exchange, const char *what)
{
    exchange_task_failed(exchange, "internal_error", what);
    return false;
}

bool exchange_attempt(struct exchange *exchange, struct candidate *candidate)
{
    bool held = exchange->hold_open && !exchange->settlement_pending && !exchange->void_wanted;
    if (!held || exchange->state >= EXCHANGE_ANSWERED)
        return refuse_unheld(exchange, "an attempt without an open hold");
    if (departure_is_abandoned(exchange)) {
        exchange_refuse_attempt(exchange);
        return false;
    }
    exchange->state = EXCHANGE_SENT;
    exchange->attempts++;
    attempt_start(exchange, candidate);
    return true;
}

bool exchange_relay(struct exchange *exchange)
{
    bool answered = exchange->attempt.outcome == ATTEMPT_ANSWERED && !exchange->relay.started;
    if (!exchange->hold_open || !answered)
        return refuse_unheld(exchange, "a relay without an open hold or an answer");
    relay_start(exchange);
    return true;
}

static void on_call_returned(struct job *job)
{
    struct exchange *exchange =
        (struct exchange *)(void *)((char *)job - offsetof(struct exchange, call.job));
    exchange->call_pending = false;
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
    check(!exchange->call_pending);
    if (!store_call_init(&exchange->call, operation, args, arg_count, &fault)) {
        exchange_task_failed(exchange, "internal_error", fault.message);
        return false;
    }
    exchange->call_made = true;
    snprintf(exchange->call.actor.name, sizeof exchange->call.actor.name, "%s", actor);
    snprintf(exchange->call.actor.address, sizeof exchange->call.actor.address, "%s",
             exchange->peer_address);
    exchange->call.job.reply_queue = exchange->env->queue;
    exchange->call.job.done = on_call_returned;
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
    exchange->call_pending = true;
    return true;
}

void exchange_lose_hold(struct exchange *exchange)
{
    exchange->hold_open = false;
    stream_budget_give_back(exchange);
    if (exchange->state == EXCHANGE_ENDED)
        return;
    exchange_release_task(exchange);
    attempt_cancel(exchange);
    exchange_refuse_unwritable(exchange);
}

/* ---- time ---- */

static void wake_up(struct exchange *exchange)
{
    exchange->sleeps_until_us = 0;
    exchange_wake(exchange);
}

void exchange_sleep(struct exchange *exchange, int64_t ms)
{
    exchange->sleeps_until_us = clock_mono_us() + ms * 1000;
}

void exchange_tick_all(struct exchange_env *env)
{
    int64_t now_us = clock_mono_us();
    int64_t calls = 0;
    int64_t streams = 0;
    bool revoked = revocation_due(env);
    struct exchange *next;
    for (struct exchange *exchange = env->live; exchange != NULL; exchange = next) {
        next = exchange->next;
        if (exchange->state != EXCHANGE_ENDED) {
            calls += exchange->asks_model;
            streams += exchange->relay.flowing;
            early_stream_tick(exchange, now_us);
            event_room_tick(exchange);
            relay_tick(exchange, now_us);
            attempt_tick(exchange, now_us);
            if (revoked)
                revocation_check(exchange);
            if (exchange->sleeps_until_us > 0 && now_us >= exchange->sleeps_until_us)
                wake_up(exchange);
            departure_tick(exchange, now_us);
        } else if (exchange->attempt.call != NULL && now_us - exchange->ended_us > TAIL_MS * 1000) {
            attempt_cancel(exchange);
            exchange_free_if_over(exchange);
        }
    }
    live_metrics_count_open(env->shard, calls, streams);
}

void exchange_cancel_all(struct exchange_env *env)
{
    struct exchange *next;
    for (struct exchange *exchange = env->live; exchange != NULL; exchange = next) {
        next = exchange->next;
        exchange_release_task(exchange); /* what it waits for may be away still */
        if (departure_cut(exchange))
            continue;
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
