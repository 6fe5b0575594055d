#include "exchange/answer_events.h"

#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"
#include "dialect/renamed.h"
#include "dialect/stated_cost.h"
#include "exchange/events.h"
#include "exchange/exchange_internal.h"
#include "exchange/made_objects.h"
#include "exchange/price_facts.h"
#include "exchange/trace_record.h"

/* ---- events in the client's dialect ---- */

static const struct dialect_form *client_form(const struct exchange *exchange)
{
    return dialect_form(exchange->asks.dialect);
}

/* Feeds the meter. Returns false, and ends the stream, if the text is not paid for. */
static bool pay(struct exchange *exchange, const struct answer_facts *facts)
{
    struct stream *stream = &exchange->stream;
    struct meter before = stream->meter;
    meter_note_answer(&stream->meter, facts, exchange->asks.choices);
    if (stream_budget_cover(&exchange->budget))
        return true;
    stream->meter = before;
    events_end_for_budget(exchange);
    return false;
}

/* Notes the provider's counts, and the terms on which it serves. */
static void note_counts(struct exchange *exchange, const struct answer_facts *facts)
{
    struct meter *meter = &exchange->stream.meter;
    const struct price_facts before = meter->said;
    attempt_span_note_answer(exchange->attempt.span, &facts->holder, &facts->model);
    price_facts_note_tier(&meter->said, &facts->service_tier);
    if (exchange->asks.media.medium == ANSWERS_PICTURES)
        price_facts_note_pictures(&meter->said, &facts->holder);
    if (facts->usage.type == JSON_OBJECT)
        (void)meter_read_answer(meter, &facts->usage, &facts->beside);
    else if (facts->holder.type == JSON_OBJECT && !meter_find_usage(meter, &facts->holder))
        meter_read_beside(meter, &facts->beside);
    events_note_terms(exchange, &before);
}

/* Where an event's bytes go. */
static struct buffer *output_of(struct stream *stream)
{
    return stream->closing ? &stream->held_event : &stream->out;
}

/* Appends an event: as it came if it has the usual form, else in that form. `data` is one JSON
 * object; a line break in it is white space. Returns whether it is as it came. */
static bool append(struct exchange *exchange, struct slice event, struct slice data,
                   const struct json_value *root)
{
    struct buffer *out = output_of(&exchange->stream);
    bool named = client_form(exchange)->events_named;
    if (event.bytes > 0 && events_are_simple(event, data, named)) {
        buffer_append_slice(out, event);
        return true;
    }
    struct json_value type;
    if (named && json_find(root, "type", &type) == 1 && type.type == JSON_STRING) {
        buffer_append_text(out, "event: ");
        buffer_append(out, type.raw.data + 1, type.raw.bytes - 2);
        buffer_append_char(out, '\n');
    }
    buffer_append_text(out, "data: ");
    size_t start = out->bytes;
    buffer_append_slice(out, data);
    for (size_t i = start; i < out->bytes; i++) {
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
    }
    buffer_append_text(out, "\n\n");
    return false;
}

/* The same with our name of the model. A translation writes that name by itself. */
static bool pass(struct exchange *exchange, struct slice event, struct slice data,
                 const struct json_value *root, const struct answer_facts *facts)
{
    struct slice name = exchange->attempt.candidate->answers_as;
    struct buffer renamed;
    if (attempt_translates(&exchange->attempt) || !renamed_differs(name, &facts->model))
        return append(exchange, event, data, root);
    const struct json_edit edit = renamed_edit(name, data, &facts->model);
    buffer_init(&renamed, LIMIT_EDITED_EVENT_BYTES);
    if (json_apply_edits(data, &edit, 1, &renamed))
        (void)append(exchange, (struct slice){0}, buffer_slice(&renamed), root);
    else
        exchange->stream.out.failed = true; /* no memory */
    buffer_fini(&renamed);
    return false;
}

/* What ends the answer waits. But a choice that has ended may not have been the last. */
static void close_or_go_on(struct stream *stream, enum answer_kind kind)
{
    bool ended = meter_choices_ended(&stream->meter) > 0;
    if (stream->closing && !ended && kind != ANSWER_ENDS) {
        buffer_append_slice(&stream->out, buffer_slice(&stream->held_event));
        buffer_reset(&stream->held_event);
        stream->closing = false;
    }
    if (kind == ANSWER_ENDS || (kind == ANSWER_CLOSES && ended))
        stream->closing = true;
}

/* Reads the object of an event; if it is none, the stream fails. The last events of some dialects
 * say a whole text again: such a value is not read twice. `index` must outlive the values. */
static bool parse_object(struct exchange *exchange, struct slice data, struct json_index *index,
                         struct json_value *root)
{
    enum { LARGE_BYTES = 512 };
    struct fault fault;
    bool done = json_parse_indexed(data, LIMIT_JSON_DEPTH, LARGE_BYTES, index, root, &fault) &&
                root->type == JSON_OBJECT;
    if (!done)
        events_refuse(exchange, "an event of the stream is no JSON object");
    return done;
}

