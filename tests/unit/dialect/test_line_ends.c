/* Line ends: in whatever pieces a stream comes, its lines are the same, and end with LF or CRLF. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "dialect/line_ends.h"

static const struct {
    const char *stream;
    const char *read; /* as, but for CRs before LFs */
} streams[] = {
    {"", ""},
    {"data: a\n\ndata: b\n\n", "data: a\n\ndata: b\n\n"},
    {"data: a\r\n\r\ndata: b\r\n\r\n", "data: a\n\ndata: b\n\n"},
    {"data: a\r\rdata: b\r\r", "data: a\n\ndata: b\n\n"},
    {"data: a\r\n\r\ndata: b\r\r", "data: a\n\ndata: b\n\n"},
    {"a\rb\r\nc\n\nd\r\r\ne", "a\nb\nc\n\nd\n\ne"},
    {"\r\r\r\r", "\n\n\n\n"},
    {"\n\r", "\n"}, /* what the last is, nothing has said */
};

/* Cut at two places; a CR that nothing has followed is not given on. */
static void check_cut(const char *stream, const char *wanted, size_t first, size_t second)
{
    const size_t cuts[] = {0, first, second, strlen(stream)};
    struct line_ends ends;
    struct buffer read;
    line_ends_init(&ends);
    buffer_init(&read, 1000);
    for (size_t i = 0; i < 3; i++) {
        struct slice out;
        struct slice part = {stream + cuts[i], cuts[i + 1] - cuts[i]};
        assert_true(line_ends_take(&ends, part, &out));
        for (size_t at = 0; at < out.bytes; at++) {
            if (out.data[at] != '\r')
                buffer_append_char(&read, out.data[at]);
        }
    }
    assert_int_equal(read.bytes, strlen(wanted));
    if (read.bytes > 0)
        assert_memory_equal(read.data, wanted, read.bytes);
    buffer_fini(&read);
    line_ends_fini(&ends);
}

static void every_split_gives_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        size_t bytes = strlen(streams[i].stream);
        for (size_t first = 0; first <= bytes; first++) {
            for (size_t second = first; second <= bytes; second++)
                check_cut(streams[i].stream, streams[i].read, first, second);
        }
    }
}

static void copies_nothing_without_need(void **state)
{
    (void)state;
    struct line_ends ends;
    struct slice out;
    const struct slice data = {"data: a\r\n\r\n", 11};
    line_ends_init(&ends);
    assert_true(line_ends_take(&ends, data, &out));
    assert_ptr_equal(out.data, data.data);
    line_ends_fini(&ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_gives_the_same),
        cmocka_unit_test(copies_nothing_without_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
