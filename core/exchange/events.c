#include "exchange/events.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "dialect/final_chunk.h"
#include "dialect/provider_error.h"
#include "dialect/renamed.h"
#include "dialect/said.h"
#include "exchange/attempt_refusal.h"
#include "exchange/exchange_internal.h"
#include "exchange/price_facts.h"
#include "exchange/relay.h"
#include "exchange/trace.h"
#include "exchange/trace_record.h"

/* Writes the event without one of its members to *out (initialised here). Returns false if it
 * cannot. */
static bool cut_member(struct slice event, const struct json_value *root, const char *name,
                       struct buffer *out)
{
    struct json_edit removal = json_removal(event, root, name);
    buffer_init(out, LIMIT_EDITED_EVENT_BYTES);
    return json_apply_edits(event, &removal, 1, out);
}

/* Takes an event with usage: feeds the meter, and sends the client as much as it has asked for. */
static void take_usage(struct exchange *exchange, struct slice event,
                       const struct completion *chunk)
{
    struct stream *stream = &exchange->stream;
    bool translated = attempt_translates(&exchange->attempt); /* then its counts are known */
    bool counts = translated ? chunk->usage.type == JSON_OBJECT
                             : meter_read_answer(&stream->meter, &chunk->usage, &chunk->beside);
    bool none = chunk->usage.type == JSON_NULL;
    if (counts && exchange->asks.usage_asked)
        stream_hold_usage(stream, exchange->asks.dialect, event, chunk);
    if (none && exchange->asks.usage_asked)
        stream_append(stream, event);
    else if (none || completion_has_choices(chunk))
        stream_append_without_usage(stream, event, &chunk->root);
}

static void fail_in_stream(struct exchange *exchange, enum attempt_outcome outcome)
{
    const struct attempt *attempt = &exchange->attempt;
    char message[sizeof((struct stream_failure *)NULL)->message];
    const char *code = "provider_unavailable";
    const char *what = "The model's provider reported an error; the answer is not complete.";
    bool refused = outcome == ATTEMPT_REFUSED; /* the customer must mend the request */
    if (outcome == ATTEMPT_OVERLOADED) {
        code = "provider_overloaded";
        what = "The model's provider became overloaded; the answer is not complete.";
    } else if (refused) {
        code = attempt_refusal(attempt)->code;
    }
    exchange->stream.refused = refused;
    if (attempt->explained && (refused || attempt->candidate->terms.errors_shown))
        snprintf(message, sizeof message, "%s It says: %s", what,
                 attempt_refusal(attempt)->message);
    else
        snprintf(message, sizeof message, "%s", what);
    relay_provider_failed(exchange, code, message);
}

void events_fail(struct exchange *exchange, struct slice data)
{
    enum attempt_outcome outcome =
        attempt_classify(&exchange->attempt, exchange->asks.model, 0, data);
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        attempt_decide(&exchange->attempt, outcome,
                       "an error came before the stream said anything");
    else
        fail_in_stream(exchange, outcome);
}

void events_refuse(struct exchange *exchange, const char *detail)
{
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        attempt_decide(&exchange->attempt, ATTEMPT_GARBLED, detail);
    else
        relay_provider_failed(
            exchange, "provider_unavailable",
            "The model's provider sent something that is no answer; it is not complete.");
}

bool events_are_simple(struct slice event, struct slice data, bool named)
{
    if (data.data < event.data || data.data + data.bytes > event.data + event.bytes)
        return false; /* several lines */
    size_t before = (size_t)(data.data - event.data);
    struct slice end = {data.data + data.bytes, event.bytes - before - data.bytes};
    if (!slice_equals(end, "\n\n") && !slice_equals(end, "\r\n\r\n"))
        return false;
    if (!named)
        return before <= 6;
    struct slice head = {event.data, before};
    const char *line_end = slice_char(head, '\n');
    size_t line_bytes = line_end != NULL ? (size_t)(line_end - head.data) + 1 : 0;
    return slice_starts_with(head, "event:") && line_end != NULL && before - line_bytes <= 6;
}

/* Takes the data of an event as a simple event. (A line break in JSON is white space, never part of
 * a string.) */
static void take_simplified(struct exchange *exchange, struct slice data)
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
    if (event.failed)
        events_refuse(exchange, "an event of the stream is too large");
    else
        events_take(buffer_slice(&event), exchange);
    buffer_fini(&event);
}

