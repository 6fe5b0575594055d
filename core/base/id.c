#include "base/id.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

enum {
    PREFIX_CHARS_MAX = 4,
    TIME_CHARS = 10,
    RANDOM_CHARS = 16,
    ULID_CHARS = TIME_CHARS + RANDOM_CHARS,
    RANDOM_BYTES = 10,
    DRAWN_BYTES = 64 * RANDOM_BYTES
};

#define TIME_MAX_MS ((INT64_C(1) << 48) - 1)

_Static_assert(PREFIX_CHARS_MAX + 1 + ULID_CHARS + 1 <= ID_BYTES, "the longest id fits");

/* In ASCII order, so that ids sort by time. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void id_make(struct id *out, const char *prefix)
{
    id_make_at(out, prefix, clock_wall_ms());
}

/* Writes the low `chars` x 5 bits of `bits`, the highest first. */
static void put_base32(char *at, uint64_t bits, int chars)
{
    for (int i = chars - 1; i >= 0; i--) {
        at[i] = alphabet[bits & 31];
        bits >>= 5;
    }
}

static uint64_t five_bytes(const uint8_t *bytes)
{
    uint64_t bits = 0;
    for (int i = 0; i < 5; i++)
        bits = bits << 8 | bytes[i];
    return bits;
}

/* Draws for many ids at once: libsodium's generator asks for the process id each time. */
static void draw(uint8_t out[RANDOM_BYTES])
{
    static _Thread_local uint8_t drawn[DRAWN_BYTES];
    static _Thread_local size_t left;
    if (left == 0) {
        randombytes_buf(drawn, sizeof drawn);
        left = sizeof drawn;
    }
    left -= RANDOM_BYTES;
    memcpy(out, drawn + left, RANDOM_BYTES);
}

void id_make_at(struct id *out, const char *prefix, int64_t wall_ms)
{
    size_t prefix_chars = strlen(prefix);
    check(prefix_chars >= 1 && prefix_chars <= PREFIX_CHARS_MAX);
    if (wall_ms < 0)
        wall_ms = 0;
    if (wall_ms > TIME_MAX_MS)
        wall_ms = TIME_MAX_MS;
    uint8_t random[RANDOM_BYTES];
    draw(random);
    char *at = out->text;
    memcpy(at, prefix, prefix_chars);
    at += prefix_chars;
    *at++ = '_';
    put_base32(at, (uint64_t)wall_ms, TIME_CHARS);
    put_base32(at + TIME_CHARS, five_bytes(random), RANDOM_CHARS / 2);
    put_base32(at + TIME_CHARS + RANDOM_CHARS / 2, five_bytes(random + 5), RANDOM_CHARS / 2);
    at[ULID_CHARS] = '\0';
}

bool id_parse(struct slice text, const char *prefix, struct id *out)
{
    size_t prefix_chars = strlen(prefix);
    if (prefix_chars > PREFIX_CHARS_MAX || text.bytes != prefix_chars + 1 + ULID_CHARS ||
        !slice_starts_with(text, prefix) || text.data[prefix_chars] != '_')
        return false;
    /* Upper case only and at most 128 bits, so that one id has one spelling. */
    const char *ulid = text.data + prefix_chars + 1;
    if (ulid[0] > '7')
        return false;
    for (size_t i = 0; i < ULID_CHARS; i++) {
        if (memchr(alphabet, ulid[i], sizeof alphabet - 1) == NULL)
            return false;
    }
    if (out != NULL) {
        memcpy(out->text, text.data, text.bytes);
        out->text[text.bytes] = '\0';
    }
    return true;
}
