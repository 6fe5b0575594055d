#include <string.h>

#include "dialect/answer_state.h"
#include "dialect/responses.h"
#include "dialect/responses_output.h"

/* ---- the object of an answer ---- */

static const char *finish_of(const struct json_value *status, const struct json_value *details,
                             const struct json_value *output)
{
    struct json_member reason = {.name = "reason"};
    if (json_string_is(status, "completed"))
        return responses_output_calls(output) ? "tool_calls" : "stop";
    if (json_string_is(status, "cancelled"))
        return "stop";
    if (!json_string_is(status, "incomplete"))
        return NULL;
    json_find_all(details, &reason, 1);
    return json_string_is(&reason.value, "content_filter") ? "content_filter" : "length";
}

/* Reads what decides the price, and how the answer ended. Returns its output. */
static struct json_value read_response(const struct json_value *response, struct answer_facts *out)
{
    enum { STATUS, DETAILS, OUTPUT, USAGE, MODEL, TIER, TOOLS, MEMBERS };
    struct json_member members[MEMBERS] = {
        [STATUS] = {.name = "status"},   [DETAILS] = {.name = "incomplete_details"},
        [OUTPUT] = {.name = "output"},   [USAGE] = {.name = "usage"},
        [MODEL] = {.name = "model"},     [TIER] = {.name = "service_tier"},
        [TOOLS] = {.name = "tool_usage"}};
    json_find_all(response, members, MEMBERS);
    out->holder = *response;
    out->usage = members[USAGE].value;
    out->model = members[MODEL].value;
    out->service_tier = members[TIER].value;
    out->beside.tool_usage = members[TOOLS].value;
    out->beside.output = members[OUTPUT].value;
    out->finish_reason =
        finish_of(&members[STATUS].value, &members[DETAILS].value, &members[OUTPUT].value);
    out->said = out->said || out->finish_reason != NULL;
    return members[OUTPUT].value;
}

static void fail(const struct json_value *error, struct answer_facts *out)
{
    out->kind = ANSWER_FAILS;
    out->error = *error;
}

void responses_read_answer(const struct json_value *root, struct answer_facts *out)
{
    enum { STATUS, ERROR, MEMBERS };
    struct json_member members[MEMBERS] = {
        [STATUS] = {.name = "status"}, [ERROR] = {.name = "error"}};
    struct json_item item;
    *out = (struct answer_facts){.kind = ANSWER_PASSES};
    json_find_all(root, members, MEMBERS);
    if (json_string_is(&members[STATUS].value, "failed") ||
        members[ERROR].value.type == JSON_OBJECT) {
        fail(root, out);
        return;
    }
    struct json_value output = read_response(root, out);
    struct json_walk walk = json_walk(&output);
    while (output.type == JSON_ARRAY && json_next(&walk, &item)) {
        responses_output_read_item(&item.value, out);
        responses_output_read_summary(&item.value, out);
    }
}

/* ---- events ---- */

/* The members of events that say where they belong, and what they bring. */
enum {
    TYPE,
    SEQUENCE,
    INDEX,
    CONTENT_INDEX,
    SUMMARY_INDEX,
    DELTA,
    ITEM,
    PART,
    RESPONSE,
    PADDING,
    PARTS
};

static const char *const names[PARTS] = {
    [TYPE] = "type",
    [SEQUENCE] = "sequence_number",
    [INDEX] = "output_index",
    [CONTENT_INDEX] = "content_index",
    [SUMMARY_INDEX] = "summary_index",
    [DELTA] = "delta",
    [ITEM] = "item",
    [PART] = "part",
    [RESPONSE] = "response",
    [PADDING] = "obfuscation",
};

struct event {
    struct json_member members[PARTS];
    struct responses_state *state; /* NULL: it is only looked at */
};

static const struct json_value *value_of(const struct event *event, size_t which)
{
    return &event->members[which].value;
}