/* Takes an event in the client's dialect. `event`: as it came; empty: its data was changed. */
static void take_own(struct exchange *exchange, struct slice event, struct slice data,
                     const struct json_value *root)
{
    struct stream *stream = &exchange->stream;
    struct answer_facts facts;
    if (stream->answer == NULL) {
        stream->answer = answer_state_new();
        stream->form = client_form(exchange);
        answer_state_answer_as(stream->answer, exchange->attempt.candidate->answers_as);
        if (exchange->asks.media.sound_raw)
            answer_state_expect_raw(stream->answer);
    }
    client_form(exchange)->read_event(stream->answer, root, &facts);
    if (facts.kind == ANSWER_FAILS) {
        events_fail(exchange, data);
        return;
    }
    if (facts.kind == ANSWER_IGNORED || !pay(exchange, &facts))
        return;
    if (!attempt_translates(&exchange->attempt))
        note_counts(exchange, &facts);
    bool ends = facts.kind == ANSWER_ENDS;
    if (ends)
        made_objects_note(exchange, &facts);
    close_or_go_on(stream, facts.kind);
    bool as_it_came = pass(exchange, event, data, root, &facts);
    if (as_it_came && !stream->closing && !attempt_translates(&exchange->attempt))
        (void)event_template_learn_answer(&stream->event_template, event, &facts);
    if (output_of(stream)->failed)
        stream->out.failed = true;
    if (exchange->attempt.outcome == ATTEMPT_NONE && (facts.said || meter_has_seen(&stream->meter)))
        attempt_decide(&exchange->attempt, ATTEMPT_ANSWERED, "");
    if (ends)
        stream->done = stream->closed = true;
}

/* ---- translated events ---- */

static bool is_over(const struct exchange *exchange)
{
    const struct stream *stream = &exchange->stream;
    enum attempt_outcome outcome = exchange->attempt.outcome;
    return stream->done || stream->failed ||
           (outcome != ATTEMPT_NONE && outcome != ATTEMPT_ANSWERED);
}

static void take_translated(struct slice event, void *arg)
{
    struct exchange *exchange = arg;
    struct stream *stream = &exchange->stream;
    struct json_index index;
    struct json_value root;
    if (is_over(exchange))
        return;
    if (exchange->asks.dialect == DIALECT_CHAT) {
        events_take(event, exchange);
        return;
    }
    buffer_reset(&stream->joined);
    struct slice data = slice_trim(sse_data(event, &stream->joined));
    if (data.bytes > 0 && parse_object(exchange, data, &index, &root))
        take_own(exchange, event, data, &root);
}

void answer_events_take_translated(struct exchange *exchange, struct slice events)
{
    struct sse sse;
    sse_init(&sse);
    if (!sse_feed(&sse, events, take_translated, exchange))
        events_refuse(exchange, "a translated event is too large");
    sse_fini(&sse);
}

/* Runs a step of the translation and takes what it has written. */
static void take_output(struct exchange *exchange, bool done, struct buffer *translated)
{
    if (done && !translated->failed)
        answer_events_take_translated(exchange, buffer_slice(translated));
    else
        events_refuse(exchange, "an event of the stream cannot be translated");
    buffer_fini(translated);
}

void answer_events_tell_skipped(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    const struct translator *translator = &exchange->attempt.translator;
    struct buffer string;
    if (stream->skipped_count == 0)
        return;
    buffer_init(&string, LIMIT_EVENT_BYTES + 2);
    buffer_append_char(&string, '"');
    buffer_append_slice(&string, buffer_slice(&stream->skipped));
    buffer_append_char(&string, '"');
    bool told = !string.failed &&
                translator->skipped(translator->arg, stream->skipped_count, buffer_slice(&string));
    buffer_fini(&string);
    buffer_reset(&stream->skipped);
    stream->skipped_count = 0;
    if (!told)
        events_refuse(exchange, "a text of the stream is too long to be said again");
}

void answer_events_end(struct exchange *exchange)
{
    struct stream *stream = &exchange->stream;
    const struct translator *translator = &exchange->attempt.translator;
    struct buffer translated;
    if (!attempt_translates(&exchange->attempt) || stream->translation_ended || is_over(exchange))
        return;
    if (!stream->provider_said) /* a translation would give it an end */
        return;
    stream->translation_ended = true;
    answer_events_tell_skipped(exchange);
    buffer_init(&translated, LIMIT_EDITED_EVENT_BYTES);
    bool done = translator->end(translator->arg, &translated);
    take_output(exchange, done, &translated);
    if (!is_over(exchange) && exchange->attempt.outcome == ATTEMPT_ANSWERED)
        stream->done = true;
}

