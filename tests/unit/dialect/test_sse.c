/* Server-sent events: in whatever pieces a stream comes, the same events come out, and together
 * with the rest they are the stream byte for byte. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "dialect/sse.h"

/* Every event that came out, each behind its length. */
struct heard {
    struct buffer bytes;
    struct buffer lengths; /* size_t each */
};

static void on_event(struct slice event, void *arg)
{
    struct heard *heard = arg;
    assert_true(event.bytes > 0);
    buffer_append_slice(&heard->bytes, event);
    buffer_append(&heard->lengths, &event.bytes, sizeof event.bytes);
}

static void heard_init(struct heard *heard)
{
    buffer_init(&heard->bytes, SIZE_MAX / 2);
    buffer_init(&heard->lengths, SIZE_MAX / 2);
}

static void heard_fini(struct heard *heard)
{
    buffer_fini(&heard->bytes);
    buffer_fini(&heard->lengths);
}

static bool feed(struct sse *sse, struct slice data, struct heard *heard)
{
    char *copy = malloc(data.bytes > 0 ? data.bytes : 1);
    assert_non_null(copy);
    memcpy(copy, data.data, data.bytes);
    bool done = sse_feed(sse, (struct slice){copy, data.bytes}, on_event, heard);
    free(copy);
    return done;
}

/* The same, event by event: of each piece at most one ends, at its end. */
static bool feed_by_event(struct sse *sse, struct slice data, struct heard *heard)
{
    bool done = true;
    while (done && data.bytes > 0) {
        size_t before = heard->lengths.bytes;
        struct slice event = {data.data, sse_event_bytes(sse, data)};
        assert_in_range(event.bytes, 1, data.bytes);
        done = feed(sse, event, heard);
        bool ended = heard->lengths.bytes == before + sizeof(size_t);
        assert_true(ended || (heard->lengths.bytes == before && event.bytes == data.bytes));
        assert_int_equal(ended, sse_is_between_events(sse));
        data.data += event.bytes;
        data.bytes -= event.bytes;
    }
    return done;
}

/* The rest is what no event has had, ended as an event. */
static void check_rest(struct sse *sse, struct slice stream, size_t from)
{
    size_t bytes = stream.bytes - from;
    struct slice rest = sse_rest(sse);
    if (bytes == 0) {
        assert_int_equal(rest.bytes, 0);
        return;
    }
    bool ended = stream.data[stream.bytes - 1] == '\n';
    assert_int_equal(rest.bytes, bytes + (ended ? 1 : 2));
    assert_memory_equal(rest.data, stream.data + from, bytes);
    assert_memory_equal(rest.data + rest.bytes - 2, "\n\n", 2);
}

typedef bool feeding(struct sse *sse, struct slice data, struct heard *heard);

/* In pieces that end at each of `ends` and at the end; *heard begins empty. */
static void hear(feeding *feed_piece, struct slice stream, const size_t *ends, size_t end_count,
                 struct heard *heard)
{
    struct sse sse;
    size_t from = 0;
    heard_init(heard);
    sse_init(&sse);
    for (size_t i = 0; i <= end_count; i++) {
        size_t end = i < end_count ? ends[i] : stream.bytes;
        assert_true(feed_piece(&sse, (struct slice){stream.data + from, end - from}, heard));
        from = end;
    }
    if (heard->bytes.bytes > 0)
        assert_memory_equal(heard->bytes.data, stream.data, heard->bytes.bytes);
    check_rest(&sse, stream, heard->bytes.bytes);
    sse_fini(&sse);
}

static void assert_same(const struct heard *heard, const struct heard *expected)
{
    assert_int_equal(heard->lengths.bytes, expected->lengths.bytes);
    if (expected->lengths.bytes > 0)
        assert_memory_equal(heard->lengths.data, expected->lengths.data, expected->lengths.bytes);
}

static void check_hears(struct slice stream, const size_t *ends, size_t end_count,
                        const struct heard *expected)
{
    static feeding *const ways[] = {feed, feed_by_event};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct heard heard;
        hear(ways[i], stream, ends, end_count, &heard);
        assert_same(&heard, expected);
        heard_fini(&heard);
    }
}