static int64_t index_of(const struct event *event, size_t which)
{
    int64_t index = 0;
    const struct json_value *value = value_of(event, which);
    return value->type == JSON_NUMBER && json_int64(value, &index) ? index : 0;
}

/* Whether it belongs to the item that the state follows. */
static bool is_open(const struct event *event)
{
    return event->state != NULL && event->state->item.bytes > 0 &&
           index_of(event, INDEX) == event->state->item_index;
}

static void begin(const struct event *event, struct answer_facts *out)
{
    (void)read_response(value_of(event, RESPONSE), out);
    if (event->state != NULL)
        responses_state_name(event->state, value_of(event, RESPONSE));
}

/* The output has come before, item by item; or a provider has kept most of it for the end. */
static void count_rest(const struct responses_state *state, const struct json_value *output,
                       struct answer_facts *out)
{
    enum { ALIKE_BYTES = 256 };
    struct answer_facts whole = {.kind = ANSWER_PASSES};
    struct json_walk walk = json_walk(output);
    struct json_item item;
    while (output->type == JSON_ARRAY && json_next(&walk, &item))
        responses_output_read_item(&item.value, &whole);
    if (whole.sizes.text_bytes > 2 * state->text_bytes + ALIKE_BYTES)
        out->sizes.text_bytes = whole.sizes.text_bytes - state->text_bytes;
}

static void end(const struct event *event, struct answer_facts *out)
{
    struct json_value output = read_response(value_of(event, RESPONSE), out);
    bool whole = json_string_is(value_of(event, TYPE), "response.completed");
    if (out->finish_reason == NULL) /* by the event's own name */
        out->finish_reason =
            !whole ? "length" : (responses_output_calls(&output) ? "tool_calls" : "stop");
    if (event->state != NULL) {
        count_rest(event->state, &output, out);
        event->state->last = RESPONSES_ENDED;
    }
    out->said = true;
    out->kind = ANSWER_ENDS;
}

/* The bit of an item that a state can remember, or 0. */
static uint64_t call_bit(const struct event *event)
{
    int64_t index = index_of(event, INDEX);
    return index >= 0 && index < 64 ? UINT64_C(1) << index : 0;
}

/* Counts a call of a tool when it begins: who leaves in the middle of it has caused it. */
static void begin_call(const struct event *event, struct answer_facts *out)
{
    uint64_t bit = call_bit(event);
    if (event->state == NULL || bit == 0)
        return; /* it is counted when it ends */
    event->state->begun_calls |= bit;
    tool_calls_count_begun(value_of(event, ITEM), &out->calls);
}

/* What the call has done is known now. */
static void end_call(const struct event *event, struct answer_facts *out)
{
    struct tool_calls begun = {0};
    uint64_t bit = call_bit(event);
    tool_calls_count_item(value_of(event, ITEM), &out->calls);
    if (event->state == NULL || (event->state->begun_calls & bit) == 0)
        return;
    event->state->begun_calls &= ~bit;
    tool_calls_count_begun(value_of(event, ITEM), &begun);
    tool_calls_subtract(&out->calls, &begun);
}

static void add_item(const struct event *event, struct answer_facts *out)
{
    begin_call(event, out);
    responses_output_read_begun(value_of(event, ITEM), out);
    if (event->state != NULL)
        responses_state_add_item(event->state, index_of(event, INDEX), value_of(event, ITEM));
}

/* A provider may send an item without deltas: then its text is news. */
static void end_item(const struct event *event, struct answer_facts *out)
{
    const struct json_value *item = value_of(event, ITEM);
    struct answer_facts whole = {.kind = ANSWER_PASSES};
    responses_output_read_item(item, &whole);
    out->said = whole.said;
    out->sizes.image_count = whole.sizes.image_count;
    end_call(event, out);
    if (event->state == NULL)
        return;
    bool begun = is_open(event);
    bool known = begun && responses_state_has_text(event->state);
    struct answer_facts before = {.kind = ANSWER_PASSES};
    if (begun)
        responses_output_read_begun(item, &before);
    if (!known && whole.sizes.text_bytes > before.sizes.text_bytes)
        out->sizes.text_bytes = whole.sizes.text_bytes - before.sizes.text_bytes;
    responses_state_end_item(event->state, index_of(event, INDEX), item);
}

