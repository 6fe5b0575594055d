#include <string.h>

#include "base/limits.h"
#include "base/money.h"
#include "dialect/answer_state.h"
#include "dialect/plain_events.h"
#include "dialect/responses.h"

/* What an end is written from: the state without the event that was not sent. */
struct view {
    const struct responses_state *state; /* NULL: nothing has come */
    int64_t sequence;                    /* the next event's number */
    struct slice items;
    struct slice text;
    bool open; /* an item of which the client knows is not done */
    bool part; /* and a part of it */
};

/* ---- usage ---- */

void responses_write_usage(const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    int64_t total_tokens = usage->prompt_tokens + usage->completion_tokens;
    buffer_printf(out,
                  "{\"input_tokens\":%lld,\"input_tokens_details\":{\"cached_tokens\":%lld,"
                  "\"cache_write_tokens\":0},\"output_tokens\":%lld,"
                  "\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":%lld,"
                  "\"cost\":%s}",
                  (long long)usage->prompt_tokens, (long long)usage->cached_tokens,
                  (long long)usage->completion_tokens, (long long)total_tokens,
                  money_format_short(usage->charge_nusd, cost));
}

/* ---- events ---- */

static void begin_event(struct view *view, const char *type, struct buffer *out)
{
    buffer_printf(out, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%lld", type, type,
                  (long long)view->sequence++);
}

static void end_event(struct buffer *out)
{
    buffer_append_text(out, "}\n\n");
}

static void write_string(const char *name, struct slice text, struct buffer *out)
{
    buffer_printf(out, "\"%s\":\"", name);
    buffer_append_slice(out, text);
    buffer_append_char(out, '"');
}

/* Copies the members of an object but those in `left_out`, each with a comma behind it. */
static void copy_members(struct slice text, const char *const *left_out, struct buffer *out)
{
    struct json_value root;
    struct json_item item;
    struct fault fault;
    if (!json_parse(text, LIMIT_JSON_DEPTH, &root, &fault))
        return;
    struct json_walk walk = json_walk(&root);
    while (root.type == JSON_OBJECT && json_next(&walk, &item)) {
        const char *const *name = left_out;
        while (*name != NULL && !json_key_is(item.key, *name))
            name++;
        if (*name != NULL)
            continue;
        buffer_append_char(out, '"');
        buffer_append_slice(out, item.key);
        buffer_append_text(out, "\":");
        buffer_append_slice(out, item.value.raw);
        buffer_append_char(out, ',');
    }
}

/* ---- what is open ---- */

static const struct {
    const char *done;  /* the event that ends its text */
    const char *ended; /* the event that ends it */
    const char *index; /* where it stands, by name */
    const char *text;  /* the member that has its text */
    const char *part;  /* its own form around the text */
    const char *rest;
} parts[] = {
    [RESPONSES_TEXT] = {"response.output_text.done", "response.content_part.done", "content_index",
                        "text", "{\"type\":\"output_text\",",
                        ",\"annotations\":[],\"logprobs\":[]}"},
    [RESPONSES_REFUSAL] = {"response.refusal.done", "response.content_part.done", "content_index",
                           "refusal", "{\"type\":\"refusal\",", "}"},
    [RESPONSES_REASONING] = {"response.reasoning_text.done", "response.content_part.done",
                             "content_index", "text", "{\"type\":\"reasoning_text\",", "}"},
    [RESPONSES_SUMMARY] = {"response.reasoning_summary_text.done",
                           "response.reasoning_summary_part.done", "summary_index", "text",
                           "{\"type\":\"summary_text\",", "}"},
    [RESPONSES_ARGUMENTS] = {"response.function_call_arguments.done", NULL, NULL, "arguments", NULL,
                             NULL},
};

static void write_part(const struct view *view, struct buffer *out)
{
    enum responses_part part = view->state->part;
    buffer_append_text(out, parts[part].part);
    write_string(parts[part].text, view->text, out);
    buffer_append_text(out, parts[part].rest);
}

/* Writes where an event belongs. */
static void write_place(const struct view *view, const struct json_value *id, struct buffer *out)
{
    const struct responses_state *state = view->state;
    const char *index = parts[state->part].index;
    buffer_append_text(out, ",\"item_id\":");
    buffer_append_slice(out, id->type == JSON_STRING ? id->raw : slice_of("\"\""));
    buffer_printf(out, ",\"output_index\":%lld", (long long)state->item_index);
    if (index != NULL)
        buffer_printf(out, ",\"%s\":%lld", index, (long long)state->part_index);
    buffer_append_char(out, ',');
}