/* Takes an event without its "error" member: some clients take any such member for an error. */
static void take_without_error(struct exchange *exchange, struct slice event,
                               const struct json_value *root)
{
    struct buffer cut;
    if (cut_member(event, root, "error", &cut))
        events_take(buffer_slice(&cut), exchange);
    buffer_fini(&cut);
}

void events_end_for_budget(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    if (exchange->budget.limit_reached)
        log_event(LOG_WARN, "a provider goes on beyond the longest answer that it was asked for",
                  LOG_CALL(exchange), log_text("provider", attempt_provider(&exchange->attempt)),
                  log_int("output_tokens_allowed", exchange->charge_limits.output_tokens));
    else
        log_event(LOG_INFO, "the money for a stream has ended", LOG_CALL(exchange),
                  log_text("code", stream_budget_reason(&exchange->budget)));
    snprintf(stream->meter.finish_reason, sizeof stream->meter.finish_reason, "length");
    stream->out_of_budget = stream->done = stream->upstream_ended = true;
    attempt_cancel(&exchange->attempt);
    attempt_decide(&exchange->attempt, ATTEMPT_ANSWERED, "");
}

/* The text of `chunk` cannot be paid, or exceeds what was asked for: neither it nor what follows is
 * charged or sent. */
static void end_at_chunk(struct exchange *exchange, const struct json_value *chunk)
{
    struct stream *stream = &exchange->stream;
    buffer_reset(&stream->chunk_head);
    final_chunk_head(exchange->asks.dialect, chunk, &stream->chunk_head);
    events_end_for_budget(exchange);
}

/* Takes an event again, now with the reason why the answer ends. */
static void take_explained(struct exchange *exchange, struct slice event,
                           const struct json_value *chunk)
{
    struct json_edit edit;
    struct buffer reason;
    struct buffer explained;
    buffer_init(&reason, 4096);
    buffer_init(&explained, LIMIT_EDITED_EVENT_BYTES);
    if (stream_budget_explain(&exchange->budget, event, chunk, &reason, &edit) &&
        json_apply_edits(event, &edit, 1, &explained))
        event = buffer_slice(&explained);
    exchange->stream.reason_given = true;
    events_take(event, exchange);
    exchange->stream.reason_given = false;
    buffer_fini(&explained);
    buffer_fini(&reason);
}

/* Reads the text of an event. Returns false if it is not paid for and the stream has ended, or if
 * the event was taken again with our reason in it. */
static bool take_text(struct exchange *exchange, struct slice event, const struct completion *chunk)
{
    struct stream *stream = &exchange->stream;
    struct meter before = stream->meter;
    meter_read_choices(&stream->meter, &chunk->choices);
    if (!stream_budget_cover(&exchange->budget)) {
        stream->meter = before;
        end_at_chunk(exchange, &chunk->root);
        return false;
    }
    if (stream->reason_given || !stream_budget_ended_choice(&exchange->budget, &before))
        return true;
    stream->meter = before;
    take_explained(exchange, event, &chunk->root);
    return false;
}

/* One of so many similar pieces is sampled for the estimate. */
enum { SAMPLED_PIECES = 8 };

/* Clients of the Responses API get a whole text again at its end, so the translation must know what
 * went past it. */
static void note_skipped(struct exchange *exchange, struct slice text)
{
    struct stream *stream = &exchange->stream;
    if (exchange->asks.dialect != DIALECT_RESPONSES)
        return;
    if (!buffer_append_slice(&stream->skipped, text))
        stream->out.failed = true; /* no memory */
    stream->skipped_count++;
}

/* Counts what is generated. Returns false if it is not paid for. */
static bool pay(struct exchange *exchange, int64_t bytes)
{
    struct meter *meter = &exchange->stream.meter;
    int64_t text_bytes = meter->output.text_bytes;
    int64_t pieces = meter->output_pieces;
    int64_t echo_bytes = meter->echo_bytes;
    meter_note_generated(meter, bytes);
    if (stream_budget_cover(&exchange->budget))
        return true;
    meter->output.text_bytes = text_bytes;
    meter->output_pieces = pieces;
    meter->echo_bytes = echo_bytes;
    return false;
}

/* Takes the event at the front of the data, but for its output. Returns false if the event must be
 * read: it is not like one before, or it is not paid for. */
