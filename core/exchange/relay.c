#include "exchange/relay.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "dialect/cost_edits.h"
#include "exchange/early_stream.h"
#include "exchange/event_room.h"
#include "exchange/events.h"
#include "exchange/exchange.h"
#include "exchange/stream_end.h"

enum { OUT_BYTES_MAX = 2 * LIMIT_ORDINARY_EVENT_BYTES }; /* event_room.c allows more */

#define PLAIN_TYPE "application/json"

void relay_init(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    line_ends_init(&relay->line_ends);
    sse_init(&relay->sse);
    event_template_init(&relay->event_template);
    buffer_init(&relay->out, OUT_BYTES_MAX);
    buffer_init(&relay->held_event, LIMIT_EDITED_EVENT_BYTES);
    buffer_init(&relay->last_event, LIMIT_EDITED_EVENT_BYTES);
    buffer_init(&relay->joined, LIMIT_EVENT_BYTES);
    buffer_init(&relay->chunk_head, LIMIT_EVENT_BYTES);
}

void relay_fini(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    event_room_leave(exchange);
    line_ends_fini(&relay->line_ends);
    sse_fini(&relay->sse);
    event_template_fini(&relay->event_template);
    buffer_fini(&relay->out);
    buffer_fini(&relay->held_event);
    buffer_fini(&relay->last_event);
    buffer_fini(&relay->joined);
    buffer_fini(&relay->chunk_head);
}

void relay_reset(struct exchange *exchange)
{
    int64_t written_us = exchange->relay.written_us;
    relay_fini(exchange);
    memset(&exchange->relay, 0, sizeof exchange->relay);
    relay_init(exchange);
    exchange->relay.written_us = written_us;
    exchange->relay.meter.rates = &exchange->rates.output;
}

/* ---- to the client ---- */

/* Writes what is ready, when the head is out. A client that does not take it stops the provider. */
static void flush(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    size_t waiting = relay->out.bytes;
    bool wanted = exchange->request != NULL || exchange->detached;
    if (relay->flowing && wanted && relay->out.bytes > 0) {
        struct slice bytes = buffer_slice(&relay->out);
        idempotency_copy(exchange, bytes);
        waiting = exchange->detached ? 0 : http_reply_write(exchange->request, bytes);
        buffer_reset(&relay->out);
        relay->written_us = clock_mono_us();
    }
    if (exchange->detached && relay->flowing)
        relay_drained(exchange); /* it was paused before it could flow */
    bool answered = exchange->attempt.outcome == ATTEMPT_ANSWERED; /* else all is held back */
    if (waiting >= LIMIT_OUTPUT_BYTES && answered && exchange->attempt.call != NULL &&
        !relay->paused) {
        relay->paused = true;
        upstream_pause(exchange->attempt.call);
    }
}

void relay_drained(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    if (!relay->paused)
        return;
    relay->paused = false;
    event_room_look(exchange);
    exchange->attempt.heard_us = clock_mono_us(); /* the silence was ours */
    if (exchange->attempt.call != NULL && !relay->lacks_room)
        upstream_resume(exchange->attempt.call);
}

/* ---- settling ---- */

static void settle(struct exchange *exchange)
{
    const struct relay *relay = &exchange->relay;
    if (exchange->state >= EXCHANGE_SETTLING || !exchange->hold_open)
        return;
    if (relay->failed)
        snprintf(exchange->error_code, sizeof exchange->error_code, "%s", relay->failure_code);
    if (relay->out_of_budget && !exchange->budget.limit_reached)
        snprintf(exchange->error_code, sizeof exchange->error_code, "%s",
                 stream_budget_reason(exchange));
    if (exchange->status == 0)
        exchange->status = 200;
    exchange_settle(exchange);
}

static void end_stream(struct exchange *exchange)
{
    struct buffer *out = &exchange->relay.out;
    stream_end_append(exchange, out);
    idempotency_copy(exchange, buffer_slice(out));
    struct http_request *request = exchange->request;
    exchange->request = NULL;
    http_reply_end(request, buffer_slice(out));
    exchange_end(exchange);
}

/* A plain answer with its cost, and with the reason if money has made it short; `priced`
 * (initialised here) owns it where there is a place for either. */
