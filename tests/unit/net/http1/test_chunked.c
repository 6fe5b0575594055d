/* The decoder of chunked bodies: what is legal is decoded, what RFC 9112, 7.1 does not
 * allow is refused, and in how many pieces the bytes come makes no difference. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "net/http1/chunked.h"

enum { BODY_MAX = 1 << 20 };

struct decoded {
    int status; /* of the refusal; 0: none */
    bool ended;
    size_t used;
    struct buffer body;
};

/* One feed of a copy with nothing behind it, as far as nothing has ended yet. */
static void feed(struct chunked *chunked, struct slice data, struct decoded *out)
{
    struct refusal refusal = {0};
    if (out->ended || out->status != 0)
        return;
    char *copy = malloc(data.bytes > 0 ? data.bytes : 1);
    assert_non_null(copy);
    memcpy(copy, data.data, data.bytes);
    size_t used = chunked_feed(chunked, copy, data.bytes, &out->body, &refusal);
    free(copy);
    out->used += used;
    out->status = refusal.status;
    out->ended = chunked->state == CHUNKED_END;
    assert_true(used <= data.bytes);
    assert_true(used == data.bytes || out->ended || out->status != 0);
    assert_false(out->ended && out->status != 0);
}

/* In two feeds; with `split` behind the end, byte by byte. */
static struct decoded decode(struct slice data, size_t split, size_t body_max)
{
    struct decoded out = {0};
    struct chunked chunked;
    buffer_init(&out.body, body_max);
    chunked_init(&chunked);
    if (split > data.bytes) {
        for (size_t i = 0; i < data.bytes; i++)
            feed(&chunked, (struct slice){data.data + i, 1}, &out);
        return out;
    }
    feed(&chunked, (struct slice){data.data, split}, &out);
    feed(&chunked, (struct slice){data.data + split, data.bytes - split}, &out);
    return out;
}

/* ---- what is legal ---- */

static const struct {
    const char *text;
    const char *body;
} legals[] = {
    {"0\r\n\r\n", ""},
    {"5\r\nhello\r\n0\r\n\r\n", "hello"},
    {"5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n", "hello, world"},
    {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
    {"5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"},
    {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"1F\r\n0123456789012345678901234567890\r\n0\r\n\r\n", "0123456789012345678901234567890"},
    {"1f\r\n0123456789012345678901234567890\r\n0\r\n\r\n", "0123456789012345678901234567890"},
    {"005\r\nhello\r\n000\r\n\r\n", "hello"},
    {"000000000000005\r\nhello\r\n0\r\n\r\n", "hello"},
    /* extensions */
    {"5;\r\nhello\r\n0\r\n\r\n", "hello"},
    {"5;a\r\nhello\r\n0;b\r\n\r\n", "hello"},
    {"5;a=b;c=d\r\nhello\r\n0;e=\"f;g\"\r\n\r\n", "hello"},
    {"5; a = \"\xc3\xa9\" \t; 7\r\nhello\r\n0\r\n\r\n", "hello"},
    {"5;ffffffffffffffffffff\r\nhello\r\n0\r\n\r\n", "hello"},
    /* trailers */
    {"5\r\nhello\r\n0\r\nX: y\r\n\r\n", "hello"},
    {"0\r\nX: y\r\nExpires: never \t\r\nY:\r\n\r\n", ""},
    {"0\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n", ""},
};

static void assert_decodes(struct slice data, size_t used, size_t split, struct slice body)
{
    struct decoded out = decode(data, split, BODY_MAX);
    if (out.status != 0 || !out.ended || out.used != used)
        fail_msg("status %d, ended %d, used %zu, split at %zu of: %.*s", out.status, out.ended,
                 out.used, split, (int)data.bytes, data.data);
    assert_int_equal(out.body.bytes, body.bytes);
    if (body.bytes > 0)
        assert_memory_equal(out.body.data, body.data, body.bytes);
    buffer_fini(&out.body);
}

/* Alone, and with a request behind it, of which nothing may be eaten. */
static void decodes_what_is_legal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof legals / sizeof *legals; i++) {
        struct slice alone = slice_of(legals[i].text);
        for (size_t split = 0; split <= alone.bytes + 1; split++)
            assert_decodes(alone, alone.bytes, split, slice_of(legals[i].body));
        char more[256];
        snprintf(more, sizeof more, "%s\r\n0\r\n\r\nGET / HTTP/1.1\r\n", legals[i].text);
        struct slice with_more = slice_of(more);
        for (size_t split = 0; split <= with_more.bytes + 1; split++)
            assert_decodes(with_more, alone.bytes, split, slice_of(legals[i].body));
    }
}