static bool lies_in(struct slice event, struct slice text)
{
    return text.bytes > 0 && text.data >= event.data &&
           text.data + text.bytes <= event.data + event.bytes;
}

/* Notes how a piece of text is translated: the translation need not see every piece. The route is
 * of the event that the template has, and of no other. */
static void learn_route(struct exchange *exchange, struct slice event,
                        const struct answer_facts *facts, struct slice translated)
{
    static const struct slice none = {"", 0};
    struct stream *stream = &exchange->stream;
    bool learned = event.bytes > 0 && lies_in(event, facts->text) &&
                   event_template_learn_answer(&stream->event_template, event, facts);
    text_route_learn(&stream->route, learned ? facts->text : none, translated);
}

/* Notes how many choices have ended. Without any choices a reason ends all that were asked for. */
static void note_ends(struct exchange *exchange, const struct answer_facts *facts)
{
    struct stream *stream = &exchange->stream;
    if (answer_choices_told(&facts->choices)) {
        answer_choices_add(&stream->provider_choices, &facts->choices);
        stream->provider_ended = answer_choices_ended(&stream->provider_choices);
    } else if (facts->finish_reason != NULL) {
        stream->provider_ended = exchange->asks.choices;
    }
}

/* Takes an event of a provider that speaks another dialect. The provider's own counts are noted
 * here; those of the translation are not read. */
static void translate(struct exchange *exchange, struct slice event, struct slice data,
                      const struct json_value *root)
{
    const struct translator *translator = &exchange->attempt.translator;
    struct stream *stream = &exchange->stream;
    struct answer_facts facts;
    struct buffer translated;
    dialect_form(exchange->attempt.dialect)->read_event(NULL, root, &facts);
    if (facts.kind == ANSWER_FAILS) {
        events_fail(exchange, data);
        return;
    }
    if (facts.kind == ANSWER_IGNORED)
        return;
    note_ends(exchange, &facts);
    /* The client gets a summary all at once, at the end. */
    if (exchange->asks.compaction != COMPACTION_NONE)
        meter_note_answer(&stream->meter, &facts, exchange->asks.choices);
    stream->provider_said = stream->provider_said || facts.said;
    answer_events_tell_skipped(exchange);
    if (is_over(exchange))
        return;
    buffer_init(&translated, LIMIT_EDITED_EVENT_BYTES);
    bool done = translator->event(translator->arg, sse_event_name(event), data, &translated);
    learn_route(exchange, event, &facts, buffer_slice(&translated));
    take_output(exchange, done, &translated);
    if (!stream->out_of_budget)        /* else they count text that is not sent */
        note_counts(exchange, &facts); /* behind the text that they count */
    if (facts.kind == ANSWER_ENDS)
        answer_events_end(exchange);
}

/* Notes what the provider says that it charges us, and takes every price of it out of the event's
 * data. Returns true if there was one: then `hidden` (initialised here) has the rest. */
static bool hide_prices(struct exchange *exchange, struct slice data, const struct json_value *root,
                        struct buffer *hidden)
{
    const struct stated_cost_paths *paths = exchange->attempt.candidate->terms.cost;
    struct answer_facts facts;
    const struct json_value *holder = root;
    if (paths != NULL) {
        dialect_form(exchange->attempt.dialect)->read_event(NULL, root, &facts);
        holder = facts.holder.type == JSON_OBJECT ? &facts.holder : root;
        (void)stated_cost_read(paths, holder, &exchange->attempt.stated);
    }
    return stated_cost_hide(paths, data, root, holder, hidden);
}

static void take_object(struct exchange *exchange, struct slice event, struct slice data,
                        const struct json_value *root)
{
    if (attempt_translates(&exchange->attempt))
        translate(exchange, event, data, root);
    else
        take_own(exchange, event, data, root);
}

static void take_data(struct exchange *exchange, struct slice event, struct slice data)
{
    struct buffer hidden;
    struct json_index index;
    struct json_value root;
    if (!parse_object(exchange, data, &index, &root))
        return;
    if (!hide_prices(exchange, data, &root, &hidden)) {
        take_object(exchange, event, data, &root);
        return;
    }
    data = buffer_slice(&hidden);
    if (parse_object(exchange, data, &index, &root))
        take_object(exchange, (struct slice){0}, data, &root);
    buffer_fini(&hidden);
}

void answer_events_take(struct slice event, void *arg)
{
    struct exchange *exchange = arg;
    struct buffer joined; /* not the stream's: translated events use that one */
    if (is_over(exchange) || events_take_known(exchange, event))
        return;
    buffer_init(&joined, LIMIT_EVENT_BYTES);
    struct slice data = slice_trim(sse_data(event, &joined));
    if (attempt_translates(&exchange->attempt) && slice_equals(data, "[DONE]"))
        answer_events_end(exchange);
    else if (data.bytes > 0) /* else a comment, an id or an empty event */
        take_data(exchange, event, data);
    buffer_fini(&joined);
}