static struct slice price_body(const struct exchange *exchange, struct buffer *priced)
{
    struct slice body = buffer_slice(&exchange->attempt.body);
    struct json_edit edits[1 + COST_EDITS_MAX];
    size_t count = 0;
    char number[COST_NUMBER_BYTES];
    const struct completion *completion = &exchange->attempt.completion;
    struct buffer reason;
    buffer_init(priced, LIMIT_UPSTREAM_BODY_BYTES + 8192);
    buffer_init(&reason, 4096);
    if (stream_budget_ended_choice(exchange, &(struct meter){0}) &&
        stream_budget_explain(exchange, body, &completion->root, &reason, &edits[0]))
        count = 1;
    if (completion->usage.type == JSON_OBJECT)
        count += cost_edits(body, &completion->usage, exchange->settlement.record.charge_nusd,
                            number, edits + count);
    if (count > 0 && json_apply_edits(body, edits, count, priced))
        body = buffer_slice(priced);
    buffer_fini(&reason);
    return body;
}

static void reply_plain(struct exchange *exchange)
{
    struct buffer priced;
    char cost[MONEY_TEXT_BYTES];
    struct slice body = price_body(exchange, &priced);
    exchange_header(exchange, "x-llm-cost",
                    money_format(exchange->settlement.record.charge_nusd, cost));
    exchange_reply(exchange, 200, PLAIN_TYPE, body);
    buffer_fini(&priced);
}

/* The rest of what the client will get after the settlement, into the copy that it writes. */
void relay_keep(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    struct buffer rest;
    if (exchange->settlement.kept != NULL)
        return; /* an error instead */
    if (relay->flowing) {
        buffer_init(&rest, 2 * LIMIT_EVENT_BYTES);
        stream_end_append(exchange, &rest);
        idempotency_copy(exchange, buffer_slice(&relay->out));
        idempotency_copy(exchange, buffer_slice(&rest));
        idempotency_keep(exchange, RELAY_STREAM_TYPE, -1);
    } else {
        idempotency_copy(exchange, price_body(exchange, &rest));
        idempotency_keep(exchange, PLAIN_TYPE, exchange->settlement.record.charge_nusd);
    }
    buffer_fini(&rest);
}

/* Never a free answer: what could not be written is not given. */
static void refuse_unsettled(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    if (relay->flowing) {
        relay->failed = relay->unwritten = true;
        snprintf(relay->failure_code, sizeof relay->failure_code, "ledger_unavailable");
        snprintf(relay->failure_message, sizeof relay->failure_message,
                 "The gateway cannot write its ledger; the answer is not complete.");
        end_stream(exchange);
        return;
    }
    exchange_refuse_unwritable(exchange);
}

void relay_settled(struct exchange *exchange)
{
    failpoint_reach(FAILPOINT_BEFORE_LAST_BYTE);
    if (!exchange->settlement.durable)
        refuse_unsettled(exchange);
    else if (exchange->relay.flowing)
        end_stream(exchange);
    else
        reply_plain(exchange);
}

/* ---- from the provider ---- */

/* What stands in `out` may end in half an event. */
static void fail_for_memory(struct exchange *exchange)
{
    buffer_reset(&exchange->relay.out);
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        attempt_decide(exchange, ATTEMPT_GARBLED, "the gateway has no memory left for an event");
    else
        relay_fail(exchange, "internal_error",
                   "The gateway has no memory left for this answer; it is not complete.");
}

void relay_feed(struct exchange *exchange, struct slice data)
{
    struct relay *relay = &exchange->relay;
    if (relay->done || relay->failed)
        return;
    if (sse_is_between_events(&relay->sse) && line_ends_are_kept(&relay->line_ends))
        events_take_matching(exchange, &data);
    bool fed = data.bytes == 0 || (line_ends_take(&relay->line_ends, data, &data) &&
                                   sse_feed(&relay->sse, data, events_take, exchange));
    if (relay->out.failed) {
        fail_for_memory(exchange);
        return;
    }
    if (!fed) {
        if (exchange->attempt.outcome == ATTEMPT_NONE)
            attempt_decide(exchange, ATTEMPT_GARBLED,
                           "an event of the stream is larger than 32 MB");
        else
            relay_provider_failed(exchange, "provider_unavailable",
                                  "The model's provider sent an event larger than 32 MB; the "
                                  "answer is not complete.");
        return;
    }
    flush(exchange);
    event_room_look(exchange);
    if (relay->done && relay->flowing)
        settle(exchange);
}