static void waits_for_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof legals / sizeof *legals; i++) {
        for (size_t bytes = 0; bytes < strlen(legals[i].text); bytes++) {
            struct decoded out = decode((struct slice){legals[i].text, bytes}, 0, BODY_MAX);
            assert_int_equal(out.status, 0);
            assert_false(out.ended);
            assert_true(out.body.bytes <= strlen(legals[i].body));
            if (out.body.bytes > 0)
                assert_memory_equal(out.body.data, legals[i].body, out.body.bytes);
            buffer_fini(&out.body);
        }
    }
}

/* ---- what is not ---- */

#define OK "3\r\nabc\r\n"

static const char *const illegals[] = {
    /* sizes */
    "0x5\r\nhello\r\n0\r\n\r\n",
    "0X5\r\nhello\r\n0\r\n\r\n",
    "+5\r\nhello\r\n0\r\n\r\n",
    "-5\r\nhello\r\n0\r\n\r\n",
    "-0\r\n\r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "\t5\r\nhello\r\n0\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    "5\t\r\nhello\r\n0\r\n\r\n",
    "5 junk\r\nhello\r\n0\r\n\r\n",
    "5junk\r\nhello\r\n0\r\n\r\n",
    "5 ;a\r\nhello\r\n0\r\n\r\n",
    "5,6\r\nhello\r\n0\r\n\r\n",
    "5_0\r\nhello\r\n0\r\n\r\n",
    "5.0\r\nhello\r\n0\r\n\r\n",
    "5g\r\nhello\r\n0\r\n\r\n",
    "g\r\n\r\n",
    "\r\n",
    "\r\n5\r\nhello\r\n0\r\n\r\n",
    ";a\r\nhello\r\n0\r\n\r\n",
    "\xef\xbc\x95\r\nhello\r\n0\r\n\r\n",
    OK "0x0\r\n\r\n",
    OK "\r\n0\r\n\r\n",
    OK " 0\r\n\r\n",
    /* overflow */
    "10000000000000005\r\nhello\r\n0\r\n\r\n", /* 2^64 + 5 */
    "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "fffffffffffffffb\r\nhello\r\n0\r\n\r\n",
    "8000000000000005\r\nhello\r\n0\r\n\r\n",
    "100000000000000000000000000000005\r\nhello\r\n0\r\n\r\n",
    /* bare LF, bare CR */
    "5\nhello\r\n0\r\n\r\n",
    "5;a\nhello\r\n0\r\n\r\n",
    "5\rhello\r\n0\r\n\r\n",
    "5\r\rhello\r\n0\r\n\r\n",
    "5;a\rb\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhello\r0\r\n\r\n",
    OK "0\n\r\n",
    OK "0\r\n\n",
    OK "0\r\r\n\r\n",
    OK "0\r\nX: y\n\r\n",
    OK "0\r\nX: y\r\n\n",
    OK "0\r\nX: y\r\r\n",
    OK "0\r\nX: a\rb\r\n\r\n",
    OK "0\r\n\r\r\n",
    /* what is behind the data */
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello!\r\n0\r\n\r\n",
    "5\r\nhello \r\n0\r\n\r\n",
    "4\r\nhello\r\n0\r\n\r\n",
    "6\r\nhello\r\n0\r\n\r\n",
    /* control characters */
    "5;a\x01\r\nhello\r\n0\r\n\r\n",
    "5;a\x7f\r\nhello\r\n0\r\n\r\n",
    OK "0\r\nX: \x0b\r\n\r\n",
    OK "0\r\nX: \x7f\r\n\r\n",
};

