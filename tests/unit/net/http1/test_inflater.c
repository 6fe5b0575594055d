/* Packed bodies: what zlib has packed comes back in any pieces, however much it grows, and what is
 * garbled, cut or has something behind its end is told. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buffer.h"
#include "net/http1/inflater.h"

enum { BODY_MAX = 8 << 20, GZIP = 15 + 16, ZLIB = 15, RAW = -15 };

static void pack(struct slice plain, int window_bits, struct buffer *out)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    size_t bound = deflateBound(&stream, plain.bytes);
    buffer_init(out, BODY_MAX);
    char *to = buffer_reserve(out, bound);
    assert_non_null(to);
    stream.next_in = (Bytef *)(uintptr_t)plain.data;
    stream.avail_in = (uInt)plain.bytes;
    stream.next_out = (Bytef *)to;
    stream.avail_out = (uInt)bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->bytes += bound - stream.avail_out;
    deflateEnd(&stream);
}

struct unpacked {
    struct buffer body;
    bool good;
    bool over;
};

/* `step` bytes at a time, each piece a copy with nothing behind it. */
static struct unpacked unpack(struct slice packed, size_t step)
{
    struct unpacked out = {.good = true};
    struct inflater *inflater = inflater_new();
    buffer_init(&out.body, BODY_MAX);
    for (size_t at = 0; at < packed.bytes && out.good; at += step) {
        size_t bytes = packed.bytes - at < step ? packed.bytes - at : step;
        char *copy = malloc(bytes);
        assert_non_null(copy);
        memcpy(copy, packed.data + at, bytes);
        struct slice input = {copy, bytes};
        struct slice output;
        do {
            out.good = inflater_next(inflater, &input, &output);
            buffer_append_slice(&out.body, output);
        } while (out.good && (output.bytes > 0 || input.bytes > 0));
        free(copy);
    }
    assert_false(out.body.failed);
    out.over = inflater_is_over(inflater);
    inflater_free(inflater);
    return out;
}

static void assert_unpacks(struct slice plain, int window_bits, size_t step)
{
    struct buffer packed;
    pack(plain, window_bits, &packed);
    struct unpacked out = unpack(buffer_slice(&packed), step);
    assert_true(out.good);
    assert_true(out.over);
    assert_int_equal(out.body.bytes, plain.bytes);
    if (plain.bytes > 0)
        assert_memory_equal(out.body.data, plain.data, plain.bytes);
    buffer_fini(&packed);
    buffer_fini(&out.body);
}

static const char text[] =
    "{\"model\":\"gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}";

static void unpacks_gzip_and_zlib_in_any_pieces(void **state)
{
    (void)state;
    for (size_t step = 1; step <= sizeof text; step++) {
        assert_unpacks(slice_of(text), GZIP, step);
        assert_unpacks(slice_of(text), ZLIB, step);
    }
    assert_unpacks(slice_of(""), GZIP, 1);
    assert_unpacks(slice_of(""), ZLIB, 100);
}

/* A megabyte of zeros is a thousand bytes; the output comes in bounded pieces. */
static void gives_what_grows_in_pieces(void **state)
{
    (void)state;
    enum { BYTES = 1 << 20 };
    char *zeros = calloc(1, BYTES);
    assert_non_null(zeros);
    assert_unpacks((struct slice){zeros, BYTES}, GZIP, BYTES);
    assert_unpacks((struct slice){zeros, BYTES}, GZIP, 1);
    struct buffer packed;
    pack((struct slice){zeros, BYTES}, ZLIB, &packed);
    struct inflater *inflater = inflater_new();
    struct slice input = buffer_slice(&packed);
    struct slice output;
    assert_true(inflater_next(inflater, &input, &output));
    assert_true(output.bytes > 0 && output.bytes <= 64 * 1024);
    inflater_free(inflater);
    buffer_fini(&packed);
    free(zeros);
}

/* Fed `step` bytes at a time, it never keeps back what zlib itself can make of so many: a stream
 * of events would wait for the next one. */