void relay_fail(struct exchange *exchange, const char *code, const char *message)
{
    struct relay *relay = &exchange->relay;
    if (relay->failed || exchange->state >= EXCHANGE_SETTLING)
        return;
    relay->failed = true;
    snprintf(relay->failure_code, sizeof relay->failure_code, "%s", code);
    snprintf(relay->failure_message, sizeof relay->failure_message, "%s", message);
    log_event(LOG_WARN, "a stream was cut", log_text("request_id", exchange->id.text),
              log_text("provider", attempt_provider(&exchange->attempt)), log_text("code", code),
              log_text("reason", message));
    attempt_cancel(exchange);
    relay->upstream_ended = true;
    if (relay->flowing)
        settle(exchange);
}

void relay_provider_failed(struct exchange *exchange, const char *code, const char *message)
{
    struct relay *relay = &exchange->relay;
    if (relay->failed || relay->done)
        return;
    if (meter_choices_ended(&relay->meter) < exchange->chat.choices) {
        relay_fail(exchange, code, message);
        return;
    }
    relay->done = relay->upstream_ended = true;
    attempt_cancel(exchange);
    if (relay->flowing)
        settle(exchange);
}

/* ---- begin and end ---- */

/* A stream that ended without [DONE]: whole if the model had said why it stopped. */
static void judge_end(struct exchange *exchange, enum upstream_end end, const char *detail)
{
    struct relay *relay = &exchange->relay;
    bool clean = end == UPSTREAM_COMPLETE && meter_choices_ended(&relay->meter) > 0;
    if (relay->done || relay->failed || clean)
        return;
    log_event(LOG_WARN, "the provider cut a stream", log_text("request_id", exchange->id.text),
              log_text("detail", detail));
    char message[sizeof exchange->attempt.detail + 32];
    snprintf(message, sizeof message, "%s The answer is not complete.", detail);
    if (end == UPSTREAM_TIMED_OUT)
        relay_provider_failed(exchange, "timeout", message);
    else
        relay_provider_failed(exchange, "provider_unavailable",
                              "The model's provider broke off; the answer is not complete.");
}

/* What came behind the last whole event. */
static void take_rest(struct exchange *exchange)
{
    struct slice rest = sse_rest(&exchange->relay.sse);
    if (rest.bytes > 0)
        events_take(rest, exchange);
}

void relay_upstream_ended(struct exchange *exchange, enum upstream_end end, const char *detail)
{
    struct relay *relay = &exchange->relay;
    if (relay->upstream_ended)
        return;
    if (exchange->attempt.event_stream && end == UPSTREAM_COMPLETE)
        take_rest(exchange);
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        return;
    relay->upstream_ended = true;
    if (exchange->attempt.outcome != ATTEMPT_ANSWERED)
        return;
    if (exchange->attempt.event_stream) {
        judge_end(exchange, end, detail);
        flush(exchange);
        if (relay->flowing)
            settle(exchange);
    }
}

static void begin(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    if (!exchange->attempt.event_stream) {
        const struct completion *completion = &exchange->attempt.completion;
        if (!meter_read_usage(&relay->meter, &completion->usage))
            (void)meter_find_usage(&relay->meter, &completion->root);
        settle(exchange);
        return;
    }
    exchange->state = EXCHANGE_STREAMING;
    relay->flowing = true;
    if (!exchange->reply_begun)
        exchange_begin_stream(exchange, RELAY_STREAM_TYPE);
    flush(exchange);
    if (relay->done || relay->upstream_ended)
        settle(exchange);
}

void relay_start(struct exchange *exchange)
{
    exchange->relay.started = true;
    if (!exchange->hold_pending)
        begin(exchange);
}

void relay_hold_decided(struct exchange *exchange)
{
    if (exchange->relay.started && exchange->state == EXCHANGE_ANSWERED)
        begin(exchange);
    exchange_free_if_over(exchange);
}

void relay_keep_alive(struct exchange *exchange, int64_t now_us)
{
    /* Without an empty line: behind one, many clients expect data. */
    static const char comment[] = ": keep-alive\n";
    exchange->relay.written_us = now_us;
    http_reply_write(exchange->request, (struct slice){comment, sizeof comment - 1});
}

void relay_tick(struct exchange *exchange, int64_t now_us)
{
    const struct relay *relay = &exchange->relay;
    bool begun = relay->flowing || early_stream_is_open(exchange);
    if (!begun || exchange->request == NULL || relay->paused)
        return;
    if (now_us - relay->written_us >= exchange->env->keepalive_comment_ms * 1000)
        relay_keep_alive(exchange, now_us);
}