static void assert_refused(struct slice data, size_t body_max, int status, size_t step)
{
    for (size_t split = 0; split <= data.bytes + 1; split += step) {
        struct decoded out = decode(data, split, body_max);
        if (out.status != status)
            fail_msg("status %d, not %d, split at %zu of: %.*s", out.status, status, split,
                     (int)(data.bytes < 200 ? data.bytes : 200), data.data);
        buffer_fini(&out.body);
    }
}

static void refuses_what_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof illegals / sizeof *illegals; i++)
        assert_refused(slice_of(illegals[i]), BODY_MAX, 400, 1);
}

/* A NUL in the place of each byte outside the data. */
static void refuses_nul(void **state)
{
    (void)state;
    char text[] = "5;a=b\r\nhello\r\n0;c\r\nX: y\r\n\r\n";
    size_t bytes = sizeof text - 1;
    for (size_t i = 0; i < bytes; i++) {
        if (i >= 7 && i < 12)
            continue;
        char was = text[i];
        text[i] = '\0';
        assert_refused((struct slice){text, bytes}, BODY_MAX, 400, 1);
        text[i] = was;
    }
}

/* ---- bounds ---- */

static void bounds_the_body(void **state)
{
    (void)state;
    struct slice data = slice_of("5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n");
    for (size_t limit = 0; limit < 12; limit++)
        assert_refused(data, limit, 413, 1);
    for (size_t split = 0; split <= data.bytes + 1; split++) {
        struct decoded out = decode(data, split, 12);
        assert_true(out.ended);
        buffer_fini(&out.body);
    }
    /* However large it says to be, no more than the limit is ever taken. */
    static const char *const announced[] = {"fffffffffffffff", "7fffffff", "80000000", "ffffffff",
                                            "100000005"};
    for (size_t i = 0; i < sizeof announced / sizeof *announced; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s\r\nhello\r\n0\r\n\r\n", announced[i]);
        struct decoded out = decode(slice_of(text), 0, BODY_MAX);
        assert_int_equal(out.status, 0);
        assert_false(out.ended);
        assert_int_equal(out.body.bytes, strlen("hello\r\n0\r\n\r\n"));
        buffer_fini(&out.body);
        assert_refused(slice_of(text), 8, 413, 1);
    }
}

/* `before`, `count` times `fill`, `after`; decoded in the whole, in two feeds and byte by byte. */
static void assert_bounded(const char *before, char fill, size_t count, const char *after,
                           int status)
{
    struct buffer text;
    buffer_init(&text, BODY_MAX);
    buffer_append_text(&text, before);
    for (size_t i = 0; i < count; i++)
        buffer_append_char(&text, fill);
    buffer_append_text(&text, after);
    size_t splits[] = {0, 1, text.bytes / 2, text.bytes - 1, text.bytes + 1};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        struct decoded out = decode(buffer_slice(&text), splits[i], BODY_MAX);
        assert_int_equal(out.status, status);
        assert_int_equal(out.ended, status == 0);
        buffer_fini(&out.body);
    }
    buffer_fini(&text);
}

static void bounds_what_is_dropped(void **state)
{
    (void)state;
    size_t line = LIMIT_CHUNK_LINE_BYTES;
    assert_bounded("5;", 'a', line - 16, "\r\nhello\r\n0\r\n\r\n", 0);
    assert_bounded("5;", 'a', line + 1, "\r\nhello\r\n0\r\n\r\n", 400);
    assert_bounded("5\r\nhello\r\n0;", 'a', line + 1, "\r\n\r\n", 400);
    assert_bounded("5;", 'a', line + 1, "", 400);
    size_t trailer = LIMIT_TRAILER_BYTES;
    assert_bounded("5\r\nhello\r\n0\r\nX:", 'a', trailer - 16, "\r\n\r\n", 0);
    assert_bounded("5\r\nhello\r\n0\r\nX:", 'a', trailer, "\r\n\r\n", 400);
    assert_bounded("0\r\nX:", 'a', trailer, "", 400);
    struct buffer text; /* many short trailers */
    buffer_init(&text, BODY_MAX);
    buffer_append_text(&text, "0\r\n");
    while (text.bytes < trailer + 8)
        buffer_append_text(&text, "X: y\r\n");
    assert_bounded("0\r\n", 'x', 0, "\r\n", 0);
    buffer_append_char(&text, '\0');
    assert_bounded("", 'x', 0, text.data, 400);
    buffer_fini(&text);
}