static void add_part(const struct event *event, struct answer_facts *out)
{
    struct json_member type = {.name = "type"};
    enum responses_part part = RESPONSES_TEXT;
    (void)out;
    if (!is_open(event))
        return;
    json_find_all(value_of(event, PART), &type, 1);
    if (json_string_is(&type.value, "refusal"))
        part = RESPONSES_REFUSAL;
    else if (json_string_is(&type.value, "reasoning_text"))
        part = RESPONSES_REASONING;
    responses_state_add_part(event->state, index_of(event, CONTENT_INDEX), part);
}

static void add_summary(const struct event *event, struct answer_facts *out)
{
    (void)out;
    if (is_open(event))
        responses_state_add_part(event->state, index_of(event, SUMMARY_INDEX), RESPONSES_SUMMARY);
}

static void end_part(const struct event *event, struct answer_facts *out)
{
    (void)out;
    if (is_open(event))
        responses_state_end_part(event->state, value_of(event, PART));
}

static void end_text(const struct event *event, struct answer_facts *out)
{
    (void)out;
    if (is_open(event))
        event->state->text_done = true;
}

/* What differs in the next delta, beside its text. */
static void note_varying(const struct event *event, struct answer_facts *out)
{
    const struct json_value *padding = value_of(event, PADDING);
    const struct json_value *number = value_of(event, SEQUENCE);
    if (padding->type == JSON_STRING)
        out->padding = (struct slice){padding->raw.data + 1, padding->raw.bytes - 2};
    if (number->type == JSON_NUMBER)
        out->numbers[out->number_count++] = number->raw;
}

static void read_text(const struct event *event, enum responses_part part, size_t index,
                      struct answer_facts *out)
{
    const struct json_value *delta = value_of(event, DELTA);
    if (delta->type != JSON_STRING || delta->raw.bytes == 2)
        return;
    out->text = (struct slice){delta->raw.data + 1, delta->raw.bytes - 2};
    out->sizes.text_bytes = media_text_bytes(delta);
    out->said = true;
    note_varying(event, out);
    if (part != RESPONSES_NO_PART && is_open(event))
        responses_state_add_text(event->state, index_of(event, index), part, out->text);
}

static void add_text(const struct event *event, struct answer_facts *out)
{
    read_text(event, RESPONSES_TEXT, CONTENT_INDEX, out);
}

static void add_refusal(const struct event *event, struct answer_facts *out)
{
    read_text(event, RESPONSES_REFUSAL, CONTENT_INDEX, out);
}

static void add_reasoning(const struct event *event, struct answer_facts *out)
{
    read_text(event, RESPONSES_REASONING, CONTENT_INDEX, out);
}

static void add_summary_text(const struct event *event, struct answer_facts *out)
{
    read_text(event, RESPONSES_SUMMARY, SUMMARY_INDEX, out);
}

static void add_arguments(const struct event *event, struct answer_facts *out)
{
    read_text(event, RESPONSES_ARGUMENTS, INDEX, out);
}

static void add_sound(const struct event *event, struct answer_facts *out)
{
    const struct json_value *delta = value_of(event, DELTA);
    if (delta->type != JSON_STRING)
        return;
    out->sizes.audio_bytes = (int64_t)delta->raw.bytes - 2;
    out->said = out->sizes.audio_bytes > 0;
}

/* What a tool of the provider has found, or a picture that is not ready. */
static void say(const struct event *event, struct answer_facts *out)
{
    (void)event;
    out->said = true;
}

static void ignore(const struct event *event, struct answer_facts *out)
{
    (void)event;
    out->kind = ANSWER_IGNORED;
}