/* Slow and plain: lines end with LF; one that is empty but for a CR ends an event. */
static void model_hear(struct slice stream, struct heard *heard)
{
    size_t start = 0;
    size_t line = 0;
    heard_init(heard);
    for (size_t at = 0; at < stream.bytes; at++) {
        if (stream.data[at] != '\n')
            continue;
        if (at == line || (at == line + 1 && stream.data[line] == '\r')) {
            on_event((struct slice){stream.data + start, at + 1 - start}, heard);
            start = at + 1;
        }
        line = at + 1;
    }
}

static const struct {
    const char *stream;
    size_t events;
} cases[] = {
    {"", 0},
    {"\n", 1},
    {"\r\n", 1},
    {"\r", 0},
    {"\r\r\n", 0},
    {"\n\n\n", 3},
    {"data: a", 0},
    {"data: a\n", 0},
    {"data: a\r\n", 0},
    {"data: a\r\n\r", 0},
    {"data: a\n\n", 1},
    {"data: a\r\n\r\n", 1},
    {"data: a\n\r\n", 1},
    {"data: a\r\n\n", 1},
    {"data: a\n\ndata: b\n\n", 2},
    {"data: a\r\n\r\ndata: b\r\n\r\ndata: [DONE]\r\n\r\n", 3},
    {": keep-alive\n\n: x\r\n\r\ndata: a\n\n", 3},
    {"event: message\nid: 1\nretry: 5\ndata: a\ndata: b\n\ndata: c\n", 1},
    {"data: a\rb\n\ndata: \r\r\n\n", 2},
    {"\xef\xbb\xbf"
     "data: \xc3\xa9\n\n",
     1},
    {"\ndata\n\n\r\ndata:\n\n", 4},
};

static void every_split_gives_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice stream = slice_of(cases[i].stream);
        struct heard expected;
        model_hear(stream, &expected);
        assert_int_equal(expected.lengths.bytes / sizeof(size_t), cases[i].events);
        for (size_t a = 0; a <= stream.bytes; a++) {
            for (size_t b = a; b <= stream.bytes; b++) {
                check_hears(stream, (size_t[]){a, b}, 2, &expected);
            }
        }
        heard_fini(&expected);
    }
}

static void random_streams_give_what_the_model_gives(void **state)
{
    (void)state;
    static const char *const pieces[] = {"\n",   "\n",       "\r\n",   "\n\n", "\r\n\r\n",
                                         "\r",   "data: {}", "data:x", ": c",  "event: e",
                                         "data", "[DONE]",   "\0",     "a",    "\xff"};
    struct dice dice = dice_make();
    for (int round = 0; round < 20000; round++) {
        struct buffer stream;
        struct heard expected;
        size_t ends[64];
        size_t end_count = 0;
        buffer_init(&stream, 4096);
        for (size_t n = dice_below(&dice, 30); n > 0; n--) {
            buffer_append_text(&stream, pieces[dice_below(&dice, sizeof pieces / sizeof *pieces)]);
            for (size_t again = dice_below(&dice, 3); again > 0 && end_count < 64; again--) {
                size_t from = end_count > 0 ? ends[end_count - 1] : 0;
                ends[end_count++] = from + dice_below(&dice, stream.bytes - from + 1);
            }
        }
        model_hear(buffer_slice(&stream), &expected);
        check_hears(buffer_slice(&stream), ends, end_count, &expected);
        heard_fini(&expected);
        buffer_fini(&stream);
    }
}

/* ---- too large ---- */

/* One event of `bytes` bytes with its empty line, behind a small one, in pieces of `piece`. */
static bool hears_event_of(size_t bytes, size_t piece)
{
    struct buffer stream;
    struct heard heard;
    struct sse sse;
    bool done = true;
    buffer_init(&stream, bytes + 16);
    buffer_append_text(&stream, ": ok\n\n");
    size_t end = stream.bytes + bytes;
    buffer_append_text(&stream, "data: ");
    char fill[4096];
    memset(fill, 'x', sizeof fill);
    while (stream.bytes < end - 2) {
        size_t left = end - 2 - stream.bytes;
        buffer_append(&stream, fill, left < sizeof fill ? left : sizeof fill);
    }
    buffer_append_text(&stream, "\n\n");
    assert_false(stream.failed);
    heard_init(&heard);
    sse_init(&sse);
    for (size_t at = 0; done && at < stream.bytes; at += piece) {
        size_t left = stream.bytes - at;
        done = sse_feed(&sse, (struct slice){stream.data + at, left < piece ? left : piece},
                        on_event, &heard);
    }
    assert_int_equal(heard.lengths.bytes / sizeof(size_t), done ? 2 : 1);
    sse_fini(&sse);
    heard_fini(&heard);
    buffer_fini(&stream);
    return done;
}

