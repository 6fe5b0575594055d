/* Bodies that come packed: in whatever pieces, bounded, and nothing that is garbled. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "net/server/unpack.h"

enum { PLAIN_BYTES = 300000, PACKED_MAX = 400000, OUT_MAX = 1 << 20, GZIP = 15 + 16, ZLIB = 15 };

static size_t pack(const char *data, size_t bytes, int window_bits, char *out)
{
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)data,
                       .avail_in = (unsigned)bytes,
                       .next_out = (unsigned char *)out,
                       .avail_out = PACKED_MAX};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return PACKED_MAX - stream.avail_out;
}

/* In pieces of random sizes up to `piece_max`; 0 or the status of the refusal. */
static int unpack(struct dice *dice, const char *data, size_t bytes, size_t piece_max,
                  struct buffer *out)
{
    struct unpack *unpack = unpack_new();
    struct refusal refusal = {0};
    size_t at = 0;
    while (at < bytes && refusal.status == 0) {
        size_t piece = 1 + dice_below(dice, piece_max);
        piece = piece < bytes - at ? piece : bytes - at;
        char *copy = malloc(piece); /* so that a sanitizer sees any look behind it */
        assert_non_null(copy);
        memcpy(copy, data + at, piece);
        (void)unpack_feed(unpack, (struct slice){copy, piece}, out, &refusal);
        free(copy);
        at += piece;
        assert_int_equal(unpack_taken_bytes(unpack), at);
    }
    if (refusal.status == 0)
        (void)unpack_finish(unpack, &refusal);
    unpack_free(unpack);
    return refusal.status;
}

static void unpacks_whatever_the_pieces(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    char *plain = malloc(PLAIN_BYTES);
    char *packed = malloc(PACKED_MAX);
    assert_non_null(plain);
    assert_non_null(packed);
    for (size_t i = 0; i < PLAIN_BYTES; i++)
        plain[i] = (char)('a' + dice_below(&dice, 4));
    static const size_t pieces[] = {1, 100, 20000, PACKED_MAX};
    for (size_t i = 0; i < 8; i++) {
        size_t length = i < 4 ? PLAIN_BYTES : dice_below(&dice, PLAIN_BYTES);
        size_t bytes = pack(plain, length, i % 2 == 0 ? GZIP : ZLIB, packed);
        struct buffer out;
        buffer_init(&out, OUT_MAX);
        assert_int_equal(unpack(&dice, packed, bytes, pieces[i % 4], &out), 0);
        assert_int_equal(out.bytes, length);
        if (length > 0)
            assert_memory_equal(out.data, plain, length);
        buffer_fini(&out);
        buffer_init(&out, OUT_MAX);
        assert_int_equal(unpack(&dice, packed, bytes - 1, pieces[i % 4], &out), 400);
        buffer_fini(&out);
        buffer_init(&out, length / 2);
        assert_int_equal(unpack(&dice, packed, bytes, pieces[i % 4], &out), length > 1 ? 413 : 0);
        buffer_fini(&out);
    }
    free(plain);
    free(packed);
}

static void refuses_what_grows_out_of_proportion(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    char *plain = calloc(1, PLAIN_BYTES);
    char *packed = malloc(PACKED_MAX);
    assert_non_null(plain);
    assert_non_null(packed);
    size_t bytes = pack(plain, PLAIN_BYTES, GZIP, packed);
    struct buffer out;
    buffer_init(&out, OUT_MAX);
    assert_int_equal(unpack(&dice, packed, bytes, 64, &out), 413);
    buffer_fini(&out);
    bytes = pack(plain, PLAIN_BYTES / 2, GZIP, packed); /* little enough to be nobody's burden */
    buffer_init(&out, OUT_MAX);
    assert_int_equal(unpack(&dice, packed, bytes, 64, &out), 0);
    buffer_fini(&out);
    free(plain);
    free(packed);
}

/* Nothing crashes or runs on. */
static void mutations_end(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    static const char plain[] = "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\"}]}";
    char packed[PACKED_MAX / 100];
    char *whole = malloc(PACKED_MAX);
    assert_non_null(whole);
    size_t bytes = pack(plain, sizeof plain - 1, GZIP, whole);
    assert_true(bytes < sizeof packed);
    for (int round = 0; round < 5000; round++) {
        memcpy(packed, whole, bytes);
        for (size_t n = 1 + dice_below(&dice, 3); n > 0; n--)
            packed[dice_below(&dice, bytes)] = (char)dice_below(&dice, 256);
        struct buffer out;
        buffer_init(&out, 4096);
        (void)unpack(&dice, packed, bytes, bytes, &out);
        buffer_fini(&out);
    }
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacks_whatever_the_pieces),
        cmocka_unit_test(refuses_what_grows_out_of_proportion),
        cmocka_unit_test(mutations_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
