/* Part of base/json.h: writing strings, and changing texts at offsets. */
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/json_text.h"

/* ---- writing ---- */

static void put_escape(struct buffer *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "btn.fr"; /* \b is 8; 11 has no letter */
    char text[6] = {'\\', (char)c};
    size_t bytes = 2;
    if (c >= '\b' && c <= '\r' && c != '\v') {
        text[1] = letters[c - '\b'];
    } else if (c < 0x20) {
        memcpy(text + 1, "u00", 3);
        text[4] = hex[c >> 4];
        text[5] = hex[c & 15];
        bytes = 6;
    }
    buffer_append(out, text, bytes);
}

bool json_write_string(struct buffer *out, struct slice text)
{
    const char *at = text.data;
    const char *end = at + text.bytes;
    const char *from = at; /* the text from here to `at` needs no escape and is not written yet */
    buffer_append_char(out, '"');
    while (at < end) {
        at = json_plain_run(at, end);
        size_t bytes = json_utf8_bytes(at, end);
        if (bytes > 0) {
            do {
                at += bytes;
                bytes = json_utf8_bytes(at, end);
            } while (bytes > 0);
            continue;
        }
        if (at == end)
            break;
        unsigned char c = (unsigned char)*at;
        buffer_append(out, from, (size_t)(at - from));
        if (c >= 0x80)
            buffer_append_text(out, "\xef\xbf\xbd");
        else
            put_escape(out, c);
        from = ++at;
    }
    buffer_append(out, from, (size_t)(end - from));
    return buffer_append_char(out, '"');
}

bool json_write_text(struct buffer *out, const char *text)
{
    return json_write_string(out, slice_of(text));
}

/* ---- editing ---- */

bool json_apply_edits(struct slice text, const struct json_edit *edits, size_t edit_count,
                      struct buffer *out)
{
    size_t done = 0;
    for (size_t i = 0; i < edit_count; i++) {
        const struct json_edit *edit = &edits[i];
        check(edit->offset >= done && edit->offset <= text.bytes);
        check(edit->removed_bytes <= text.bytes - edit->offset);
        buffer_append(out, text.data + done, edit->offset - done);
        buffer_append_slice(out, edit->inserted);
        done = edit->offset + edit->removed_bytes;
    }
    buffer_append(out, text.data + done, text.bytes - done);
    return !out->failed;
}

/* The place of a member: from the opening quote of its key to the end of its value. */
struct place {
    const char *start;
    const char *end;
};

static struct place place_of(const struct json_item *member)
{
    return (struct place){
        .start = member->key.data - 1,
        .end = member->value.raw.data + member->value.raw.bytes,
    };
}

/* A member with another one behind it goes with everything up to the next key. The last member goes
 * with everything from the end of the one before. An only member leaves empty brackets. */
struct json_edit json_removal(struct slice text, const struct json_value *object, const char *name)
{
    struct place previous = {0}, found = {0}, next = {0};
    struct json_walk walk = json_walk(object);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (json_key_is(item.key, name)) {
            check(!found.start);
            found = place_of(&item);
        } else if (found.start == NULL) {
            previous = place_of(&item);
        } else if (next.start == NULL) {
            next = place_of(&item);
        }
    }
    check(found.start != NULL);
    struct place removed = {object->raw.data + 1, object->raw.data + object->raw.bytes - 1};
    if (next.start != NULL)
        removed = (struct place){found.start, next.start};
    else if (previous.start != NULL)
        removed = (struct place){previous.end, found.end};
    check(removed.start >= text.data && removed.end <= text.data + text.bytes);
    return (struct json_edit){
        .offset = (size_t)(removed.start - text.data),
        .removed_bytes = (size_t)(removed.end - removed.start),
    };
}
