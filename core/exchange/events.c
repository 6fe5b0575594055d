#include "exchange/events.h"

#include <stdio.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "exchange/exchange.h"
#include "exchange/final_chunk.h"

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
        buffer_init(&cut, LIMIT_EDITED_EVENT_BYTES);
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
    buffer_init(&cut, LIMIT_EDITED_EVENT_BYTES);
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
        events_take(buffer_slice(&event), exchange);
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
    buffer_init(&explained, LIMIT_EDITED_EVENT_BYTES);
    if (funds_explain(exchange, event, chunk, &reason, &edit) &&
        json_apply_edits(event, &edit, 1, &explained))
        event = buffer_slice(&explained);
    exchange->relay.reason_given = true;
    events_take(event, exchange);
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
    if (relay->reason_given || !funds_ended_choice(exchange, &before))
        return true;
    relay->meter = before;
    take_explained(exchange, event, &chunk->root);
    return false;
}

/* False: it is not like one before it, or it is not paid for; it must be read. */
static bool take_alike(struct exchange *exchange, struct slice event)
{
    struct relay *relay = &exchange->relay;
    struct alike_event known;
    if (!alike_take(&relay->alike, event, &known))
        return false;
    struct meter before = relay->meter;
    meter_note_generated(&relay->meter, known.bytes);
    if (!funds_cover(exchange)) {
        relay->meter = before;
        return false;
    }
    append_event(relay, known.before);
    buffer_append_slice(&relay->out, known.after);
    return true;
}

void events_take(struct slice event, void *arg)
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
    if (one_line)
        alike_learn(&relay->alike, event, &chunk, relay->meter.output_text_bytes - bytes_before,
                    !exchange->chat.usage_asked);
    attempt_decide(exchange, ATTEMPT_ANSWERED, "");
}