/* Sorted by how often they come. */
static const struct {
    const char *type;
    void (*read)(const struct event *event, struct answer_facts *out);
} types[] = {
    {"response.output_text.delta", add_text},
    {"response.function_call_arguments.delta", add_arguments},
    {"response.reasoning_summary_text.delta", add_summary_text},
    {"response.custom_tool_call_input.delta", add_arguments},
    {"response.reasoning_text.delta", add_reasoning},
    {"response.reasoning.delta", add_reasoning}, /* Open Responses */
    {"response.refusal.delta", add_refusal},
    {"response.output_item.added", add_item},
    {"response.output_item.done", end_item},
    {"response.content_part.added", add_part},
    {"response.content_part.done", end_part},
    {"response.reasoning_summary_part.added", add_summary},
    {"response.reasoning_summary_part.done", end_part},
    {"response.output_text.done", end_text},
    {"response.refusal.done", end_text},
    {"response.reasoning_text.done", end_text},
    {"response.reasoning.done", end_text},
    {"response.reasoning_summary_text.done", end_text},
    {"response.function_call_arguments.done", end_text},
    {"response.custom_tool_call_input.done", end_text},
    {"response.created", begin},
    {"response.in_progress", begin},
    {"response.queued", begin},
    {"response.completed", end},
    {"response.incomplete", end},
    {"response.audio.delta", add_sound},
    {"response.shell_call_output_content.delta", say},
    {"response.image_generation_call.partial_image", say},
    {"keepalive", ignore},
    {"ping", ignore},
};

static void read_by_type(const struct event *event, struct answer_facts *out)
{
    static const char delta[] = ".delta\"";
    size_t bytes = sizeof delta - 1;
    const struct json_value *type = value_of(event, TYPE);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (json_string_is(type, types[i].type)) {
            types[i].read(event, out);
            return;
        }
    }
    /* The code of a tool, a transcript, or what comes tomorrow. */
    if (type->raw.bytes > bytes &&
        memcmp(type->raw.data + type->raw.bytes - bytes, delta, bytes) == 0)
        read_text(event, RESPONSES_NO_PART, INDEX, out);
}

static bool is_failure(const struct json_value *root, const struct json_value *type)
{
    struct json_member error = {.name = "error"};
    if (type->type == JSON_STRING)
        return json_string_is(type, "error") || json_string_is(type, "response.failed");
    json_find_all(root, &error, 1);
    return error.value.type == JSON_OBJECT;
}

/* Notes the number of an event, and that the one before it has been sent. */
static void follow(const struct event *event)
{
    const struct json_value *number = value_of(event, SEQUENCE);
    struct responses_state *state = event->state;
    int64_t sequence = 0;
    responses_state_settle(state);
    bool told = number->type == JSON_NUMBER && json_int64(number, &sequence) && sequence >= 0 &&
                sequence < INT32_MAX;
    state->next_sequence = (told ? sequence : state->next_sequence) + 1;
}

void responses_note_text(struct answer_state *state, struct slice text)
{
    struct responses_state *responses = &state->responses;
    responses_state_settle(responses);
    responses->next_sequence++;
    if (responses->part != RESPONSES_NO_PART)
        responses_state_extend_text(responses, text);
}

void responses_read_event(struct answer_state *state, const struct json_value *root,
                          struct answer_facts *out)
{
    struct event event = {.state = state != NULL ? &state->responses : NULL};
    *out = (struct answer_facts){.kind = ANSWER_PASSES};
    for (size_t i = 0; i < PARTS; i++)
        event.members[i].name = names[i];
    json_find_all(root, event.members, PARTS);
    const struct json_value *type = value_of(&event, TYPE);
    if (is_failure(root, type)) {
        fail(root, out);
        return;
    }
    if (type->type != JSON_STRING) {
        out->kind = ANSWER_IGNORED;
        return;
    }
    if (event.state != NULL)
        follow(&event);
    read_by_type(&event, out);
    if (state == NULL)
        return;
    state->responses.text_bytes += out->sizes.text_bytes;
    state->begun = state->responses.head.bytes > 0;
}
