#include "dialect/plain_chunks.h"

#include "dialect/final_chunk.h"

/* Returns the offset of the event. */
static size_t begin(enum dialect dialect, const struct completion *completion, struct buffer *out)
{
    size_t start = out->bytes;
    buffer_append_text(out, "data: ");
    final_chunk_head(dialect, &completion->root, out);
    return start;
}

/* A line break in JSON is white space, never part of a string, but it would end the event's
 * line. */
static void end(struct buffer *out, size_t start, const char *closing)
{
    buffer_append_text(out, closing);
    for (size_t i = start; i < out->bytes; i++) {
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
    }
    buffer_append_text(out, "\n\n");
}

static void write_member(const char *name, const struct json_value *value, struct buffer *out)
{
    buffer_printf(out, "\"%s\":", name);
    buffer_append_slice(out, value->raw);
}

/* A tool call in a delta needs its index. */
static void write_tool_calls(const struct json_value *calls, struct buffer *out)
{
    struct json_walk walk = json_walk(calls);
    struct json_item call;
    for (int index = 0; json_next(&walk, &call); index++) {
        struct json_value there;
        struct slice members = {call.value.raw.data + 1, call.value.raw.bytes - 1};
        bool numbered = call.value.type != JSON_OBJECT || json_find(&call.value, "index", &there);
        buffer_append_text(out, index > 0 ? "," : "");
        if (numbered) {
            buffer_append_slice(out, call.value.raw);
            continue;
        }
        buffer_printf(out, "{\"index\":%d,", index);
        buffer_append_slice(out, members);
    }
}

static void write_delta(const struct json_value *message, struct buffer *out)
{
    const char *comma = "";
    struct json_walk walk = json_walk(message);
    struct json_item item;
    while (json_next(&walk, &item)) {
        buffer_printf(out, "%s\"", comma);
        buffer_append_slice(out, item.key);
        buffer_append_text(out, "\":");
        if (json_key_is(item.key, "tool_calls") && item.value.type == JSON_ARRAY) {
            buffer_append_char(out, '[');
            write_tool_calls(&item.value, out);
            buffer_append_char(out, ']');
        } else {
            buffer_append_slice(out, item.value.raw);
        }
        comma = ",";
    }
}

static void write_message_choice(const struct completion *completion,
                                 const struct json_value *choice, int place, struct buffer *out)
{
    enum { INDEX, MESSAGE, LOGPROBS, FINISH_REASON, MEMBERS };
    struct json_member members[MEMBERS] = {[INDEX] = {.name = "index"},
                                           [MESSAGE] = {.name = "message"},
                                           [LOGPROBS] = {.name = "logprobs"},
                                           [FINISH_REASON] = {.name = "finish_reason"}};
    int64_t index;
    json_find_all(choice, members, MEMBERS);
    if (!json_int64(&members[INDEX].value, &index))
        index = place;
    size_t start = begin(DIALECT_CHAT, completion, out);
    buffer_printf(out, ",\"choices\":[{\"index\":%lld,\"delta\":{", (long long)index);
    if (members[MESSAGE].value.type == JSON_OBJECT)
        write_delta(&members[MESSAGE].value, out);
    buffer_append_text(out, "},");
    if (members[LOGPROBS].count == 1) {
        write_member("logprobs", &members[LOGPROBS].value, out);
        buffer_append_char(out, ',');
    }
    end(out, start, "\"finish_reason\":null}]}");
    if (members[FINISH_REASON].value.type != JSON_STRING)
        return;
    start = begin(DIALECT_CHAT, completion, out);
    buffer_printf(out, ",\"choices\":[{\"index\":%lld,\"delta\":{},", (long long)index);
    write_member("finish_reason", &members[FINISH_REASON].value, out);
    end(out, start, "}]}");
}

/* Choices of plain answers and of chunks look alike here. */
static void write_text_choice(const struct completion *completion, const struct json_value *choice,
                              struct buffer *out)
{
    size_t start = begin(DIALECT_COMPLETIONS, completion, out);
    buffer_append_text(out, ",\"choices\":[");
    buffer_append_slice(out, choice->raw);
    end(out, start, "]}");
}

bool plain_chunks_write(enum dialect dialect, const struct completion *completion,
                        struct buffer *out)
{
    struct json_walk walk = json_walk(&completion->choices);
    struct json_item choice;
    for (int place = 0; json_next(&walk, &choice); place++) {
        if (dialect == DIALECT_COMPLETIONS)
            write_text_choice(completion, &choice.value, out);
        else
            write_message_choice(completion, &choice.value, place, out);
    }
    if (completion->usage.type == JSON_OBJECT) {
        size_t start = begin(dialect, completion, out);
        buffer_append_text(out, ",\"choices\":[],");
        write_member("usage", &completion->usage, out);
        end(out, start, "}");
    }
    buffer_append_text(out, "data: [DONE]\n\n");
    return !out->failed;
}
