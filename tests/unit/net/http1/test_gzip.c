/* Replies with gzip: who wants it, and that what zlib unpacks is what was packed. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/buffer.h"
#include "net/http1/gzip.h"

enum { BODY_MAX = 1 << 20, GZIP = 15 + 16 };

static bool is_taken(const char *field)
{
    char text[256];
    struct http_header table[4];
    struct http_head head;
    struct refusal refusal;
    int bytes = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", field);
    assert_true(head_parse(text, (size_t)bytes, table, 4, &head, &refusal));
    return gzip_is_taken(&head);
}

static void test_who_wants_it(void **state)
{
    static const char *const yes[] = {"gzip", "br, gzip", "gzip;q=0.5, br", "gzip; q=1",
                                      "gzip;q=0.001"};
    static const char *const no[] = {
        "", "br", "identity", "gzip;q=0", "gzip; q=0.000, br", "br;q=1, gzip;q=0.0"};
    (void)state;
    assert_false(is_taken(""));
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        char field[64];
        snprintf(field, sizeof field, "Accept-Encoding: %s\r\n", yes[i]);
        assert_true(is_taken(field));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        char field[64];
        snprintf(field, sizeof field, "Accept-Encoding: %s\r\n", no[i]);
        assert_false(is_taken(field));
    }
}

static void check_round_trip(struct slice text)
{
    static char plain[BODY_MAX];
    struct buffer packed;
    z_stream stream = {0};
    buffer_init(&packed, 2 * text.bytes + 4096);
    gzip_append(text, &packed);
    assert_false(packed.failed);
    assert_int_equal(inflateInit2(&stream, GZIP), Z_OK);
    stream.next_in = (Bytef *)packed.data;
    stream.avail_in = (uInt)packed.bytes;
    stream.next_out = (Bytef *)plain;
    stream.avail_out = sizeof plain;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, text.bytes);
    assert_memory_equal(plain, text.data, text.bytes);
    inflateEnd(&stream);
    buffer_fini(&packed);
}

static void test_what_comes_out(void **state)
{
    static char noise[200000];
    unsigned seed = 1;
    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)((seed = seed * 1103515245 + 12345) >> 24);
    check_round_trip(slice_of(""));
    check_round_trip(slice_of("{\"data\":[]}"));
    check_round_trip((struct slice){noise, sizeof noise}); /* which no packing makes smaller */
}

/* A buffer that is too small fails, as with any append. */
static void test_no_room(void **state)
{
    struct buffer packed;
    (void)state;
    buffer_init(&packed, 8);
    gzip_append(slice_of("some text that needs more"), &packed);
    assert_true(packed.failed);
    buffer_fini(&packed);
}

static void collect(void *arg, struct slice piece)
{
    buffer_append_slice(arg, piece);
}

/* What has been put in can be unpacked before more comes; the whole is one member: browsers read no
 * second one. */
static void test_piece_by_piece(void **state)
{
    static char noise[100000];
    static char plain[BODY_MAX];
    struct gzip_stream *packer = gzip_stream_new();
    struct buffer packed;
    z_stream stream = {0};
    unsigned seed = 1;
    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)((seed = seed * 1103515245 + 12345) >> 24);
    const struct slice pieces[] = {slice_of("id,time\r\n"), slice_of(""), {noise, sizeof noise}};
    buffer_init(&packed, BODY_MAX);
    assert_int_equal(inflateInit2(&stream, GZIP), Z_OK);
    stream.next_out = (Bytef *)plain;
    stream.avail_out = sizeof plain;
    size_t put_bytes = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        gzip_stream_put(packer, pieces[i], false, collect, &packed);
        stream.next_in = (Bytef *)packed.data;
        stream.avail_in = (uInt)packed.bytes;
        inflate(&stream, Z_SYNC_FLUSH);
        assert_int_equal(stream.total_out, put_bytes + pieces[i].bytes);
        assert_memory_equal(plain + put_bytes, pieces[i].data, pieces[i].bytes);
        put_bytes += pieces[i].bytes;
        buffer_reset(&packed);
    }
    gzip_stream_put(packer, (struct slice){0}, true, collect, &packed);
    stream.next_in = (Bytef *)packed.data;
    stream.avail_in = (uInt)packed.bytes;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    assert_int_equal(stream.total_out, put_bytes);
    inflateEnd(&stream);
    gzip_stream_free(packer);
    buffer_fini(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_wants_it),
        cmocka_unit_test(test_what_comes_out),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_piece_by_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
