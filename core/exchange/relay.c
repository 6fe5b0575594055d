#include "exchange/relay.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "dialect/cost_edits.h"
#include "exchange/answer_events.h"
#include "exchange/early_stream.h"
#include "exchange/event_room.h"
#include "exchange/events.h"
#include "exchange/exchange_internal.h"
#include "exchange/idempotency.h"
#include "exchange/opaque_answer.h"
#include "exchange/price_facts.h"
#include "exchange/stream_end.h"
#include "exchange/trace.h"

enum {
    SKIPPED_BYTES_MAX = 32 * 1024, /* so much text may go past a translation before it is told */
    OUT_BYTES_KEPT = 1024          /* most of what is written at once fits */
};

/* ---- to the client ---- */

/* Returns how many bytes wait for the client. */
static size_t write_events(struct exchange *exchange, struct slice events)
{
    struct buffer shaped;
    struct slice bytes = stream_shape(events, exchange->asks.as_array,
                                      &exchange->stream.array_begun, false, &shaped);
    idempotency_copy(exchange, bytes);
    size_t waiting = exchange->detached ? 0 : http_reply_write(exchange->request, bytes);
    buffer_fini(&shaped);
    return waiting;
}

/* What a stream begins with, and what piles up, may be many times as large as its later events. */
static void empty(struct buffer *out)
{
    if (out->capacity_bytes > OUT_BYTES_KEPT)
        buffer_fini(out);
    else
        buffer_reset(out);
}

/* Writes what is ready, once the head is out. Pauses the provider if the client does not read. */
static void flush(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    size_t waiting = stream->out.bytes;
    bool wanted = exchange->request != NULL || exchange->detached;
    if (stream->flowing && wanted && stream->out.bytes > 0) {
        waiting = write_events(exchange, buffer_slice(&stream->out));
        empty(&stream->out);
        stream->written_us = clock_mono_us();
    }
    if (exchange->detached && stream->flowing)
        relay_drained(exchange); /* it was paused before it could flow */
    bool answered = exchange->attempt.outcome == ATTEMPT_ANSWERED; /* else all is held back */
    if (waiting >= LIMIT_OUTPUT_BYTES && answered && exchange->attempt.call != NULL &&
        !stream->paused) {
        stream->paused = true;
        attempt_pause(&exchange->attempt);
    }
}

void relay_drained(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    if (!stream->paused)
        return;
    stream->paused = false;
    event_room_look(exchange);
    if (!stream->lacks_room)
        attempt_resume(&exchange->attempt);
}

/* ---- settling ---- */

static void settle(struct exchange *exchange)
{
    const struct stream *stream = &exchange->stream;
    if (exchange->state >= EXCHANGE_SETTLING || !exchange->hold_open)
        return;
    if (stream->failed)
        snprintf(exchange->error_code, sizeof exchange->error_code, "%s",
                 stream_failure(stream)->code);
    if (stream->out_of_budget && !exchange->budget.limit_reached)
        snprintf(exchange->error_code, sizeof exchange->error_code, "%s",
                 stream_budget_reason(&exchange->budget));
    if (exchange->status == 0)
        exchange->status = 200;
    exchange_settle(exchange);
}

static void end_stream(struct exchange *exchange)
{
    if (exchange->attempt.opaque) {
        opaque_answer_end(exchange);
        return;
    }
    struct buffer *out = &exchange->stream.out;
    struct buffer shaped;
    stream_end_append(exchange, out);
    struct slice bytes = stream_shape(buffer_slice(out), exchange->asks.as_array,
                                      &exchange->stream.array_begun, true, &shaped);
    idempotency_copy(exchange, bytes);
    struct http_request *request = exchange->request;
    exchange->request = NULL;
    http_reply_end(request, bytes);
    buffer_fini(&shaped);
    exchange_end(exchange);
}

/* A plain answer with its cost, in a dialect without choices of OpenAI's form. `priced`
 * (initialised here) owns the text. */
static struct slice price_answer(const struct exchange *exchange, struct buffer *priced)
{
    const struct answer_bill bill = stream_end_bill(exchange);
    buffer_init(priced, exchange->attempt.body.bytes + 8192);
    answer_close_write(dialect_form(exchange->asks.dialect), &bill,
                       buffer_slice(&exchange->attempt.body), &exchange->attempt.answer, priced);
    return buffer_slice(priced);
}