static bool take_matching(struct exchange *exchange, struct slice data, struct template_match *out)
{
    struct stream *stream = &exchange->stream;
    int64_t pieces = stream->meter.output_pieces;
    if (!event_template_take(&stream->event_template, data, out))
        return false;
    if (attempt_translates(&exchange->attempt) && (!stream->route.sure || out->text.bytes == 0))
        return false;
    if (!pay(exchange, out->bytes))
        return false;
    if (pieces % SAMPLED_PIECES == 0)
        meter_sample(&stream->meter, out->text);
    if (stream->answer != NULL && stream->form->note_text != NULL)
        stream->form->note_text(stream->answer, out->text);
    return true;
}

/* Adds such an event to the output. */
static void write_matching(struct exchange *exchange, const struct template_match *known)
{
    struct stream *stream = &exchange->stream;
    if (attempt_translates(&exchange->attempt)) {
        text_route_write(&stream->route, known->text, &stream->out);
        note_skipped(exchange, known->text);
        return;
    }
    stream_append(stream, known->before);
    stream_append(stream, known->after);
}

/* Whether an event like one before may be taken now. */
static bool may_match(const struct exchange *exchange)
{
    const struct stream *stream = &exchange->stream;
    return exchange->attempt.outcome == ATTEMPT_ANSWERED && !stream->closing && !stream->done &&
           !stream->failed;
}

bool events_take_known(struct exchange *exchange, struct slice event)
{
    struct template_match known;
    if (!may_match(exchange) || !take_matching(exchange, event, &known))
        return false;
    write_matching(exchange, &known);
    return true;
}

void events_take_matching(struct exchange *exchange, struct slice *data)
{
    struct template_match known;
    struct slice run = {data->data, 0}; /* events that go out as they came */
    bool translated = attempt_translates(&exchange->attempt);
    if (!may_match(exchange))
        return;
    while (data->bytes > 0 && take_matching(exchange, *data, &known)) {
        data->data += known.event_bytes;
        data->bytes -= known.event_bytes;
        if (!translated && known.after.bytes == 0) {
            run.bytes += known.event_bytes;
            continue;
        }
        stream_append(&exchange->stream, run);
        write_matching(exchange, &known);
        run = (struct slice){data->data, 0};
    }
    stream_append(&exchange->stream, run);
}

/* Whether this chunk ended the answer with an error that has no message. */
static bool has_failed(const struct meter *meter, const struct meter *before)
{
    return meter->finished && !before->finished && strcmp(meter->finish_reason, "error") == 0;
}

/* The first chunk that says something: from now on this is the provider's answer. */
static void note_answer(struct exchange *exchange, const struct completion *chunk)
{
    if (!meter_has_seen(&exchange->stream.meter) && !said_something(&chunk->choices))
        return;
    if (exchange->asks.usage_asked)
        final_chunk_head(exchange->asks.dialect, &chunk->root, &exchange->stream.chunk_head);
    attempt_decide(&exchange->attempt, ATTEMPT_ANSWERED, "");
}

/* Takes the event again with our name of the model. Returns false if it has that name already. */
static bool take_renamed(struct exchange *exchange, struct slice event,
                         const struct json_value *root)
{
    struct buffer renamed;
    if (!renamed_text(exchange->attempt.candidate->answers_as, event, root, &renamed))
        return false;
    events_take(buffer_slice(&renamed), exchange);
    buffer_fini(&renamed);
    return true;
}

/* Notes what the provider says that it charges us, and takes the event again without any price of
 * it. Returns false if there is none. */
static bool take_hidden(struct exchange *exchange, struct slice event,
                        const struct json_value *root)
{
    const struct stated_cost_paths *paths = exchange->attempt.candidate->terms.cost;
    struct buffer hidden;
    if (paths != NULL)
        (void)stated_cost_read(paths, root, &exchange->attempt.stated);
    if (!stated_cost_hide(paths, event, root, root, &hidden))
        return false;
    events_take(buffer_slice(&hidden), exchange);
    buffer_fini(&hidden);
    return true;
}

void events_note_terms(struct exchange *exchange, const struct price_facts *before)
{
    const struct price_facts *said = &exchange->stream.meter.said;
    if (exchange->budget.terms->sold_rules != NULL && memcmp(said, before, sizeof *before) != 0)
        exchange_price_budget(exchange);
}

