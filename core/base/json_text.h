/* Private to json_scan.c, json_decode.c and json_edit.c: finds the bytes of a text that need a
 * closer look. Inline, because a call for every short string would cost more than its work. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#ifdef __SSE2__
/* Returns a bit for each of the 16 bytes at `at` that is a quote or a backslash; with `strict` also
 * for control characters and non-ASCII. */
static inline unsigned json_mask(const char *at, bool strict)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    if (strict) /* a signed comparison: control characters and non-ASCII are below the space */
        found = _mm_or_si128(found, _mm_cmplt_epi8(bytes, space));
    return (unsigned)_mm_movemask_epi8(found);
}
#endif

/* Returns the first byte in [at, end) that is a quote or a backslash, with `strict` also a control
 * character or non-ASCII; `end` when there is none. */
static inline const char *json_run(const char *at, const char *end, bool strict)
{
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        unsigned mask = json_mask(at, strict);
        if (mask)
            return at + __builtin_ctz(mask);
    }
#else
    /* Looks at eight bytes at once. The highest bit of a byte is set where the byte is one of those
     * sought. It may be set for others too, never the other way round; the loop below checks. */
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = UINT64_C(0x8080808080808080);
    for (; end - at >= 8; at += 8) {
        uint64_t bytes;
        memcpy(&bytes, at, 8);
        uint64_t quote = bytes ^ ones * '"';
        uint64_t backslash = bytes ^ ones * '\\';
        uint64_t found = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
        if (strict)
            found |= (bytes - ones * ' ') | bytes;
        if (found & highs)
            break;
    }
#endif
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\' || (strict && (c < ' ' || c >= 0x80)))
            break;
    }
    return at;
}

/* Skips the bytes of a JSON string that need no closer look. */
static inline const char *json_plain_run(const char *at, const char *end)
{
    return json_run(at, end, true);
}

/* Skips decimal digits. */
static inline const char *json_digits_end(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i lowest = _mm_set1_epi8('0');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i digits = _mm_sub_epi8(bytes, lowest); /* 0 to 9: what is no digit is above */
        __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
        unsigned others = (unsigned)_mm_movemask_epi8(found) ^ 0xffff;
        if (others != 0)
            return at + __builtin_ctz(others);
    }
#endif
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static inline bool json_is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Returns the length of the well-formed UTF-8 character of two to four bytes at `at`. Returns 0
 * when there is none: overlong forms, surrogates, above U+10FFFF (Unicode, table 3-7). */
static inline size_t json_utf8_bytes(const char *at, const char *end)
{
    const unsigned char *c = (const unsigned char *)at;
    size_t left = (size_t)(end - at);
    if (left < 2 || c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    if (c[0] < 0xe0)
        return json_is_continuation(c[1]) ? 2 : 0;
    unsigned char low = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
    if (left < 3 || c[1] < low || c[1] > high || !json_is_continuation(c[2]))
        return 0;
    if (c[0] < 0xf0)
        return 3;
    return left >= 4 && json_is_continuation(c[3]) ? 4 : 0;
}

/* In a valid text: from behind the opening quote to behind the closing one. */
static inline const char *json_skip_string(const char *at, const char *end)
{
    for (;;) {
        at = json_run(at, end, false);
        check(at < end);
        if (*at == '"')
            return at + 1;
        at += 2; /* the backslash and the character it escapes */
        check(at < end);
    }
}

static inline unsigned json_hex4(const char *at)
{
    unsigned n = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)at[i];
        n = n << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return n;
}

static inline bool json_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const char *json_skip_space(const char *at, const char *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

/* Returns the entry of the value that begins at `at`; NULL when the index, which may be NULL, has
 * none. */
static inline const struct json_span *json_span_at(const struct json_index *index,
                                                   const char *start)
{
    size_t from = 0;
    size_t to = index != NULL ? index->count : 0;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (index->spans[middle].start < start)
            from = middle + 1;
        else
            to = middle;
    }
    if (index == NULL || from == index->count || index->spans[from].start != start)
        return NULL;
    return &index->spans[from];
}

#endif
