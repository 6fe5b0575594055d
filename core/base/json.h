/* A strict JSON scanner (RFC 8259) that never builds a tree and never changes a byte. It validates
 * a text once, then walks it by slices. So the gateway can edit a text at offsets and send on the
 * rest exactly as it came. Values point into the caller's text. It has no globals and runs on any
 * thread, at about 0.3 us per KB. A search for a member reads the whole object: search for several
 * at once (json_find_all), and have large values indexed (json_parse_indexed).
 *
 * It refuses: invalid UTF-8 (overlong, surrogates, > U+10FFFF), raw control characters in strings,
 * numbers outside the grammar (01, +1, .5, 1., 0x10, NaN), trailing bytes, a BOM, depth above the
 * limit. It accepts an escaped surrogate without its other half, as RFC 8259's grammar does. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/json_key.h" /* json_key_is */
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
    struct slice raw; /* as in the text, with quotes or brackets; no white space around it */
    const struct json_index *index; /* the index of its text, or NULL */
};

/* One member of an object or one element of an array (then `key` is empty). */
struct json_item {
    struct slice key; /* raw: without its quotes, escapes not decoded */
    struct json_value value;
};

/* A walk over the items of one object or array. Private fields; copy freely. */
struct json_walk {
    const char *at;
    const char *end;
    const struct json_index *index;
    bool object;
};

/* Validates the whole of `text` and sets *out to its root. On false *fault has the code
 * "invalid_json" and says what was wrong at which byte offset. */
bool json_parse(struct slice text, unsigned depth_max, struct json_value *out, struct fault *fault);

/* An index of the large values of a text. They are read once, when the text is validated; later
 * walks skip them. The index must outlive the values of its text. */
enum { JSON_SPANS_MAX = 512 };

struct json_span {
    const char *start;
    const char *end;
    size_t text_bytes; /* what json_text_bytes returns for the value */
};

struct json_index {
    size_t bytes_min; /* shorter values are not indexed */
    size_t count;
    /* Sorted by start. Values that do not fit are read again each time. */
    struct json_span spans[JSON_SPANS_MAX];
};

/* json_parse that also fills an index of the values of at least `bytes_min`. */
bool json_parse_indexed(struct slice text, unsigned depth_max, size_t bytes_min,
                        struct json_index *index, struct json_value *out, struct fault *fault);

/* Walks a container of a validated text. json_next returns false after the last item. */
struct json_walk json_walk(const struct json_value *container);
bool json_next(struct json_walk *walk, struct json_item *out);

/* Whether it holds nothing: null, or a text, list or object that is empty. */
bool json_is_empty(const struct json_value *value);

/* Returns true when the raw key, decoded, is one of the names. */
bool json_key_is_one_of(struct slice raw_key, const char *const *names, size_t count);

/* Finds a member of an object in a validated text and returns how many times it is there. 0: *out
 * is untouched. 2 or more: *out is the last one; callers that spend money on it refuse. A value
 * that is no object has no members. */
unsigned json_find(const struct json_value *object, const char *name, struct json_value *out);

/* A member to search for, for json_find_all. */
struct json_member {
    const char *name;
    unsigned name_bytes;     /* json_find_all's own */
    unsigned count;          /* how many times it is there */
    struct json_value value; /* the last one; if there is none: an empty text of type JSON_NULL */
};

/* json_find for several members in one walk: sets their counts and values. Returns how many members
 * the object has in all. */
size_t json_find_all(const struct json_value *object, struct json_member *members,
                     size_t member_count);

/* Returns true when the number is integral and fits: 5, 5.0, 5e2 and -0 are; 5.5, 1e400 and 2^63
 * are not. */
bool json_int64(const struct json_value *number, int64_t *out);

/* Appends the decoded string as UTF-8; a lone surrogate becomes U+FFFD. Returns false when the
 * buffer is full. `string` must be of type JSON_STRING. */
bool json_decode_string(const struct json_value *string, struct buffer *out);
/* Returns false when the string holds half of a surrogate pair, which is no character. */
bool json_string_is_whole(const struct json_value *string);
/* Returns true when the value is a string that, decoded, is `text`. */
bool json_string_is(const struct json_value *value, const char *text);
/* Returns true when the value is a string that, decoded, is one of the texts. */
bool json_string_is_one_of(const struct json_value *value, const char *const *texts, size_t count);

/* Returns the sum of the decoded lengths of all strings inside `value`, in bytes; keys do not
 * count. */
size_t json_text_bytes(const struct json_value *value);

/* A walk over all strings inside a value of a validated text, at any depth, in one pass. Keys are
 * left out. Private fields. */
struct json_strings {
    const char *at;
    const char *end;
    const struct json_index *index;
    struct slice key; /* the last key before `at` */
};

struct json_strings json_strings(const struct json_value *value);
/* Gives the next string. Its key is the key of the member that holds it, or that holds the array
 * around it; behind a nested object it is the last key before it. Returns false after the last
 * one. */
bool json_next_string(struct json_strings *walk, struct json_item *out);

/* Reads a string of a text that was not validated, from behind its opening quote. Returns the place
 * of its closing quote and sets *text_bytes to its decoded length. Returns NULL when no whole valid
 * string ends before `end`. */
const char *json_string_end(const char *at, const char *end, size_t *text_bytes);

/* The same for a whole number without a sign, of at most 18 digits, from its first digit on.
 * Returns the place behind it, or NULL. */
const char *json_natural_end(const char *at, const char *end);

/* ---- writing ---- */

/* Appends `text` as a JSON string with its quotes. U+FFFD replaces invalid UTF-8, so the result is
 * always valid JSON; `/` and non-ASCII are not escaped. */
bool json_write_string(struct buffer *out, struct slice text);
bool json_write_text(struct buffer *out, const char *text);

/* ---- editing ---- */

/* Replaces `removed_bytes` bytes at `offset` of a text by `inserted`. */
struct json_edit {
    size_t offset;
    size_t removed_bytes;
    struct slice inserted;
};

/* Appends `text` with the edits applied. The caller sorts the edits by offset, an insertion before
 * a removal at the same place; they must not overlap. */
bool json_apply_edits(struct slice text, const struct json_edit *edits, size_t edit_count,
                      struct buffer *out);

/* Returns the edit that takes a member and one comma out of its object. `object` lies in `text` and
 * has the member `name` exactly once. Two removals from one object may overlap: apply one, then
 * search for the other in the result. */
struct json_edit json_removal(struct slice text, const struct json_value *object, const char *name);

#endif
