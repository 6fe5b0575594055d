#include "exchange/relay.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/json.h"
#include "base/log.h"
#include "exchange/exchange.h"
#include "exchange/final_chunk.h"

enum {
    OUT_BYTES_MAX = 2 * LIMIT_EVENT_BYTES,
    EDITED_EVENT_BYTES_MAX = LIMIT_EVENT_BYTES + 8192 /* with our reason and cost in it */
};

#define PLAIN_TYPE "application/json"
#define STREAM_TYPE "text/event-stream; charset=utf-8"

void relay_init(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    sse_init(&relay->sse);
    alike_init(&relay->alike);
    buffer_init(&relay->out, OUT_BYTES_MAX);
    buffer_init(&relay->held_event, EDITED_EVENT_BYTES_MAX);
    buffer_init(&relay->last_event, EDITED_EVENT_BYTES_MAX);
    buffer_init(&relay->joined, LIMIT_EVENT_BYTES);
    buffer_init(&relay->chunk_head, LIMIT_EVENT_BYTES);
}

void relay_fini(struct exchange *exchange)
{
    struct relay *relay = &exchange->relay;
    sse_fini(&relay->sse);
    alike_fini(&relay->alike);
    buffer_fini(&relay->out);
    buffer_fini(&relay->held_event);
    buffer_fini(&relay->last_event);
    buffer_fini(&relay->joined);
    buffer_fini(&relay->chunk_head);
}