/* The same for OpenAI's chat and completions, with the reason if money made it short. `priced` owns
 * the text if either was added. */
static struct slice price_chat(const struct exchange *exchange, struct buffer *priced)
{
    struct slice body = buffer_slice(&exchange->attempt.body);
    struct json_edit edits[1 + COST_EDITS_MAX];
    size_t count = 0;
    char number[COST_NUMBER_BYTES];
    const struct completion *completion = &exchange->attempt.completion;
    struct buffer reason;
    buffer_init(priced, LIMIT_UPSTREAM_BODY_BYTES + 8192);
    buffer_init(&reason, 4096);
    if (stream_budget_ended_choice(&exchange->budget, &(struct meter){0}) &&
        stream_budget_explain(&exchange->budget, body, &completion->root, &reason, &edits[0]))
        count = 1;
    if (completion->usage.type == JSON_OBJECT)
        count += cost_edits(body, &completion->usage, exchange->settlement.record.charge_nusd,
                            number, edits + count);
    if (count > 0 && json_apply_edits(body, edits, count, priced))
        body = buffer_slice(priced);
    buffer_fini(&reason);
    return body;
}

static struct slice price_body(const struct exchange *exchange, struct buffer *priced)
{
    return dialect_has_chunks(exchange->asks.dialect) ? price_chat(exchange, priced)
                                                      : price_answer(exchange, priced);
}

/* A text passes with its type, if that is one of texts: no page of a provider's is ours. */
static const char *plain_type(const struct exchange *exchange)
{
    static const char *const types[] = {"text/plain", "text/vtt", "text/srt",
                                        "application/x-subrip", "application/json"};
    const char *type = exchange->attempt.content_type;
    if (!exchange->asks.text_answer)
        return PLAIN_TYPE;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t bytes = strlen(types[i]);
        if (strncasecmp(type, types[i], bytes) == 0 && (type[bytes] == '\0' || type[bytes] == ';'))
            return type;
    }
    return "text/plain; charset=utf-8";
}

static void reply_plain(struct exchange *exchange)
{
    struct buffer priced;
    char cost[MONEY_TEXT_BYTES];
    struct slice body = price_body(exchange, &priced);
    exchange_header(exchange, "x-llm-cost",
                    money_format(exchange->settlement.record.charge_nusd, cost));
    exchange_reply(exchange, 200, plain_type(exchange), body);
    buffer_fini(&priced);
}

/* Copies what has not gone out, and the end, as end_stream will write them. */
static void keep_stream(struct exchange *exchange, struct buffer *rest)
{
    const struct stream *stream = &exchange->stream;
    bool begun = stream->array_begun;
    struct buffer shaped;
    buffer_init(rest, 4 * LIMIT_EVENT_BYTES);
    buffer_append_slice(rest, buffer_slice(&stream->out));
    stream_end_append(exchange, rest);
    idempotency_copy(
        exchange, stream_shape(buffer_slice(rest), exchange->asks.as_array, &begun, true, &shaped));
    buffer_fini(&shaped);
    idempotency_keep(exchange, stream_type(exchange->asks.as_array), -1);
}

/* Adds the rest of what the client will get to the copy that the settlement writes. */
void relay_keep(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    struct buffer rest;
    if (exchange->settlement.kept != NULL)
        return; /* an error is kept instead */
    if (exchange->attempt.opaque) {
        opaque_answer_keep(exchange);
        return;
    }
    if (stream->flowing) {
        keep_stream(exchange, &rest);
    } else {
        idempotency_copy(exchange, price_body(exchange, &rest));
        idempotency_keep(exchange, plain_type(exchange), exchange->settlement.record.charge_nusd);
    }
    buffer_fini(&rest);
}

