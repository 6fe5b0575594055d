/* A strict JSON scanner (RFC 8259) that never builds a tree and never changes a byte: it validates
 * a text once, then walks it by slices, so that what passes through the gateway can be edited at
 * offsets and is otherwise sent on exactly as it came. Values point into the caller's text.
 * About 0.3 us per KB. No globals, any thread. Looking for a member reads the whole object: look
 * for several at once (json_find_all), and have large values noted (json_parse_indexed).
 *
 * Refused everywhere: invalid UTF-8 (overlong, surrogates, > U+10FFFF), raw control characters in
 * strings, lone escaped surrogates are accepted (they are legal in RFC 8259's grammar), numbers
 * outside the grammar (01, +1, .5, 1., 0x10, NaN), trailing bytes, a BOM, depth above the limit. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/slice.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_index;

struct json_value {
    enum json_type type;
    struct slice raw; /* as it stands in the text: with quotes, brackets; no white space around */
    const struct json_index *index; /* of its text, or NULL */
};

/* One member of an object or one element of an array (then `key` is empty). */
struct json_item {
    struct slice key; /* raw, without its quotes, escapes not decoded */
    struct json_value value;
};

/* A walk over the items of one object or array. Private fields; copy freely. */
struct json_walk {
    const char *at;
    const char *end;
    const struct json_index *index;
    bool object;
};

/* Validates the whole of `text` and sets *out to its root. False: *fault has code "invalid_json"
 * and a message with the byte offset and what was wrong there. */
bool json_parse(struct slice text, unsigned depth_max, struct json_value *out, struct fault *fault);

/* Where large values lie, so that they are read once, when they are validated, and passed over
 * afterwards. It must outlive the values of its text. */
enum { JSON_SPANS_MAX = 512 };

struct json_span {
    const char *start;
    const char *end;
    size_t text_bytes; /* as json_text_bytes says */
};

struct json_index {
    size_t bytes_min; /* what is shorter is not noted */
    size_t count;
    struct json_span
        spans[JSON_SPANS_MAX]; /* by start; when it is full, others are just read again */
};

/* json_parse that also makes an index, of values of at least `bytes_min`. */
bool json_parse_indexed(struct slice text, unsigned depth_max, size_t bytes_min,
                        struct json_index *index, struct json_value *out, struct fault *fault);

/* Walks a container that lies in a validated text. json_next returns false after the last item. */
struct json_walk json_walk(const struct json_value *container);
bool json_next(struct json_walk *walk, struct json_item *out);

/* True when the raw key (escapes decoded) is `name`. */
bool json_key_is(struct slice raw_key, const char *name);

/* Finds a member of an object in a validated text: how many times it is there (0: *out untouched,
 * 2 or more: *out is the last one; callers that spend money on it refuse). A value that is no
 * object has no members. */
unsigned json_find(const struct json_value *object, const char *name, struct json_value *out);

/* A member that is looked for among others. */
struct json_member {
    const char *name;
    unsigned count;          /* how many times it is there */
    struct json_value value; /* the last one; none: an empty text of type JSON_NULL */
};

/* json_find for several members in one walk: sets their counts and values. Returns how many members
 * the object has in all. */
size_t json_find_all(const struct json_value *object, struct json_member *members,
                     size_t member_count);

/* True when the number is integral and fits: 5, 5.0, 5e2 and -0 are; 5.5, 1e400 and 2^63 are
 * not. */
bool json_int64(const struct json_value *number, int64_t *out);

/* Appends the decoded string (UTF-8; a lone surrogate becomes U+FFFD). False when the buffer is
 * full. `string` must be of type JSON_STRING. */
bool json_decode_string(const struct json_value *string, struct buffer *out);
/* False when it holds half of a surrogate pair, which is no character. */
bool json_string_is_whole(const struct json_value *string);
/* True when the decoded string is `text`. */
bool json_string_is(const struct json_value *string, const char *text);

/* The sum, over all strings inside `value` (keys not counted), of their decoded length in bytes. */
size_t json_text_bytes(const struct json_value *value);

/* A walk over all strings inside a value of a validated text that are no keys, in one pass whatever
 * the nesting. Private fields. */
struct json_strings {
    const char *at;
    const char *end;
    struct slice key; /* the last one before `at` */
};

struct json_strings json_strings(const struct json_value *value);
/* The next one; its key is that of the member that holds it, or that holds the array around it
 * (behind a nested object: the last key before it). False after the last. */
bool json_next_string(struct json_strings *walk, struct json_item *out);

/* Reads a string of a text that is not known to be valid, from behind its opening quote. Returns
 * the place of its closing quote and sets *text_bytes to its decoded length; NULL: before `end`
 * there is no whole valid string. */
const char *json_string_end(const char *at, const char *end, size_t *text_bytes);

/* ---- writing ---- */

/* Appends `text` as a JSON string with its quotes. Invalid UTF-8 is replaced by U+FFFD, so that the
 * result is always valid JSON; `/` and non-ASCII stand as they are. */
bool json_write_string(struct buffer *out, struct slice text);
bool json_write_text(struct buffer *out, const char *text);

/* ---- editing ---- */

/* Replaces the `removed_bytes` at `offset` of the text by `inserted`. */
struct json_edit {
    size_t offset;
    size_t removed_bytes;
    struct slice inserted;
};

/* Appends `text` with the edits applied. The edits are sorted by offset (an insertion before a
 * removal at the same place) and do not overlap. */
bool json_apply_edits(struct slice text, const struct json_edit *edits, size_t edit_count,
                      struct buffer *out);

/* The edit that takes a member out of its object together with one comma, so that the rest is as if
 * it had never been there. `object` lies in `text`, `name` occurs exactly once in it.
 * (Two removals from one object may overlap: apply one, then look for the other.) */
struct json_edit json_removal(struct slice text, const struct json_value *object, const char *name);

#endif