void relay_reset(struct exchange *exchange)
{
    relay_fini(exchange);
    memset(&exchange->relay, 0, sizeof exchange->relay);
    relay_init(exchange);
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
    if (waiting >= LIMIT_OUTPUT_BYTES && exchange->attempt.call != NULL && !relay->paused) {
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
    exchange->attempt.heard_us = clock_mono_us(); /* the silence was ours */
    if (exchange->attempt.call != NULL)
        upstream_resume(exchange->attempt.call);
}

/* ---- settling ---- */

enum usage_source relay_partial_source(const struct exchange *exchange)
{
    return exchange->relay.meter.reported ? USAGE_REPORTED : USAGE_PARTIAL;
}

static void settle(struct exchange *exchange)
{
    const struct relay *relay = &exchange->relay;
    if (exchange->state >= EXCHANGE_SETTLING || !exchange->hold_open)
        return;
    enum usage_source source = USAGE_REPORTED;
    if (!relay->meter.reported)
        source = relay->failed || relay->out_of_funds ? USAGE_PARTIAL : USAGE_ESTIMATED;
    if (relay->failed)
        snprintf(exchange->error_code, sizeof exchange->error_code, "%s", relay->failure_code);
    if (relay->out_of_funds)
        snprintf(exchange->error_code, sizeof exchange->error_code, "%s", funds_reason(exchange));
    if (exchange->status == 0)
        exchange->status = 200;
    exchange_settle(exchange, source);
}

/* What a stream ends with, once its charge is known. */
static void append_end(struct exchange *exchange, struct buffer *out)
{
    const struct relay *relay = &exchange->relay;
    final_chunk_priced(exchange, out);
    if (relay->failed) {
        final_chunk_error(exchange, out);
    } else if (relay->out_of_funds) {
        final_chunk_out_of_funds(exchange, out);
        if (exchange->chat.usage_asked)
            final_chunk_usage(exchange, out);
    }
    if (relay->last_event.bytes > 0 && !relay->failed)
        buffer_append_slice(out, buffer_slice(&relay->last_event));
    else /* ours; or the provider forgot it, but the model had said why it stopped: it is true */
        buffer_append_text(out, "data: [DONE]\n\n");
}

static void end_stream(struct exchange *exchange)
{
    struct buffer *out = &exchange->relay.out;
    append_end(exchange, out);
    idempotency_copy(exchange, buffer_slice(out));
    struct http_request *request = exchange->request;
    exchange->request = NULL;
    http_reply_end(request, buffer_slice(out));
    exchange_end(exchange);
}

/* A choice has ended because the provider was asked for no more than the money. */
static bool ended_by_cap(const struct exchange *exchange, const struct meter *before)
{
    const struct meter *meter = &exchange->relay.meter;
    return exchange->funds.capped && strcmp(meter->finish_reason, "length") == 0 &&
           memcmp(meter->finished_choices, before->finished_choices,
                  sizeof before->finished_choices) != 0;
}

/* A plain answer with its cost, and with the reason if money has made it short; `priced`
 * (initialised here) owns it where there is a place for either. */
static struct slice price_body(const struct exchange *exchange, struct buffer *priced)
{
    struct slice body = buffer_slice(&exchange->attempt.body);
    struct json_edit edits[1 + METER_EDITS_MAX];
    size_t count = 0;
    char number[METER_NUMBER_BYTES];
    const struct completion *completion = &exchange->attempt.completion;
    struct buffer reason;
    buffer_init(priced, LIMIT_UPSTREAM_BODY_BYTES + 8192);
    buffer_init(&reason, 4096);
    if (ended_by_cap(exchange, &(struct meter){0}) &&
        funds_explain(exchange, body, &completion->root, &reason, &edits[0]))
        count = 1;
    if (completion->usage.type == JSON_OBJECT)
        count += meter_cost_edits(body, &completion->usage, exchange->settlement.record.charge_nusd,
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
    if (relay->flowing) {
        buffer_init(&rest, OUT_BYTES_MAX);
        append_end(exchange, &rest);
        idempotency_copy(exchange, buffer_slice(&relay->out));
        idempotency_copy(exchange, buffer_slice(&rest));
        idempotency_keep(exchange, STREAM_TYPE, -1);
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
        relay->failed = true;
        buffer_reset(&relay->held_event);
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

/* ---- events ---- */

/* Takes one member out of an event's usage. False: it is not there, or cannot be taken out. */
static bool remove_of_usage(struct slice event, const char *name, struct buffer *out)
{
    struct json_value root;
    struct json_value usage;
    struct json_value value;
    struct fault fault;
    struct slice data = sse_data(event, NULL);
    if (!json_parse(data, LIMIT_JSON_DEPTH, &root, &fault) ||
        json_find(&root, "usage", &usage) != 1 || json_find(&usage, name, &value) != 1)
        return false;
    struct json_edit removal = json_removal(event, &usage, name);
    return json_apply_edits(event, &removal, 1, out);
}

/* The held event was not the last with usage: it goes out without a cost, for ours is not known
 * yet, and the provider's is nobody's business. */
static void release_held(struct relay *relay)
{
    static const char *const names[] = {"cost", "cost_details"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct buffer cut;
        buffer_init(&cut, EDITED_EVENT_BYTES_MAX);
        if (remove_of_usage(buffer_slice(&relay->held_event), names[i], &cut)) {
            buffer_fini(&relay->held_event);
            relay->held_event = cut;
        } else {
            buffer_fini(&cut);
        }
    }
    buffer_append_slice(&relay->out, buffer_slice(&relay->held_event));
    buffer_reset(&relay->held_event);
}

static void append_event(struct relay *relay, struct slice event)
{
    if (relay->held_event.bytes > 0)
        release_held(relay);
    buffer_append_slice(&relay->out, event);
}

static void append_without_usage(struct relay *relay, struct slice event,
                                 const struct json_value *root)
{
    struct json_edit removal = json_removal(event, root, "usage");
    struct buffer cut;
    buffer_init(&cut, EDITED_EVENT_BYTES_MAX);
    if (json_apply_edits(event, &removal, 1, &cut))
        append_event(relay, buffer_slice(&cut));
    buffer_fini(&cut);
}

static bool has_choices(const struct completion *chunk)
{
    struct json_item first;
    if (chunk->choices.type != JSON_ARRAY)
        return false;
    struct json_walk walk = json_walk(&chunk->choices);
    return json_next(&walk, &first);
}

/* An event that says something of usage: to the meter, and to the client as far as he has asked
 * for it. */
static void take_usage(struct exchange *exchange, struct slice event,
                       const struct completion *chunk)
{
    struct relay *relay = &exchange->relay;
    bool counts = meter_read_usage(&relay->meter, &chunk->usage);
    if (exchange->chat.usage_asked) {
        if (chunk->usage.type != JSON_OBJECT) {
            append_event(relay, event);
            return;
        }
        append_event(relay, (struct slice){0});
        buffer_append_slice(&relay->held_event, event);
        return;
    }
    if (counts && !has_choices(chunk))
        return;
    append_without_usage(relay, event, &chunk->root);
}

static void fail_in_stream(struct exchange *exchange, enum attempt_outcome outcome)
{
    if (outcome == ATTEMPT_OVERLOADED)
        relay_fail(exchange, "provider_overloaded",
                   "The model's provider became overloaded; the answer is not complete.");
    else
        relay_fail(exchange, "provider_unavailable",
                   "The model's provider reported an error; the answer is not complete.");
}

/* The first event decides whether the provider has answered. */
static void take_error(struct exchange *exchange, struct slice data)
{
    enum attempt_outcome outcome = attempt_classify(&exchange->attempt, 500, data);
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        attempt_decide(exchange, outcome, "the stream began with an error");
    else
        fail_in_stream(exchange, outcome);
}

static void refuse_event(struct exchange *exchange, const char *detail)
{
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        attempt_decide(exchange, ATTEMPT_GARBLED, detail);
    else
        relay_fail(exchange, "provider_unavailable",
                   "The model's provider sent something that is no answer; it is not complete.");
}

static void on_event(struct slice event, void *arg);

/* An event that may be edited, whose JSON stands on several data lines: taken as if it stood on
 * one. (A line break in JSON is white space, never part of a string.) */
static void take_joined(struct exchange *exchange, struct slice data)
{
    struct buffer event;
    buffer_init(&event, LIMIT_EVENT_BYTES + 16);
    buffer_append_text(&event, "data: ");
    buffer_append_slice(&event, data);
    for (size_t i = 0; i < event.bytes; i++) {
        if (event.data[i] == '\n' || event.data[i] == '\r')
            event.data[i] = ' ';
    }
    buffer_append_text(&event, "\n\n");
    if (!event.failed)
        on_event(buffer_slice(&event), exchange);
    buffer_fini(&event);
}

/* The text of `chunk` cannot be paid any more: it and what would follow is neither charged nor
 * given. */
static void end_for_funds(struct exchange *exchange, const struct json_value *chunk)
{
    struct relay *relay = &exchange->relay;
    log_event(LOG_INFO, "the money for a stream has ended",
              log_text("request_id", exchange->id.text), log_text("code", funds_reason(exchange)));
    if (relay->held_event.bytes > 0)
        release_held(relay);
    final_chunk_head(chunk, &relay->chunk_head);
    snprintf(relay->meter.finish_reason, sizeof relay->meter.finish_reason, "length");
    relay->out_of_funds = relay->done = relay->upstream_ended = true;
    attempt_cancel(exchange);
    attempt_decide(exchange, ATTEMPT_ANSWERED, "");
}

/* Takes an event again, with the reason for its end in it. */
static void take_explained(struct exchange *exchange, struct slice event,
                           const struct json_value *chunk)
{
    struct json_edit edit;
    struct buffer reason;
    struct buffer explained;
    buffer_init(&reason, 4096);
    buffer_init(&explained, EDITED_EVENT_BYTES_MAX);
    if (funds_explain(exchange, event, chunk, &reason, &edit) &&
        json_apply_edits(event, &edit, 1, &explained))
        event = buffer_slice(&explained);
    exchange->relay.reason_given = true;
    on_event(event, exchange);
    exchange->relay.reason_given = false;
    buffer_fini(&explained);
    buffer_fini(&reason);
}

/* Reads the text of an event. False: it is not paid for, and the stream has been ended, or it
 * has been taken again with our reason in it. */
static bool take_text(struct exchange *exchange, struct slice event, const struct completion *chunk)
{
    struct relay *relay = &exchange->relay;
    struct meter before = relay->meter;
    meter_read_choices(&relay->meter, &chunk->choices);
    if (!funds_cover(exchange)) {
        relay->meter = before;
        end_for_funds(exchange, &chunk->root);
        return false;
    }
    if (relay->reason_given || !ended_by_cap(exchange, &before))
        return true;
    relay->meter = before;
    take_explained(exchange, event, &chunk->root);
    return false;
}

/* False: it is not like one before it, or it is not paid for; it must be read. */
static bool take_alike(struct exchange *exchange, struct slice event)
{
    struct relay *relay = &exchange->relay;
    int64_t bytes = alike_bytes(&relay->alike, event);
    if (bytes < 0)
        return false;
    struct meter before = relay->meter;
    meter_note_generated(&relay->meter, bytes);
    if (!funds_cover(exchange)) {
        relay->meter = before;
        return false;
    }
    append_event(relay, event);
    return true;
}

static void on_event(struct slice event, void *arg)
{
    struct exchange *exchange = arg;
    struct relay *relay = &exchange->relay;
    struct completion chunk;
    enum attempt_outcome outcome = exchange->attempt.outcome;
    if (relay->done || relay->failed || (outcome != ATTEMPT_NONE && outcome != ATTEMPT_ANSWERED))
        return;
    if (take_alike(exchange, event))
        return;
    buffer_reset(&relay->joined);
    struct slice data = sse_data(event, &relay->joined);
    bool one_line = data.data >= event.data && data.data < event.data + event.bytes;
    if (data.data == NULL) {
        buffer_append_slice(&relay->out, event); /* a comment: nothing that decides */
        return;
    }
    if (slice_equals(data, "[DONE]") && outcome == ATTEMPT_ANSWERED) {
        relay->done = true;
        buffer_append_slice(&relay->last_event, event);
        return;
    }
    if (!completion_read(data, &chunk)) {
        refuse_event(exchange, "an event of the stream is no JSON object");
        return;
    }
    if (chunk.error.type != JSON_NULL) {
        take_error(exchange, data);
        return;
    }
    if (chunk.usage_count > 1) {
        refuse_event(exchange, "an event of the stream has its usage twice");
        return;
    }
    if (!one_line && (chunk.usage_count == 1 || exchange->funds.capped)) {
        take_joined(exchange, data);
        return;
    }
    int64_t bytes_before = relay->meter.output_text_bytes;
    if (!take_text(exchange, event, &chunk))
        return;
    if (chunk.usage_count == 1)
        take_usage(exchange, event, &chunk);
    else
        append_event(relay, event);
    if (chunk.usage_count == 0 && one_line)
        alike_learn(&relay->alike, event, &chunk, relay->meter.output_text_bytes - bytes_before);
    attempt_decide(exchange, ATTEMPT_ANSWERED, "");
}

void relay_feed(struct exchange *exchange, struct slice data)
{
    struct relay *relay = &exchange->relay;
    if (relay->done || relay->failed)
        return;
    if (!sse_feed(&relay->sse, data, on_event, exchange) || relay->out.failed) {
        if (exchange->attempt.outcome == ATTEMPT_NONE)
            attempt_decide(exchange, ATTEMPT_GARBLED, "an event of the stream is larger than 4 MB");
        else
            relay_fail(exchange, "provider_unavailable",
                       "The model's provider sent an event larger than 4 MB; the answer is not "
                       "complete.");
        return;
    }
    flush(exchange);
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

/* ---- begin and end ---- */

/* A stream that ended without [DONE]: whole if the model had said why it stopped. */
static void judge_end(struct exchange *exchange, enum upstream_end end, const char *detail)
{
    struct relay *relay = &exchange->relay;
    if (relay->done || relay->failed)
        return;
    struct slice rest = sse_rest(&relay->sse);
    if (rest.bytes > 0 && end == UPSTREAM_COMPLETE)
        on_event(rest, exchange);
    if (relay->done || relay->failed || (end == UPSTREAM_COMPLETE && relay->meter.finished))
        return;
    log_event(LOG_WARN, "the provider cut a stream", log_text("request_id", exchange->id.text),
              log_text("detail", detail));
    if (end == UPSTREAM_TIMED_OUT)
        relay_fail(exchange, "timeout",
                   "The model's provider fell silent; the answer is not complete.");
    else
        relay_fail(exchange, "provider_unavailable",
                   "The model's provider broke off; the answer is not complete.");
}

void relay_upstream_ended(struct exchange *exchange, enum upstream_end end, const char *detail)
{
    struct relay *relay = &exchange->relay;
    if (relay->upstream_ended || exchange->attempt.outcome == ATTEMPT_NONE)
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
        meter_read_choices(&relay->meter, &completion->choices);
        meter_read_usage(&relay->meter, &completion->usage);
        settle(exchange);
        return;
    }
    exchange->state = EXCHANGE_STREAMING;
    relay->flowing = true;
    exchange_begin_stream(exchange, STREAM_TYPE);
    flush(exchange);
    if (relay->done || relay->upstream_ended)
        settle(exchange);
}

void relay_start(struct exchange *exchange)
{
    exchange->relay.started = true;
    if (!exchange->hold_away)
        begin(exchange);
}

void relay_hold_decided(struct exchange *exchange)
{
    if (exchange->relay.started && exchange->state == EXCHANGE_ANSWERED)
        begin(exchange);
    exchange_free_if_over(exchange);
}

void relay_tick(struct exchange *exchange, int64_t now_us)
{
    struct relay *relay = &exchange->relay;
    static const char comment[] = ": keep-alive\n\n";
    if (!relay->flowing || exchange->request == NULL || relay->paused)
        return;
    if (now_us - relay->written_us < exchange->env->keepalive_comment_ms * 1000)
        return;
    relay->written_us = now_us;
    http_reply_write(exchange->request, (struct slice){comment, sizeof comment - 1});
}
