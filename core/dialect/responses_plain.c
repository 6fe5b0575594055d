#include "dialect/plain_events.h"

enum { EDITS = 4 };

struct stream {
    struct buffer *out;
    int64_t number; /* of the next event */
    int64_t item;   /* the index of the item, and of the part in it */
    int64_t part;
    struct slice item_id; /* as JSON */
};

static size_t begin(struct stream *stream, const char *type)
{
    buffer_printf(stream->out, "event: response.%s\n", type);
    size_t start = stream->out->bytes;
    buffer_printf(stream->out, "data: {\"type\":\"response.%s\",\"sequence_number\":%lld", type,
                  (long long)stream->number++);
    return start;
}

static void end(struct stream *stream, size_t start)
{
    buffer_append_char(stream->out, '}');
    plain_events_end(stream->out, start);
}

static void put(struct stream *stream, const char *name, struct slice value)
{
    buffer_printf(stream->out, ",\"%s\":", name);
    buffer_append_slice(stream->out, value);
}

/* An event with a member that is an object with changes. */
static void write_object(struct stream *stream, const char *type, const char *name,
                         const struct json_value *object, const struct json_edit *edits,
                         size_t edit_count)
{
    size_t start = begin(stream, type);
    if (name[0] != 'r') /* all but the response stand at an index */
        buffer_printf(stream->out, ",\"output_index\":%lld", (long long)stream->item);
    if (name[0] == 'p') {
        put(stream, "item_id", stream->item_id);
        buffer_printf(stream->out, ",\"content_index\":%lld", (long long)stream->part);
    }
    buffer_printf(stream->out, ",\"%s\":", name);
    plain_events_edited(object, edits, edit_count, stream->out);
    end(stream, start);
}

/* A text, or a piece of one, in an item or one of its parts. */
static void write_text(struct stream *stream, const char *type, bool in_part, const char *name,
                       const struct json_value *text)
{
    size_t start = begin(stream, type);
    put(stream, "item_id", stream->item_id);
    buffer_printf(stream->out, ",\"output_index\":%lld", (long long)stream->item);
    if (in_part)
        buffer_printf(stream->out, ",\"content_index\":%lld,\"logprobs\":[]",
                      (long long)stream->part);
    put(stream, name, text->raw);
    end(stream, start);
}

static bool is_of_type(const struct json_value *object, const char *name)
{
    struct json_value type;
    return json_find(object, "type", &type) > 0 && type.type == JSON_STRING &&
           json_string_is(&type, name);
}

static bool find_text(const struct json_value *object, const char *name, struct json_value *out)
{
    return json_find(object, name, out) > 0 && out->type == JSON_STRING;
}

static void write_part(struct stream *stream, const struct json_value *part)
{
    struct json_edit edits[EDITS];
    size_t count = 0;
    struct json_value text;
    bool spoken = is_of_type(part, "output_text") && find_text(part, "text", &text);
    if (spoken)
        plain_events_replace(part, "text", "\"\"", edits, &count);
    write_object(stream, "content_part.added", "part", part, edits, count);
    if (spoken) {
        write_text(stream, "output_text.delta", true, "delta", &text);
        write_text(stream, "output_text.done", true, "text", &text);
    }
    write_object(stream, "content_part.done", "part", part, NULL, 0);
}

static void write_parts(struct stream *stream, const struct json_value *content)
{
    struct json_walk walk = json_walk(content);
    struct json_item part;
    for (stream->part = 0; json_next(&walk, &part); stream->part++)
        write_part(stream, &part.value);
}

static void write_item(struct stream *stream, const struct json_value *item)
{
    struct json_edit edits[EDITS];
    size_t count = 0;
    struct json_value id;
    struct json_value content;
    struct json_value arguments;
    bool message = is_of_type(item, "message") && json_find(item, "content", &content) > 0 &&
                   content.type == JSON_ARRAY;
    bool call = is_of_type(item, "function_call") && find_text(item, "arguments", &arguments);
    stream->item_id = find_text(item, "id", &id) ? id.raw : slice_of("\"\"");
    if (message)
        plain_events_replace(item, "content", "[]", edits, &count);
    if (call)
        plain_events_replace(item, "arguments", "\"\"", edits, &count);
    if (message || call)
        plain_events_replace(item, "status", "\"in_progress\"", edits, &count);
    write_object(stream, "output_item.added", "item", item, edits, count);
    if (message)
        write_parts(stream, &content);
    if (call) {
        write_text(stream, "function_call_arguments.delta", false, "delta", &arguments);
        write_text(stream, "function_call_arguments.done", false, "arguments", &arguments);
    }
    write_object(stream, "output_item.done", "item", item, NULL, 0);
}

void responses_write_events(const struct json_value *answer, struct buffer *out)
{
    struct stream stream = {.out = out};
    struct json_edit edits[EDITS];
    size_t count = 0;
    struct json_value output = {.type = JSON_NULL};
    struct json_value status = {.type = JSON_NULL};
    struct json_item item;
    plain_events_replace(answer, "output", "[]", edits, &count);
    plain_events_replace(answer, "status", "\"in_progress\"", edits, &count);
    plain_events_replace(answer, "usage", "null", edits, &count);
    plain_events_replace(answer, "incomplete_details", "null", edits, &count);
    write_object(&stream, "created", "response", answer, edits, count);
    write_object(&stream, "in_progress", "response", answer, edits, count);
    (void)json_find(answer, "output", &output);
    struct json_walk walk = json_walk(&output);
    for (; output.type == JSON_ARRAY && json_next(&walk, &item); stream.item++)
        write_item(&stream, &item.value);
    bool cut = json_find(answer, "status", &status) > 0 && status.type == JSON_STRING &&
               json_string_is(&status, "incomplete");
    write_object(&stream, cut ? "incomplete" : "completed", "response", answer, NULL, 0);
}
