/* The life of an exchange: how it is made, moved, ended and freed, and what it waits for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "exchange/ask.h"
#include "exchange/call_count.h"
#include "exchange/choice.h"
#include "exchange/departure.h"
#include "exchange/download.h"
#include "exchange/early_stream.h"
#include "exchange/estimate.h"
#include "exchange/event_room.h"
#include "exchange/exchange_internal.h"
#include "exchange/form_intake.h"
#include "exchange/hedging.h"
#include "exchange/idempotency.h"
#include "exchange/kept_turns.h"
#include "exchange/limit_wait.h"
#include "exchange/live_metrics.h"
#include "exchange/made_objects.h"
#include "exchange/named_objects.h"
#include "exchange/ours.h"
#include "exchange/password.h"
#include "exchange/raised_alerts.h"
#include "exchange/rate_limits.h"
#include "exchange/relay.h"
#include "exchange/revocation.h"
#include "exchange/sharing.h"
#include "exchange/spend_cap.h"
#include "exchange/trace.h"
#include "exchange/tracer.h"
#include "net/http1/gzip.h"

/* How long a provider may take to close the answer after its last event, so that its connection can
 * be kept. */
enum { TAIL_MS = 2000 };

/* ---- making and freeing ---- */

static void on_client_gone(void *arg);
static void on_client_drained(void *arg);
static void reap(void *arg);

static void call_task(void *arg)
{
    struct exchange *exchange = arg;
    if (exchange->task.task != NULL)
        exchange->task.wake(exchange->task.task);
}

/* Some programs put a byte order mark before their JSON, against RFC 8259, 8.1. */
static void skip_byte_order_mark(struct buffer *body)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (slice_starts_with(buffer_slice(body), mark))
        buffer_consume(body, sizeof mark - 1);
}

void exchange_forget_key(struct exchange *exchange)
{
    free(exchange->key.models);
    exchange->key = (struct caller){.models = NULL};
}

static struct exchange *make(struct exchange_env *env)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    check(exchange != NULL);
    exchange->env = env;
    exchange->created_ms = clock_wall_ms();
    exchange->started_us = clock_mono_us();
    exchange->first_byte_us = -1;
    id_make_at(&exchange->id, "req", exchange->created_ms);
    exchange->wakeup = (struct deferred){.call = call_task, .arg = exchange};
    exchange->reaper = (struct deferred){.call = reap, .arg = exchange};
    stream_init(&exchange->stream);
    exchange->budget = (struct stream_budget){.store = env->store,
                                              .hold = &exchange->hold,
                                              .settlement = &exchange->settlement,
                                              .meter = &exchange->stream.meter,
                                              .limits = &exchange->charge_limits,
                                              .public_url = env->public_url,
                                              .on_extended = spend_cap_follow,
                                              .owner = exchange,
                                              .choices = 1};
    exchange->next = env->live;
    if (exchange->next != NULL)
        exchange->next->previous = exchange;
    env->live = exchange;
    env->live_count++;
    return exchange;
}

struct exchange *exchange_new_detached(struct exchange_env *env)
{
    struct exchange *exchange = make(env);
    exchange->detached = true;
    return exchange;
}

struct exchange *exchange_new(struct exchange_env *env, struct http_request *request)
{
    struct exchange *exchange = make(env);
    exchange->request = request;
    slice_copy(request->head.method_text, exchange->method, sizeof exchange->method);
    slice_copy(request->head.path, exchange->path, sizeof exchange->path);
    apikey_mask(exchange->path); /* some clients put theirs there */
    slice_copy(slice_of(request->peer_address), exchange->peer_address,
               sizeof exchange->peer_address);
    exchange->asks.dialect = exchange_dialect_of(&request->head);
    http_take_body(request, &exchange->body);
    skip_byte_order_mark(&exchange->body);
    request->user = exchange;
    request->on_gone = on_client_gone;
    request->on_drained = on_client_drained;
    if (request->flows)
        form_intake_begin(exchange);
    if (env->traces != NULL)
        trace_begin(exchange);
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
           exchange_is_asking(exchange) || exchange->waiting_hold != NULL ||
           estimate_is_loading(exchange) || idempotency_is_busy(exchange) ||
           named_objects_is_busy(exchange) || kept_turns_is_busy(exchange) ||
           ours_is_busy(exchange) || sharing_is_busy(exchange) || hedging_is_busy(exchange);
}