static void bounds_an_event(void **state)
{
    (void)state;
    static const size_t pieces[] = {16384, 100003, LIMIT_EVENT_BYTES / 2, LIMIT_EVENT_BYTES,
                                    (size_t)LIMIT_EVENT_BYTES * 4};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        assert_true(hears_event_of(LIMIT_EVENT_BYTES, pieces[i]));
        assert_false(hears_event_of(LIMIT_EVENT_BYTES + 1, pieces[i]));
        assert_false(hears_event_of(LIMIT_EVENT_BYTES + 100000, pieces[i]));
    }
}

/* The bound is on one event, not on what a stream has in all. */
static void does_not_bound_a_stream(void **state)
{
    (void)state;
    char events[64 * 1024];
    struct heard heard;
    struct sse sse;
    heard_init(&heard);
    sse_init(&sse);
    memset(events, 'x', sizeof events);
    for (size_t at = 1000; at + 1 < sizeof events; at += 1000)
        memcpy(events + at, "\n\n", 2);
    for (int i = 0; i < 2 * LIMIT_EVENT_BYTES / (int)sizeof events; i++)
        assert_true(sse_feed(&sse, (struct slice){events, sizeof events}, on_event, &heard));
    sse_fini(&sse);
    heard_fini(&heard);
}

/* ---- data ---- */

static const struct {
    const char *event;
    const char *data; /* NULL: none */
} datas[] = {
    {"", NULL},
    {"\n", NULL},
    {": comment\n\n", NULL},
    {"event: x\nid: 1\n\n", NULL},
    {": data: x\n\n", NULL},
    {"database: x\n\n", NULL},
    {"dat: x\n\n", NULL},
    {" data: x\n\n", NULL},
    {"Data: x\n\n", NULL},
    {"data: x\n\n", "x"},
    {"data:x\n\n", "x"},
    {"data:  x \n\n", " x "},
    {"data:\tx\n\n", "\tx"},
    {"data: x\r\n\r\n", "x"},
    {"data: x", "x"},
    {"data: x\r", "x"},
    {"data:\n\n", ""},
    {"data: \n\n", ""},
    {"data\n\n", ""},
    {"data\r\n\r\n", ""},
    {"data", ""},
    {"data: a:b\n\n", "a:b"},
    {"event: x\ndata: y\nid: z\n\n", "y"},
    {": c\ndata: [DONE]\n\n", "[DONE]"},
    {"data: a\ndata: b\n\n", "a\nb"},
    {"data: {\r\ndata:   \"a\":1\r\n: c\r\ndata: }\r\n\r\n", "{\n  \"a\":1\n}"},
    {"data:\ndata:\n\n", "\n"},
    {"data\ndata\ndata: x\n\n", "\n\nx"},
    {"data: a\nevent: e\ndata:\n\n", "a\n"},
};

static void reads_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof datas / sizeof *datas; i++) {
        struct slice event = slice_of(datas[i].event);
        struct buffer joined;
        buffer_init(&joined, LIMIT_EVENT_BYTES);
        struct slice data = sse_data(event, &joined);
        if (datas[i].data == NULL) {
            assert_null(data.data);
        } else {
            assert_non_null(data.data);
            if (!slice_equals(data, datas[i].data))
                fail_msg("'%.*s' in: %s", (int)data.bytes, data.data, datas[i].event);
            /* One line is not copied. */
            bool inside = data.data >= event.data && data.data <= event.data + event.bytes;
            assert_int_equal(inside, strchr(datas[i].data, '\n') == NULL);
        }
        buffer_fini(&joined);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_gives_the_same),
        cmocka_unit_test(random_streams_give_what_the_model_gives),
        cmocka_unit_test(bounds_an_event),
        cmocka_unit_test(does_not_bound_a_stream),
        cmocka_unit_test(reads_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