/* Ends the open part and its text. */
static void end_part(struct view *view, const struct json_value *id, struct buffer *out)
{
    const struct responses_state *state = view->state;
    if (!state->text_done) {
        begin_event(view, parts[state->part].done, out);
        write_place(view, id, out);
        write_string(parts[state->part].text, view->text, out);
        buffer_append_text(out, state->part == RESPONSES_TEXT ? ",\"logprobs\":[]" : "");
        end_event(out);
    }
    if (!state->part_added || parts[state->part].ended == NULL)
        return;
    begin_event(view, parts[state->part].ended, out);
    write_place(view, id, out);
    buffer_append_text(out, "\"part\":");
    write_part(view, out);
    end_event(out);
}

/* Writes a list of the parts that are done, and of the open one if it is `kind`. */
static void write_list(const struct view *view, const char *name, const struct buffer *done,
                       bool has_open, struct buffer *out)
{
    buffer_printf(out, "\"%s\":[", name);
    buffer_append_slice(out, buffer_slice(done));
    if (has_open && done->bytes > 0)
        buffer_append_char(out, ',');
    if (has_open)
        write_part(view, out);
    buffer_append_text(out, "],");
}

/* Writes the open item as far as it has come. What is encrypted in it may be incomplete, too. */
static void write_item(const struct view *view, const struct json_value *type, struct buffer *out)
{
    static const char *const left_out[] = {"status",    "content",           "summary",
                                           "arguments", "encrypted_content", NULL};
    const struct responses_state *state = view->state;
    bool open = view->part && state->part != RESPONSES_ARGUMENTS;
    bool summary = state->part == RESPONSES_SUMMARY;
    bool reasons = json_string_is(type, "reasoning");
    buffer_append_char(out, '{');
    copy_members(buffer_slice(&state->item), left_out, out);
    if (json_string_is(type, "function_call")) {
        write_string("arguments", view->part ? view->text : (struct slice){"", 0}, out);
        buffer_append_char(out, ',');
    }
    if (reasons)
        write_list(view, "summary", &state->summary, open && summary, out);
    if (json_string_is(type, "message") ||
        (reasons && (state->content.bytes > 0 || (open && !summary))))
        write_list(view, "content", &state->content, open && !summary, out);
    buffer_append_text(out, "\"status\":\"incomplete\"}");
}

/* Ends the open item, and writes it into `item`. Calls whose input is free text are left open: a
 * client may run what is done, and half of a script is one. Those with JSON do not run by half. */
static void end_item(struct view *view, struct buffer *item, struct buffer *out)
{
    static const char *const ended[] = {"message", "reasoning", "function_call"};
    enum { TYPE, ID, MEMBERS };
    struct json_member members[MEMBERS] = {[TYPE] = {.name = "type"}, [ID] = {.name = "id"}};
    struct json_value root;
    struct fault fault;
    if (!view->open ||
        !json_parse(buffer_slice(&view->state->item), LIMIT_JSON_DEPTH, &root, &fault))
        return;
    json_find_all(&root, members, MEMBERS);
    const struct json_value *type = &members[TYPE].value;
    if (!json_string_is_one_of(type, ended, sizeof ended / sizeof ended[0]))
        return;
    if (view->part)
        end_part(view, &members[ID].value, out);
    write_item(view, type, item);
    begin_event(view, "response.output_item.done", out);
    buffer_printf(out, ",\"output_index\":%lld,\"item\":", (long long)view->state->item_index);
    buffer_append_slice(out, buffer_slice(item));
    end_event(out);
}

/* ---- the object of the answer ---- */

/* Writes it up to its status: as it was told, or the least that clients need. */
static void write_head(const struct answer_state *state, struct buffer *out)
{
    static const char *const left_out[] = {
        "status", "error", "incomplete_details", "output", "usage", "model", NULL};
    struct json_member model = {.name = "model"};
    struct json_value root;
    struct fault fault;
    bool named = state != NULL && state->responses.head.bytes > 0 &&
                 json_parse(buffer_slice(&state->responses.head), LIMIT_JSON_DEPTH, &root, &fault);
    buffer_append_char(out, '{');
    if (named) {
        json_find_all(&root, &model, 1);
        copy_members(buffer_slice(&state->responses.head), left_out, out);
    } else {
        buffer_append_text(out, "\"id\":\"\",\"object\":\"response\",\"created_at\":0,"
                                "\"parallel_tool_calls\":true,\"tool_choice\":\"auto\","
                                "\"tools\":[],");
    }
    struct slice name = model.count > 0 ? model.value.raw : slice_of("\"\"");
    if (state != NULL && state->answers_as.bytes > 0)
        name = state->answers_as;
    buffer_append_text(out, "\"model\":");
    buffer_append_slice(out, name);
    buffer_append_char(out, ',');
}