static void release(struct exchange *exchange)
{
    loop_cancel(exchange->env->loop, &exchange->wakeup);
    loop_cancel(exchange->env->loop, &exchange->reaper);
    if (exchange->starting != NULL)
        loop_cancel(exchange->env->loop, &exchange->starter);
    candidate_unref(exchange->starting);
    unlink_live(exchange);
    departure_fini(exchange);
    hedging_fini(exchange);
    attempt_fini(&exchange->attempt);
    attempt_log_fini(&exchange->attempt_log);
    trace_fini(exchange);
    event_room_leave(exchange);
    stream_fini(&exchange->stream);
    exchange_forget_key(exchange);
    rate_limits_fini(exchange);
    free(exchange->waiting_hold);
    estimate_fini(exchange);
    idempotency_fini(exchange);
    named_objects_fini(exchange);
    kept_turns_fini(exchange);
    made_objects_fini(exchange);
    limit_wait_fini(exchange);
    sharing_fini(exchange);
    ours_fini(exchange);
    exchange_call_fini(exchange);
    exchange_password_fini(exchange);
    exchange_ask_fini(exchange);
    form_intake_fini(exchange);
    gzip_stream_free(exchange->download_packer);
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

/* Later in this turn, so that no caller up the stack has a dangling exchange. */
void exchange_free_if_over(struct exchange *exchange)
{
    if (!is_busy(exchange))
        loop_defer(exchange->env->loop, &exchange->reaper);
}

/* ---- from state to state ---- */

void exchange_enter(struct exchange *exchange, enum exchange_state state)
{
    bool again = exchange->state == EXCHANGE_SENT && state == EXCHANGE_SENT;
    check(state > exchange->state || again);
    exchange->state = state;
}

/* ---- the end ---- */

/* A page that is open asks every second, and the answer 304 is not worth a log line. */
static void write_log(const struct exchange *exchange)
{
    const struct usage_record *record = &exchange->settlement.record;
    const char *hedge = hedging_word(exchange);
    bool replayed = exchange->replay_of.text[0] != '\0';
    enum log_level level = exchange->status == 304 ? LOG_DEBUG : LOG_INFO;
    log_event_later(
        level, "exchange", LOG_CALL(exchange), log_text("method", exchange->method),
        log_text("path", exchange->path), log_int("status", exchange->status),
        log_text("error", exchange->error_code), log_text("peer", exchange->peer_address),
        log_text("key", exchange->key.key_id.text), log_text("model", exchange->asks.model),
        log_text("provider", record->provider), log_int("attempts", exchange->attempts),
        log_text(hedge != NULL ? "hedge" : NULL, hedge),
        log_int("tokens_in", unit_counts_fresh(&record->counts)),
        log_int("tokens_cached", unit_counts_cached(&record->counts)),
        log_int("tokens_out", unit_counts_answer(&record->counts)),
        log_int("charge_nusd", record->charge_nusd),
        log_int("duration_us", exchange->ended_us - exchange->started_us),
        log_int(exchange->waited_ms > 0 ? "waited_ms" : NULL, exchange->waited_ms),
        log_text(replayed ? "replay_of" : NULL, exchange->replay_of.text));
}

bool exchange_was_cut_by_provider(const struct exchange *exchange)
{
    const char *code = stream_failure(&exchange->stream)->code;
    return exchange->stream.failed && exchange->attempt.outcome == ATTEMPT_ANSWERED &&
           (strncmp(code, "provider_", 9) == 0 || strcmp(code, "timeout") == 0);
}

void exchange_note_attempts(struct exchange *exchange)
{
    struct attempt_log *log = &exchange->attempt_log;
    bool cut = exchange_was_cut_by_provider(exchange);
    if (exchange->attempt.outcome == ATTEMPT_ANSWERED)
        attempt_log_answered(log, exchange->number, &exchange->attempt,
                             cut ? stream_failure(&exchange->stream)->code : NULL,
                             sharing_leader(exchange));
    attempt_log_write(log, exchange->env->store, &exchange->id);
}

void exchange_end(struct exchange *exchange)
{
    if (exchange->state == EXCHANGE_ENDED)
        return;
    exchange_void(exchange); /* whatever the task did: no hold stays open */
    exchange_ask_cancel(exchange);
    exchange_enter(exchange, EXCHANGE_ENDED);
    exchange->ended_us = clock_mono_us();
    exchange->env->served++;
    rate_limits_release(exchange);
    limit_wait_fini(exchange);
    exchange_release_health(exchange);
    spend_cap_release(exchange);
    call_count_end(exchange);
    exchange_note_attempts(exchange);
    write_log(exchange);
    trace_end(exchange, sharing_leader(exchange));
    sharing_end(exchange);
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
    if (ours_fail(exchange, code))
        return;
    log_event(LOG_ERROR, "task failed", LOG_CALL(exchange), log_text("code", code),
              log_text("reason", place));
    if (strcmp(code, "policy_error") == 0)
        raised_alerts_of_policy(exchange, place);
    exchange->task.task = NULL;
    attempt_cancel(&exchange->attempt);
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

void exchange_attach_task(struct exchange *exchange, const struct exchange_task *task)
{
    exchange->task = *task;
}

void exchange_note_policy(struct exchange *exchange, const char *revision)
{
    slice_copy(slice_of(revision), exchange->policy_revision, sizeof exchange->policy_revision);
}

void exchange_wake(struct exchange *exchange)
{
    if (exchange->task.task != NULL)
        loop_defer(exchange->env->loop, &exchange->wakeup);
}

/* ---- operations of the store ---- */

struct exchange_call {
    struct store_call call; /* first: jobs are cast back */
    struct exchange *exchange;
};

static void on_call_returned(struct job *job)
{
    struct exchange *exchange = ((struct exchange_call *)(void *)job)->exchange;
    exchange->call_pending = false;
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

void exchange_call_fini(struct exchange *exchange)
{
    if (exchange->call == NULL)
        return;
    store_call_fini(&exchange->call->call);
    free(exchange->call);
    exchange->call = NULL;
}

static bool refuse_call(struct exchange *exchange)
{
    const struct answer_error error = {
        .status = 503,
        .code = "overloaded",
        .message = "Too much is asked of the database just now. Try again soon.",
        .retry_after_ms = 1000};
    exchange_refuse(exchange, &error);
    return false;
}

bool exchange_call(struct exchange *exchange, const char *actor, const char *operation,
                   const struct store_value *args, size_t arg_count)
{
    struct fault fault;
    check(!exchange->call_pending);
    exchange_call_fini(exchange);
    struct exchange_call *made = malloc(sizeof *made);
    check(made != NULL);
    if (!store_call_init(&made->call, operation, args, arg_count, &fault)) {
        free(made);
        exchange_task_failed(exchange, "internal_error", fault.message);
        return false;
    }
    made->exchange = exchange;
    exchange->call = made;
    slice_copy(slice_of(actor), made->call.actor.name, sizeof made->call.actor.name);
    slice_copy(slice_of(exchange->peer_address), made->call.actor.address,
               sizeof made->call.actor.address);
    made->call.job.reply_queue = exchange->env->queue;
    made->call.job.done = on_call_returned;
    if (!store_call_post(exchange->env->store, &made->call)) {
        exchange_call_fini(exchange);
        return refuse_call(exchange);
    }
    exchange->call_pending = true;
    return true;
}

const struct store_call *exchange_call_result(const struct exchange *exchange)
{
    return &exchange->call->call;
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
            streams += exchange->stream.flowing;
            early_stream_tick(exchange, now_us);
            event_room_tick(exchange);
            relay_tick(exchange, now_us);
            exchange_start_tick(exchange);
            limit_wait_tick(exchange);
            attempt_tick(&exchange->attempt,
                         exchange->stream.paused || exchange->stream.lacks_room ||
                             form_intake_starves(exchange),
                         now_us);
            exchange_ask_tick(exchange, now_us);
            ours_tick(exchange, now_us);
            hedging_tick(exchange, now_us);
            if (revoked && !exchange_is_ours(exchange))
                revocation_check(exchange);
            if (exchange->sleeps_until_us > 0 && now_us >= exchange->sleeps_until_us)
                wake_up(exchange);
            departure_tick(exchange, now_us);
        } else if (exchange->attempt.call != NULL && now_us - exchange->ended_us > TAIL_MS * 1000) {
            attempt_cancel(&exchange->attempt);
            exchange_wake(exchange); /* of a task that waits for this: shadow_can_follow */
            exchange_free_if_over(exchange);
        }
    }
    live_metrics_count_open(env->shard, calls, streams);
    if (env->traces != NULL)
        trace_feed_flush(env->traces);
}

void exchange_cancel_all(struct exchange_env *env)
{
    struct exchange *next;
    ours_stop_all(env);
    for (struct exchange *exchange = env->live; exchange != NULL; exchange = next) {
        next = exchange->next;
        if (exchange_is_ours(exchange) && exchange->state != EXCHANGE_ENDED)
            continue;                    /* it was ended above: only the store is waited for */
        exchange_release_task(exchange); /* the job that it waits for may still be away */
        if (departure_cut(exchange))
            continue;
        attempt_cancel(&exchange->attempt);
        if (exchange->state == EXCHANGE_ENDED) {
            exchange_free_if_over(exchange);
        } else if (download_cut(exchange, "shutting_down")) {
            continue;
        } else if (exchange->stream.flowing) {
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
