#include "dialect/content_text.h"

#include <ctype.h>
#include <string.h>

#include "base/json_text.h"
#include "base/json_writer.h"
#include "base/least.h"
#include "base/limits.h"

enum {
    CLOSING_BYTES = 64, /* what ends the object, its message and the list */
    OBJECT_BYTES = 320  /* the names and words of an object */
};

void content_text_init(struct content_text *text, size_t bytes_max, struct slice secret)
{
    *text = (struct content_text){.bytes_max = bytes_max, .secret = secret};
    buffer_init(&text->out, bytes_max);
}

void content_text_fini(struct content_text *text)
{
    buffer_fini(&text->out);
}

/* ---- structure ---- */

static size_t room(const struct content_text *text)
{
    size_t used = text->out.bytes + CLOSING_BYTES;
    return used < text->bytes_max ? text->bytes_max - used : 0;
}

static bool leave_out(struct content_text *text)
{
    text->cut = true;
    return false;
}

void content_list(struct content_text *text, const char *name)
{
    json_writer_array(&text->out, name);
}

void content_list_end(struct content_text *text)
{
    json_writer_array_end(&text->out);
}

bool content_has_room(struct content_text *text)
{
    return room(text) >= OBJECT_BYTES || leave_out(text);
}

bool content_object(struct content_text *text, const char *name)
{
    if (!content_has_room(text))
        return false;
    text->part_cut = false;
    json_writer_object(&text->out, name);
    return true;
}

void content_object_end(struct content_text *text)
{
    if (text->part_cut)
        json_writer_bool(&text->out, "truncated", true);
    text->part_cut = false;
    json_writer_object_end(&text->out);
}

bool content_element(struct content_text *text, struct slice json)
{
    if (json.bytes + 1 > room(text))
        return leave_out(text);
    json_writer_begin(&text->out, NULL);
    return buffer_append_slice(&text->out, json);
}

/* ---- members ---- */

void content_word(struct content_text *text, const char *name, const char *word)
{
    json_writer_text(&text->out, name, word);
}

void content_count(struct content_text *text, const char *name, size_t count)
{
    json_writer_int(&text->out, name, (int64_t)count);
}

static bool is_low_half(const char *at)
{
    return at[0] == '\\' && at[1] == 'u' && (json_hex4(at + 2) & 0xfc00) == 0xdc00;
}

/* The bytes of the character at `at`, as a string of JSON has it. */
static size_t character_bytes(const char *at, const char *end)
{
    if (*at == '\\' && at[1] != 'u')
        return 2;
    if (*at == '\\') {
        bool high_half = (json_hex4(at + 2) & 0xfc00) == 0xd800;
        return high_half && end - at >= 12 && is_low_half(at + 6) ? 12 : 6;
    }
    size_t bytes = (unsigned char)*at < 0x80 ? 1 : json_utf8_bytes(at, end);
    return bytes > 0 ? bytes : 1;
}

struct slice content_whole(struct slice inner, size_t bytes_most)
{
    const char *end = inner.data + inner.bytes;
    size_t bytes = 0;
    if (inner.bytes <= bytes_most)
        return inner;
    while (bytes < inner.bytes) {
        size_t next = character_bytes(inner.data + bytes, end);
        if (bytes + next > bytes_most)
            break;
        bytes += next;
    }
    return (struct slice){inner.data, bytes};
}

/* Without the beginning of the secret, whose rest is cut off. */
static size_t without_secret(const struct content_text *text, struct slice inner)
{
    enum { TELLING_BYTES = 4 }; /* fewer tell nothing of it */
    for (size_t n = least_size(text->secret.bytes, inner.bytes); n >= TELLING_BYTES; n--) {
        if (memcmp(inner.data + inner.bytes - n, text->secret.data, n) == 0)
            return inner.bytes - n;
    }
    return inner.bytes;
}

/* What a text may take: the members behind it need some of the room. */
static size_t text_room(const struct content_text *text)
{
    enum { BEHIND_BYTES = OBJECT_BYTES / 2 };
    size_t left = room(text);
    return left > BEHIND_BYTES ? left - BEHIND_BYTES : 0;
}

static void put_string(struct content_text *text, const char *name, struct slice inner)
{
    json_writer_begin(&text->out, name);
    buffer_append_char(&text->out, '"');
    buffer_append_slice(&text->out, inner);
    buffer_append_char(&text->out, '"');
}

void content_string(struct content_text *text, const char *name, struct slice inner)
{
    if (inner.bytes > text_room(text))
        content_string_cut(text, name, inner);
    else
        put_string(text, name, inner);
}

void content_string_cut(struct content_text *text, const char *name, struct slice inner)
{
    inner = content_whole(inner, text_room(text));
    inner.bytes = without_secret(text, inner);
    text->cut = text->part_cut = true;
    put_string(text, name, inner);
}

void content_value(struct content_text *text, const char *name, const struct json_value *value)
{
    struct slice written = value->raw;
    if (value->type == JSON_STRING) {
        content_string(text, name, content_inner(value));
        return;
    }
    bool fits = written.bytes <= text_room(text);
    if (!fits)
        text->cut = text->part_cut = true;
    json_writer_begin(&text->out, name);
    buffer_append_slice(&text->out, fits && written.bytes > 0 ? written : slice_of("null"));
}

/* ---- secrets ---- */

static void blot(struct buffer *out, struct slice word)
{
    struct slice rest = buffer_slice(out);
    ptrdiff_t at;
    while (word.bytes > 0 && (at = slice_find(rest, word)) >= 0) {
        memset(out->data + (rest.data - out->data) + at, '*', word.bytes);
        rest.data += (size_t)at + word.bytes;
        rest.bytes -= (size_t)at + word.bytes;
    }
}

void content_hide(struct content_text *text)
{
    static const char prefix[] = "llm_sk_";
    if (text->out.bytes == 0)
        return;
    char *at = text->out.data;
    char *end = at + text->out.bytes;
    blot(&text->out, text->secret);
    while (at < end && (at = memmem(at, (size_t)(end - at), prefix, sizeof prefix - 1)) != NULL) {
        for (at += sizeof prefix - 1; at < end && isalnum((unsigned char)*at) != 0; at++)
            *at = '*';
    }
}

/* ---- reading ---- */

struct json_value content_find(const struct json_value *object, const char *name)
{
    struct json_value found = {.type = JSON_NULL, .raw = {"", 0}};
    (void)json_find(object, name, &found);
    return found;
}

struct slice content_inner(const struct json_value *value)
{
    if (value->type != JSON_STRING)
        return slice_of("");
    return (struct slice){value->raw.data + 1, value->raw.bytes - 2};
}

struct slice content_find_inner(const struct json_value *object, const char *name)
{
    struct json_value found = content_find(object, name);
    return content_inner(&found);
}

bool content_decode_object(const struct json_value *value, struct buffer *decoded,
                           struct json_value *out)
{
    struct fault fault;
    return value->type == JSON_STRING && json_decode_string(value, decoded) &&
           json_parse(buffer_slice(decoded), LIMIT_JSON_DEPTH, out, &fault) &&
           out->type == JSON_OBJECT;
}