static void write_output(struct slice items, struct slice item, struct buffer *out)
{
    buffer_append_text(out, ",\"output\":[");
    buffer_append_slice(out, items);
    if (items.bytes > 0 && item.bytes > 0)
        buffer_append_char(out, ',');
    buffer_append_slice(out, item);
    buffer_append_text(out, "],\"usage\":");
}

/* The last event has not been sent. */
static struct view view_of(const struct answer_state *state)
{
    struct view view = {.state = state != NULL ? &state->responses : NULL};
    const struct responses_state *come = view.state;
    if (come == NULL)
        return view;
    bool unsent = come->next_sequence > 0;
    view.sequence = come->next_sequence - unsent;
    view.items = buffer_slice(&come->items);
    view.text = buffer_slice(&come->text);
    if (come->last == RESPONSES_ITEM_DONE)
        view.items.bytes -= come->last_bytes;
    if (come->last == RESPONSES_TEXT_ADDED)
        view.text.bytes -= come->last_bytes;
    view.open = come->item.bytes > 0 && come->last != RESPONSES_ITEM_ADDED;
    view.part = come->part != RESPONSES_NO_PART && (come->part_added || view.text.bytes > 0);
    return view;
}

void responses_write_length(const struct answer_state *state, const struct final_usage *usage,
                            struct buffer *out)
{
    struct view view = view_of(state);
    struct buffer item;
    buffer_init(&item, LIMIT_EVENT_BYTES);
    end_item(&view, &item, out);
    begin_event(&view, "response.incomplete", out);
    buffer_append_text(out, ",\"response\":");
    write_head(state, out);
    buffer_append_text(out, "\"status\":\"incomplete\",\"error\":null,\"incomplete_details\":"
                            "{\"reason\":\"max_output_tokens\"}");
    write_output(view.items, buffer_slice(&item), out);
    responses_write_usage(usage, out);
    buffer_append_char(out, '}');
    end_event(out);
    out->failed = out->failed || item.failed;
    buffer_fini(&item);
}

/* ---- failures ---- */

/* A code that the form knows. */
static const char *code_of(int status)
{
    if (status == 429 || status == 402)
        return "rate_limit_exceeded";
    return status >= 500 ? "server_error" : "invalid_prompt";
}

/* Nothing has come that could fail. Clients look for either form of this event. */
static void write_error(const struct error_body *error, struct buffer *out)
{
    struct view view = {.state = NULL};
    begin_event(&view, "error", out);
    buffer_append_text(out, ",\"code\":");
    json_write_text(out, error->code);
    buffer_append_text(out, ",\"message\":");
    json_write_text(out, error->message);
    buffer_append_text(out, ",\"param\":null,\"error\":{\"type\":");
    json_write_text(out, error_body_type(DIALECT_RESPONSES, error->status));
    buffer_append_text(out, ",\"code\":");
    json_write_text(out, error->code);
    buffer_append_text(out, ",\"message\":");
    json_write_text(out, error->message);
    buffer_append_text(out, ",\"param\":null}");
    end_event(out);
}

void responses_write_failure(const struct answer_state *state, const struct error_body *error,
                             const struct final_usage *usage, struct buffer *out)
{
    if (state == NULL || !state->begun) {
        write_error(error, out);
        return;
    }
    const struct responses_state *come = &state->responses;
    bool unsent = come->last == RESPONSES_ENDED; /* an end that could not be charged */
    struct view view = {.state = come, .sequence = come->next_sequence - unsent};
    begin_event(&view, "response.failed", out);
    buffer_append_text(out, ",\"response\":");
    write_head(state, out);
    buffer_printf(out,
                  "\"status\":\"failed\",\"incomplete_details\":null,\"error\":{\"code\":\"%s\"",
                  code_of(error->status));
    buffer_append_text(out, ",\"message\":");
    json_write_text(out, error->message);
    buffer_append_char(out, '}');
    write_output(buffer_slice(&come->items), (struct slice){"", 0}, out);
    if (usage != NULL)
        responses_write_usage(usage, out);
    else
        buffer_append_text(out, "null");
    buffer_append_char(out, '}');
    end_event(out);
}

const struct dialect_form responses_form = {
    .read_request = responses_read_request,
    .apply = responses_apply,
    .read_event = responses_read_event,
    .note_text = responses_note_text,
    .read_answer = responses_read_answer,
    .write_events = responses_write_events,
    .usage_name = "usage",
    .write_usage = responses_write_usage,
    .write_length = responses_write_length,
    .write_failure = responses_write_failure,
    .events_named = true,
    .keep_alive = ": keep-alive\n",
    .last_event = "",
};