/* Takes a chunk that is no error: feeds the meter and the client. */
static void take_chunk(struct exchange *exchange, struct slice event,
                       const struct completion *chunk)
{
    if (exchange->attempt.span != NULL && !attempt_translates(&exchange->attempt))
        attempt_span_note_completion(exchange->attempt.span, chunk);
    if (take_hidden(exchange, event, &chunk->root) || take_renamed(exchange, event, &chunk->root))
        return;
    struct stream *stream = &exchange->stream;
    struct meter before = stream->meter;
    if (!take_text(exchange, event, chunk))
        return;
    if (has_failed(&stream->meter, &before)) {
        stream->meter = before;
        events_fail(exchange, chunk->root.raw);
        return;
    }
    bool translated = attempt_translates(&exchange->attempt);
    if (!translated)
        price_facts_note_completion(&stream->meter.said, chunk);
    if (chunk->usage_count == 1)
        take_usage(exchange, event, chunk);
    else
        stream_append(stream, event);
    int64_t text_bytes = stream->meter.output.text_bytes - before.output.text_bytes;
    if (text_bytes == 0 && chunk->usage.type != JSON_OBJECT && !translated)
        (void)meter_find_usage(&stream->meter, &chunk->root);
    events_note_terms(exchange, &before.said);
    if (!translated)
        event_template_learn(&stream->event_template, event, chunk, text_bytes,
                             !exchange->asks.usage_asked);
    if (exchange->attempt.outcome == ATTEMPT_NONE)
        note_answer(exchange, chunk);
}

static bool is_chunk(const struct completion *chunk)
{
    return chunk->choices.type == JSON_ARRAY || chunk->usage.type == JSON_OBJECT;
}

/* An event that clients do not know, such as {"type":"ping"}. It is not sent. */
static void take_unknown(struct exchange *exchange, const struct completion *chunk)
{
    const struct stated_cost_paths *paths = exchange->attempt.candidate->terms.cost;
    if (paths != NULL)
        (void)stated_cost_read(paths, &chunk->root, &exchange->attempt.stated);
    (void)meter_find_usage(&exchange->stream.meter, &chunk->root);
}

static void take_json(struct exchange *exchange, struct slice event, struct slice data)
{
    struct completion chunk;
    if (!completion_read(data, &chunk))
        events_refuse(exchange, "an event of the stream is no JSON object");
    else if (chunk.error_count > 1 || chunk.usage_count > 1)
        events_refuse(exchange, "an event of the stream has its usage or error twice");
    else if (completion_is_error(&chunk) || (!is_chunk(&chunk) && provider_error_is(data)))
        events_fail(exchange, data);
    else if (chunk.error_count == 1)
        take_without_error(exchange, event, &chunk.root);
    else if (is_chunk(&chunk))
        take_chunk(exchange, event, &chunk);
    else
        take_unknown(exchange, &chunk);
}

static void take_done(struct exchange *exchange, struct slice event)
{
    if (exchange->attempt.outcome == ATTEMPT_NONE) {
        attempt_decide(&exchange->attempt, ATTEMPT_GARBLED,
                       "the stream ended and had said nothing");
        return;
    }
    exchange->stream.done = true;
    buffer_append_slice(&exchange->stream.last_event, event);
}

static void take_odd(struct exchange *exchange, struct slice event, struct slice data)
{
    if (slice_equals(sse_event_name(event), "error"))
        events_fail(exchange, data);
    else
        take_simplified(exchange, data);
}

void events_take(struct slice event, void *arg)
{
    struct exchange *exchange = arg;
    struct stream *stream = &exchange->stream;
    enum attempt_outcome outcome = exchange->attempt.outcome;
    if (stream->done || stream->failed || (outcome != ATTEMPT_NONE && outcome != ATTEMPT_ANSWERED))
        return;
    if (events_take_known(exchange, event))
        return;
    buffer_reset(&stream->joined);
    struct slice data = slice_trim(sse_data(event, &stream->joined));
    if (data.bytes == 0)
        return; /* a comment, an id or an empty event; our own comments keep the client waiting */
    if (!events_are_simple(event, data, false))
        take_odd(exchange, event, data);
    else if (slice_equals(data, "[DONE]"))
        take_done(exchange, event);
    else
        take_json(exchange, event, data);
}