static void assert_prompt(struct slice packed, size_t plain_bytes, size_t step)
{
    struct inflater *inflater = inflater_new();
    z_stream zlib = {0};
    char *into = malloc(plain_bytes);
    assert_non_null(into);
    assert_int_equal(inflateInit2(&zlib, GZIP), Z_OK);
    zlib.next_out = (Bytef *)into;
    zlib.avail_out = (uInt)plain_bytes;
    size_t came = 0;
    for (size_t at = 0; at < packed.bytes; at += step) {
        struct slice input = {packed.data + at,
                              packed.bytes - at < step ? packed.bytes - at : step};
        struct slice output;
        zlib.next_in = (Bytef *)(uintptr_t)input.data;
        zlib.avail_in = (uInt)input.bytes;
        assert_true(inflate(&zlib, Z_NO_FLUSH) >= 0);
        do {
            assert_true(inflater_next(inflater, &input, &output));
            came += output.bytes;
        } while (output.bytes > 0 || input.bytes > 0);
        assert_int_equal(came, zlib.total_out);
    }
    assert_int_equal(came, plain_bytes);
    inflateEnd(&zlib);
    inflater_free(inflater);
    free(into);
}

static void keeps_nothing_back(void **state)
{
    (void)state;
    enum { BYTES = 1 << 18 };
    char *zeros = calloc(1, BYTES);
    assert_non_null(zeros);
    struct buffer packed;
    pack((struct slice){zeros, BYTES}, GZIP, &packed);
    for (size_t step = 1; step < 60; step++)
        assert_prompt(buffer_slice(&packed), BYTES, step);
    buffer_fini(&packed);
    free(zeros);
}

static void no_input_is_nothing_yet(void **state)
{
    (void)state;
    struct inflater *inflater = inflater_new();
    struct slice input = {NULL, 0};
    struct slice output = {"x", 1};
    assert_true(inflater_next(inflater, &input, &output));
    assert_int_equal(output.bytes, 0);
    assert_false(inflater_is_over(inflater));
    inflater_free(inflater);
    inflater_free(NULL);
}

static void what_is_cut_is_not_over(void **state)
{
    (void)state;
    struct buffer packed;
    pack(slice_of(text), GZIP, &packed);
    for (size_t bytes = 0; bytes < packed.bytes; bytes++) {
        struct unpacked out = unpack((struct slice){packed.data, bytes}, 1000);
        assert_true(out.good);
        assert_false(out.over);
        buffer_fini(&out.body);
    }
    buffer_fini(&packed);
}

static void what_stands_behind_the_end_is_refused(void **state)
{
    (void)state;
    struct buffer packed;
    pack(slice_of(text), GZIP, &packed);
    size_t whole = packed.bytes;
    buffer_append_char(&packed, '\0');
    for (size_t step = 1; step <= packed.bytes; step++) {
        struct unpacked out = unpack(buffer_slice(&packed), step);
        assert_false(out.good);
        buffer_fini(&out.body);
    }
    struct buffer second;
    pack(slice_of(text), GZIP, &second);
    packed.bytes = whole;
    buffer_append_slice(&packed, buffer_slice(&second)); /* a second member: RFC 1952, 2.2 */
    buffer_fini(&second);
    struct unpacked out = unpack(buffer_slice(&packed), 1000);
    assert_false(out.good);
    buffer_fini(&out.body);
    buffer_fini(&packed);
}

/* A wrong check sum, a wrong length, a wrong head. */
static void what_is_garbled_is_refused(void **state)
{
    (void)state;
    struct buffer packed;
    pack(slice_of(text), GZIP, &packed);
    const size_t places[] = {0, 1, 2, packed.bytes - 8, packed.bytes - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        packed.data[places[i]] ^= 0x40;
        struct unpacked out = unpack(buffer_slice(&packed), 7);
        assert_false(out.good);
        assert_false(out.over);
        buffer_fini(&out.body);
        packed.data[places[i]] ^= 0x40;
    }
    buffer_fini(&packed);
    struct unpacked out = unpack(slice_of(text), 1000); /* not packed at all */
    assert_false(out.good);
    buffer_fini(&out.body);
}

/* RFC 9110, 8.4.1.2: "deflate" is the zlib format. */
static void deflate_without_zlibs_head_is_refused(void **state)
{
    (void)state;
    struct buffer packed;
    pack(slice_of(text), RAW, &packed);
    struct unpacked out = unpack(buffer_slice(&packed), 1000);
    assert_false(out.good);
    buffer_fini(&out.body);
    buffer_fini(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacks_gzip_and_zlib_in_any_pieces),
        cmocka_unit_test(gives_what_grows_in_pieces),
        cmocka_unit_test(keeps_nothing_back),
        cmocka_unit_test(no_input_is_nothing_yet),
        cmocka_unit_test(what_is_cut_is_not_over),
        cmocka_unit_test(what_stands_behind_the_end_is_refused),
        cmocka_unit_test(what_is_garbled_is_refused),
        cmocka_unit_test(deflate_without_zlibs_head_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