/* ---- at random ---- */

static void write_chunk(struct dice *dice, size_t bytes, struct buffer *text, struct buffer *body)
{
    static const char *const extensions[] = {"", "", "", ";a", ";a=\"b\"", "; a=b ; c"};
    static const char *const sizes[] = {"%zx", "%zX", "0%zx", "0000%zX"};
    buffer_printf(text, sizes[dice_below(dice, 4)], bytes);
    buffer_append_text(text, extensions[dice_below(dice, 6)]);
    buffer_append_text(text, "\r\n");
    for (size_t i = 0; i < bytes; i++) {
        char c = "0123456789abcdef\r\n\n;"[dice_below(dice, 20)];
        buffer_append_char(text, c);
        buffer_append_char(body, c);
    }
    if (bytes > 0)
        buffer_append_text(text, "\r\n");
}

static void write_message(struct dice *dice, struct buffer *text, struct buffer *body)
{
    buffer_init(text, BODY_MAX);
    buffer_init(body, BODY_MAX);
    for (size_t n = dice_below(dice, 5); n > 0; n--)
        write_chunk(dice, 1 + dice_below(dice, 40), text, body);
    write_chunk(dice, 0, text, body);
    for (size_t n = dice_below(dice, 3); n > 0; n--)
        buffer_append_text(text, "X-Trailer: y\r\n");
    buffer_append_text(text, "\r\n");
}

static void decodes_random_messages(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int round = 0; round < 20000; round++) {
        struct buffer text;
        struct buffer body;
        write_message(&dice, &text, &body);
        assert_decodes(buffer_slice(&text), text.bytes, dice_below(&dice, text.bytes + 2),
                       buffer_slice(&body));
        buffer_fini(&text);
        buffer_fini(&body);
    }
}

/* Nothing crashes, and the outcome is the same in any two pieces. */
static void mutations_do_not_depend_on_the_split(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int round = 0; round < 20000; round++) {
        struct buffer text;
        struct buffer body;
        write_message(&dice, &text, &body);
        for (size_t n = 1 + dice_below(&dice, 3); n > 0; n--) {
            size_t at = dice_below(&dice, text.bytes);
            text.data[at] = dice_below(&dice, 2) == 0 ? (char)dice_below(&dice, 256)
                                                      : "\r\n;0 fF\t"[dice_below(&dice, 8)];
        }
        struct slice data = buffer_slice(&text);
        struct decoded whole = decode(data, 0, 64);
        struct decoded parts = decode(data, dice_below(&dice, text.bytes + 2), 64);
        if (whole.status != parts.status || whole.ended != parts.ended ||
            (whole.status == 0 && whole.used != parts.used))
            fail_msg("%d, %d for: %.*s", whole.status, parts.status, (int)data.bytes, data.data);
        if (whole.ended) {
            assert_int_equal(whole.body.bytes, parts.body.bytes);
            if (whole.body.bytes > 0)
                assert_memory_equal(whole.body.data, parts.body.data, whole.body.bytes);
        }
        buffer_fini(&whole.body);
        buffer_fini(&parts.body);
        buffer_fini(&text);
        buffer_fini(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_is_legal),
        cmocka_unit_test(waits_for_the_end),
        cmocka_unit_test(refuses_what_is_not),
        cmocka_unit_test(refuses_nul),
        cmocka_unit_test(bounds_the_body),
        cmocka_unit_test(bounds_what_is_dropped),
        cmocka_unit_test(decodes_random_messages),
        cmocka_unit_test(mutations_do_not_depend_on_the_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