/* No answer is free: what could not be charged is not sent. */
static void refuse_unsettled(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    if (stream->flowing) {
        stream->unwritten = true;
        stream_note_failure(stream, "ledger_unavailable",
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
    else if (exchange->stream.flowing)
        end_stream(exchange);
    else
        reply_plain(exchange);
}

/* ---- from the provider ---- */

/* `out` may end in the middle of an event. */
static void fail_for_memory(struct exchange *exchange)
{
    buffer_reset(&exchange->stream.out);
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        attempt_decide(&exchange->attempt, ATTEMPT_GARBLED,
                       "the gateway has no memory left for an event");
    else
        relay_fail(exchange, "internal_error",
                   "The gateway has no memory left for this answer; it is not complete.");
}

/* What was fed has filled the output. */
static void after_feed(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    if (stream->out.failed) {
        fail_for_memory(exchange);
        return;
    }
    flush(exchange);
    event_room_look(exchange);
    if (stream->done && stream->flowing)
        settle(exchange);
}

/* An event did not fit. */
static void refuse_event(struct exchange *exchange)
{
    const struct stream *stream = &exchange->stream;
    if (stream->sse.partial.no_memory || stream->line_ends.out.no_memory)
        fail_for_memory(exchange);
    else if (exchange->attempt.outcome == ATTEMPT_NONE)
        attempt_decide(&exchange->attempt, ATTEMPT_GARBLED,
                       "an event of the stream is larger than 32 MB");
    else
        relay_provider_failed(exchange, "provider_unavailable",
                              "The model's provider sent an event larger than 32 MB; the answer is "
                              "not complete.");
}

/* Takes what came event by event: where one begins, those like one before are taken as they lie
 * there. Returns false if an event did not fit. */
static bool feed(struct exchange *exchange, struct slice data)
{
    struct stream *stream = &exchange->stream;
    bool chat = attempt_passes_chunks(&exchange->attempt);
    while (data.bytes > 0) {
        if (sse_is_between_events(&stream->sse) && line_ends_are_kept(&stream->line_ends))
            events_take_matching(exchange, &data);
        struct slice event = {data.data, sse_event_bytes(&stream->sse, data)};
        data.data += event.bytes;
        data.bytes -= event.bytes;
        if (!line_ends_take(&stream->line_ends, event, &event) ||
            !sse_feed(&stream->sse, event, chat ? events_take : answer_events_take, exchange))
            return false;
    }
    return true;
}

void relay_feed(struct exchange *exchange, struct slice data)
{
    struct stream *stream = &exchange->stream;
    if (stream->done || stream->failed)
        return;
    if (stream->skipped.bytes > SKIPPED_BYTES_MAX)
        answer_events_tell_skipped(exchange);
    bool fed = feed(exchange, data);
    if (!fed && !stream->out.failed)
        refuse_event(exchange);
    else
        after_feed(exchange);
}

void relay_feed_opaque(struct exchange *exchange, struct slice data)
{
    struct stream *stream = &exchange->stream;
    if (stream->done || stream->failed)
        return;
    opaque_answer_take(exchange, data);
    after_feed(exchange);
}

void relay_feed_translated(struct exchange *exchange, struct slice events)
{
    exchange->stream.translation_ended = true;
    answer_events_take_translated(exchange, events);
    if (exchange->attempt.outcome == ATTEMPT_ANSWERED)
        exchange->stream.done = true;
    after_feed(exchange);
}

void relay_fail(struct exchange *exchange, const char *code, const char *message)
{
    struct stream *stream = &exchange->stream;
    if (stream->failed || exchange->state >= EXCHANGE_SETTLING)
        return;
    stream_note_failure(stream, code, message);
    log_event(LOG_WARN, "a stream was cut", LOG_CALL(exchange),
              log_text("provider", attempt_provider(&exchange->attempt)), log_text("code", code),
              log_text("reason", message));
    attempt_cancel(&exchange->attempt);
    stream->upstream_ended = true;
    if (stream->flowing)
        settle(exchange);
}

void relay_provider_failed(struct exchange *exchange, const char *code, const char *message)
{
    struct stream *stream = &exchange->stream;
    if (stream->provider_ended >= exchange->asks.choices)
        answer_events_end(exchange); /* nothing is missing: the translation can end it */
    if (stream->failed || stream->done)
        return;
    if (meter_choices_ended(&stream->meter) < exchange->asks.choices) {
        relay_fail(exchange, code, message);
        return;
    }
    stream->done = stream->upstream_ended = true;
    attempt_cancel(&exchange->attempt);
    if (stream->flowing)
        settle(exchange);
}

/* ---- begin and end ---- */

/* A stream ended without [DONE]: it is complete if it has its finish reason. An opaque answer has
 * none: it is complete if its connection says so. */
static void judge_end(struct exchange *exchange, enum upstream_end end, const char *detail)
{
    struct stream *stream = &exchange->stream;
    bool whole = exchange->attempt.opaque || meter_choices_ended(&stream->meter) > 0;
    bool clean = end == UPSTREAM_COMPLETE && whole;
    if (clean && exchange->attempt.opaque)
        opaque_answer_note_end(exchange);
    if (stream->done || stream->failed || clean)
        return;
    log_event(LOG_WARN, "the provider cut a stream", LOG_CALL(exchange),
              log_text("detail", detail));
    char message[sizeof exchange->attempt.detail + 32];
    snprintf(message, sizeof message, "%s The answer is not complete.", detail);
    if (end == UPSTREAM_TIMED_OUT)
        relay_provider_failed(exchange, "timeout", message);
    else
        relay_provider_failed(exchange, "provider_unavailable",
                              "The model's provider broke off; the answer is not complete.");
}

/* Takes what came after the last whole event. */
static void take_rest(struct exchange *exchange)
{
    struct slice rest = sse_rest(&exchange->stream.sse);
    if (rest.bytes > 0 && attempt_passes_chunks(&exchange->attempt))
        events_take(rest, exchange);
    else if (rest.bytes > 0)
        answer_events_take(rest, exchange);
    if (exchange->stream.provider_ended > 0)
        answer_events_end(exchange);
}

void relay_upstream_ended(struct exchange *exchange, enum upstream_end end, const char *detail)
{
    struct stream *stream = &exchange->stream;
    if (stream->upstream_ended)
        return;
    if (exchange->attempt.event_stream && end == UPSTREAM_COMPLETE)
        take_rest(exchange);
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        return;
    stream->upstream_ended = true;
    if (exchange->attempt.outcome != ATTEMPT_ANSWERED)
        return;
    if (exchange->attempt.event_stream || exchange->attempt.opaque) {
        judge_end(exchange, end, detail);
        flush(exchange);
        if (stream->flowing)
            settle(exchange);
    }
}

/* Notes the counts of a plain answer of OpenAI's chat or completions. */
static void count_plain(struct exchange *exchange)
{
    struct meter *meter = &exchange->stream.meter;
    const struct completion *completion = &exchange->attempt.completion;
    price_facts_note_completion(&meter->said, completion);
    if (!meter_read_answer(meter, &completion->usage, &completion->beside))
        (void)meter_find_usage(meter, &completion->root);
}

static void begin(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    if (!exchange->attempt.event_stream && !exchange->attempt.opaque) {
        if (attempt_passes_chunks(&exchange->attempt))
            count_plain(exchange);
        settle(exchange);
        return;
    }
    exchange_enter(exchange, EXCHANGE_STREAMING);
    stream->flowing = true;
    if (exchange->attempt.opaque)
        opaque_answer_begin(exchange);
    else if (!exchange->reply_begun)
        exchange_begin_stream(exchange, stream_type(exchange->asks.as_array));
    flush(exchange);
    if (stream->done || stream->upstream_ended)
        settle(exchange);
}

void relay_start(struct exchange *exchange)
{
    exchange->stream.started = true;
    if (!exchange->hold_pending)
        begin(exchange);
}

void relay_hold_decided(struct exchange *exchange)
{
    if (exchange->stream.started && exchange->state == EXCHANGE_ANSWERED)
        begin(exchange);
    exchange_free_if_over(exchange);
}

void relay_tick(struct exchange *exchange, int64_t now_us)
{
    const struct stream *stream = &exchange->stream;
    bool begun = stream->flowing || early_stream_is_open(exchange);
    if (exchange->attempt.opaque) /* nothing may be added to it */
        return;
    if (!begun || exchange->request == NULL || stream->paused)
        return;
    if (now_us - stream->written_us >= exchange->env->keepalive_comment_ms * 1000)
        exchange_keep_alive(exchange, now_us);
}
