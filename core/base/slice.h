/* A borrowed run of bytes: not NUL-terminated, not owned, valid as long as its owner says. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *data;
    size_t bytes;
};

/* A slice of a NUL-terminated string (NULL gives the empty slice). */
struct slice slice_of(const char *text);
/* Compares two runs of `bytes` bytes, ignoring the case of ASCII letters. */
bool slice_same_nocase(const char *a, const char *b, size_t bytes);
/* Whether all of it is visible ASCII: no blank, no control character. */
bool slice_is_visible(struct slice slice);
bool slice_starts_with(struct slice slice, const char *prefix);
/* Returns the place of `needle` in `slice`, or -1. An empty needle is found at 0. */
ptrdiff_t slice_find(struct slice slice, struct slice needle);
/* The slice without spaces, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice slice);
/* Takes the word up to the next space, and that one space. */
struct slice slice_take_word(struct slice *rest);

/* Copies as much as fits, and adds a NUL. */
void slice_copy(struct slice slice, char *out, size_t out_bytes);

/* ---- inline: most texts are literals, whose lengths the compiler knows ---- */

static inline bool slice_equals(struct slice slice, const char *text)
{
    return slice.bytes == strlen(text) &&
           (slice.bytes == 0 || memcmp(slice.data, text, slice.bytes) == 0);
}

static inline bool slice_same(struct slice a, struct slice b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.data, b.data, a.bytes) == 0);
}

/* Returns the first `c`, or NULL. An empty slice may be NULL, which memchr does not allow. */
static inline const char *slice_char(struct slice slice, char c)
{
    return slice.bytes > 0 ? memchr(slice.data, c, slice.bytes) : NULL;
}

/* ASCII case only. */
static inline bool slice_equals_nocase(struct slice slice, const char *text)
{
    return slice.bytes == strlen(text) && slice_same_nocase(slice.data, text, slice.bytes);
}

#endif
