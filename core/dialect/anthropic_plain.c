#include "dialect/plain_events.h"

enum { EDITS = 4 };

/* Begins an event; returns where its data stands. */
static size_t begin(const char *type, struct buffer *out)
{
    buffer_printf(out, "event: %s\n", type);
    size_t start = out->bytes;
    buffer_printf(out, "data: {\"type\":\"%s\"", type);
    return start;
}

static void end(struct buffer *out, size_t start)
{
    buffer_append_char(out, '}');
    plain_events_end(out, start);
}

/* ---- the message ---- */

/* The counts of the answer come at its end. */
static void write_start(const struct json_value *message, struct buffer *out)
{
    struct json_edit edits[EDITS];
    size_t count = 0;
    struct json_value usage;
    struct json_value tokens;
    plain_events_replace(message, "content", "[]", edits, &count);
    plain_events_replace(message, "stop_reason", "null", edits, &count);
    plain_events_replace(message, "stop_sequence", "null", edits, &count);
    struct buffer started;
    buffer_init(&started, message->raw.bytes + 64);
    plain_events_edited(message, edits, count, &started);
    struct json_value root = {.type = JSON_OBJECT, .raw = buffer_slice(&started)};
    count = 0;
    if (json_find(&root, "usage", &usage) > 0 && json_find(&usage, "output_tokens", &tokens) > 0)
        edits[count++] = (struct json_edit){.offset = (size_t)(tokens.raw.data - root.raw.data),
                                            .removed_bytes = tokens.raw.bytes,
                                            .inserted = slice_of("1")};
    size_t start = begin("message_start", out);
    buffer_append_text(out, ",\"message\":");
    plain_events_edited(&root, edits, count, out);
    end(out, start);
    out->failed = out->failed || started.failed;
    buffer_fini(&started);
}

static void write_raw(const struct json_value *object, const char *name, const char *otherwise,
                      struct buffer *out)
{
    struct json_value value;
    bool there = json_find(object, name, &value) > 0;
    buffer_printf(out, "\"%s\":", name);
    buffer_append_slice(out, there ? value.raw : slice_of(otherwise));
}

static void write_end(const struct json_value *message, struct buffer *out)
{
    size_t start = begin("message_delta", out);
    buffer_append_text(out, ",\"delta\":{");
    write_raw(message, "stop_reason", "\"end_turn\"", out);
    buffer_append_char(out, ',');
    write_raw(message, "stop_sequence", "null", out);
    buffer_append_text(out, "},");
    write_raw(message, "usage", "{}", out);
    end(out, start);
    end(out, begin("message_stop", out));
}

/* ---- blocks ---- */

static size_t begin_delta(int64_t index, const char *type, const char *member, struct buffer *out)
{
    size_t start = begin("content_block_delta", out);
    buffer_printf(out, ",\"index\":%lld,\"delta\":{\"type\":\"%s\",\"%s\":", (long long)index, type,
                  member);
    return start;
}

static void end_delta(struct buffer *out, size_t start)
{
    buffer_append_char(out, '}');
    end(out, start);
}

/* Members that come in deltas: what stands in the block's start, and what the delta is called. */
static const struct {
    const char *name, *empty, *type, *member;
    bool text; /* the delta has it as a text */
} pieces[] = {{"text", "\"\"", "text_delta", "text", false},
              {"thinking", "\"\"", "thinking_delta", "thinking", false},
              {"signature", "\"\"", "signature_delta", "signature", false},
              {"input", "{}", "input_json_delta", "partial_json", true}};

enum { PIECES = sizeof pieces / sizeof pieces[0] };

/* The members of a block that come in deltas, by its type. */
static unsigned pieces_of(const struct json_value *block)
{
    static const struct {
        const char *type;
        unsigned pieces;
    } types[] = {{"text", 1}, {"thinking", 2 | 4}, {"tool_use", 8}, {"server_tool_use", 8}};
    struct json_value type;
    if (json_find(block, "type", &type) == 0 || type.type != JSON_STRING)
        return 0;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (json_string_is(&type, types[i].type))
            return types[i].pieces;
    }
    return 0;
}

static void write_deltas(const struct json_value *block, unsigned which, int64_t index,
                         struct buffer *out)
{
    struct json_value value;
    for (size_t i = 0; i < PIECES; i++) {
        if ((which >> i & 1) == 0 || json_find(block, pieces[i].name, &value) == 0)
            continue;
        size_t start = begin_delta(index, pieces[i].type, pieces[i].member, out);
        if (pieces[i].text)
            json_write_string(out, value.raw);
        else
            buffer_append_slice(out, value.raw);
        end_delta(out, start);
    }
}

static void write_block(const struct json_value *block, int64_t index, struct buffer *out)
{
    struct json_edit edits[PIECES];
    size_t count = 0;
    unsigned which = pieces_of(block);
    for (size_t i = 0; i < PIECES; i++) {
        if ((which >> i & 1) != 0)
            plain_events_replace(block, pieces[i].name, pieces[i].empty, edits, &count);
    }
    size_t start = begin("content_block_start", out);
    buffer_printf(out, ",\"index\":%lld,\"content_block\":", (long long)index);
    plain_events_edited(block, edits, count, out);
    end(out, start);
    write_deltas(block, which, index, out);
    start = begin("content_block_stop", out);
    buffer_printf(out, ",\"index\":%lld", (long long)index);
    end(out, start);
}

void anthropic_write_events(const struct json_value *answer, struct buffer *out)
{
    struct json_value content = {.type = JSON_NULL};
    struct json_item block;
    write_start(answer, out);
    (void)json_find(answer, "content", &content);
    struct json_walk walk = json_walk(&content);
    for (int64_t index = 0; content.type == JSON_ARRAY && json_next(&walk, &block); index++)
        write_block(&block.value, index, out);
    write_end(answer, out);
}
