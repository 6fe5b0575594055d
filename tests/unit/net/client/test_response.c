/* The answers of providers: what is legal is read, what RFC 9112, 6.3 gives no certain end
 * is none, and in how many pieces the bytes come makes no difference. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "net/client/response.h"

enum { BODY_MAX = 1 << 22, CUTS_MAX = 8 };

struct reading {
    struct response response;
    enum response_step step;
    unsigned heads;
    unsigned pieces; /* of the body */
    int status;
    int64_t retry_after_ms;
    char content_type[64];
    size_t used;
    struct buffer body;
};

static void reading_init(struct reading *reading)
{
    memset(reading, 0, sizeof *reading);
    response_init(&reading->response);
    buffer_init(&reading->body, BODY_MAX);
}

static void reading_fini(struct reading *reading)
{
    response_fini(&reading->response);
    buffer_fini(&reading->body);
}

static bool is_last(enum response_step step)
{
    return step == RESPONSE_OVER || step == RESPONSE_BROKEN;
}

/* One piece, as a copy with nothing behind it. */
static void feed(struct reading *reading, const char *data, size_t bytes)
{
    if (is_last(reading->step))
        return;
    char *copy = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(copy);
    memcpy(copy, data, bytes);
    struct slice input = {copy, bytes};
    do {
        struct slice piece;
        reading->step = response_next(&reading->response, &input, &piece);
        if (reading->step == RESPONSE_HEAD) {
            const struct response_head *head = &reading->response.head;
            reading->heads++;
            reading->status = head->status;
            reading->retry_after_ms = head->retry_after.ms;
            snprintf(reading->content_type, sizeof reading->content_type, "%.*s",
                     (int)head->content_type.bytes,
                     head->content_type.data != NULL ? head->content_type.data : "");
        } else if (reading->step == RESPONSE_DATA) {
            assert_true(piece.bytes > 0);
            reading->pieces++;
            assert_true(buffer_append_slice(&reading->body, piece));
        }
    } while (reading->step == RESPONSE_HEAD || reading->step == RESPONSE_DATA);
    assert_true(input.bytes == 0 || is_last(reading->step));
    reading->used += bytes - input.bytes;
    free(copy);
}

/* In pieces that end at the cuts, which ascend; bytes are left over only behind the end. */
static void read_cut(struct reading *reading, struct slice data, const size_t *cuts, size_t count)
{
    size_t at = 0;
    reading_init(reading);
    for (size_t i = 0; i < count; i++) {
        feed(reading, data.data + at, cuts[i] - at);
        at = cuts[i];
    }
    feed(reading, data.data + at, data.bytes - at);
}

static void read_bytewise(struct reading *reading, struct slice data)
{
    reading_init(reading);
    for (size_t at = 0; at < data.bytes; at++)
        feed(reading, data.data + at, 1);
}

static void assert_same(const struct reading *a, const struct reading *b, struct slice data)
{
    bool same = a->step == b->step && a->heads == b->heads && a->status == b->status &&
                a->retry_after_ms == b->retry_after_ms &&
                strcmp(a->content_type, b->content_type) == 0 &&
                a->response.why == b->response.why && a->body.bytes == b->body.bytes &&
                (a->body.bytes == 0 || memcmp(a->body.data, b->body.data, a->body.bytes) == 0) &&
                (a->step != RESPONSE_OVER || a->used == b->used);
    if (!same)
        fail_msg("steps %d and %d (%s, %s), statuses %d and %d, bodies of %zu and %zu: %.*s",
                 a->step, b->step, a->response.why ? a->response.why : "-",
                 b->response.why ? b->response.why : "-", a->status, b->status, a->body.bytes,
                 b->body.bytes, (int)data.bytes, data.data);
}

/* ---- what is legal ---- */

#define OK "HTTP/1.1 200 OK\r\n"
#define END "\r\n"
#define SIZED "Content-Length: 5\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const struct legal {
    const char *text;
    int status;
    const char *body;
    bool until_close; /* it ends with its connection */
    bool another;     /* its connection may be used again */
} legals[] = {
    {OK SIZED END "hello", 200, "hello", false, true},
    {OK "content-LENGTH:5\r\n" END "hello", 200, "hello", false, true},
    {OK "Content-Length: \t 5 \t\r\n" END "hello", 200, "hello", false, true},
    {OK "Content-Length: 0\r\n" END, 200, "", false, true},
    {"HTTP/1.1 200\r\n" SIZED END "hello", 200, "hello", false, true},
    {"HTTP/1.1 200 \r\n" SIZED END "hello", 200, "hello", false, true},
    {"HTTP/1.1 200 \xc3\x9c\tgut\r\n" SIZED END "hello", 200, "hello", false, true},
    {"HTTP/1.1 529 Overloaded\r\n" SIZED END "hello", 529, "hello", false, true},
    {"HTTP/1.1 413 Too Large\r\n" SIZED "Connection: close\r\n" END "hello", 413, "hello", false,
     false},
    {OK SIZED "Connection: Keep-Alive\r\n" END "hello", 200, "hello", false, true},
    {OK SIZED "Connection: x, CLOSE ,y\r\n" END "hello", 200, "hello", false, false},
    {OK SIZED "X:\r\nY: a:b\r\nZ: \x80\xff\r\n" END "hello", 200, "hello", false, true},
    {OK CHUNKED END "5\r\nhello\r\n0\r\n\r\n", 200, "hello", false, true},
    {OK "transfer-encoding: CHUNKED\r\n" END "2\r\nhe\r\n3;a=b\r\nllo\r\n00\r\nX: y\r\n\r\n", 200,
     "hello", false, true},
    {OK CHUNKED END "0\r\n\r\n", 200, "", false, true},
    {OK "Content-Encoding: identity\r\n" SIZED END "hello", 200, "hello", false, true},
    /* informational ones before it */
    {"HTTP/1.1 100 Continue\r\n\r\n" OK SIZED END "hello", 200, "hello", false, true},
    {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100\r\n\r\n" OK SIZED END "hello", 200,
     "hello", false, true},
    {"HTTP/1.1 102 P\r\nContent-Length: 7\r\nConnection: close\r\n\r\n" OK SIZED END "hello", 200,
     "hello", false, true},
    /* no body */
    {"HTTP/1.1 204 No Content\r\n" END, 204, "", false, true},
    {"HTTP/1.1 304 Not Modified\r\n" END, 304, "", false, true},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n" END, 204, "", false, true},
    {"HTTP/1.1 304 Not Modified\r\n" SIZED END, 304, "", false, false},
    {"HTTP/1.1 204 No Content\r\n" CHUNKED END, 204, "", false, false},
    /* until the connection closes */
    {OK END "hello", 200, "hello", true, false},
    {OK END, 200, "", true, false},
    {OK "Connection: keep-alive\r\n" END "hello", 200, "hello", true, false},
    {"HTTP/1.0 200 OK\r\n" END "hello", 200, "hello", true, false},
    {"HTTP/1.0 200 OK\r\n" SIZED "Connection: keep-alive\r\n" END "hello", 200, "hello", false,
     false},
};

enum { LEGALS = sizeof legals / sizeof *legals };

static void check_legal(struct reading *reading, const struct legal *legal, size_t bytes)
{
    if (legal->until_close) {
        assert_int_equal(reading->step, RESPONSE_WANTS_MORE);
        reading->step = response_at_close(&reading->response);
    }
    if (reading->step != RESPONSE_OVER || reading->heads != 1)
        fail_msg("step %d, %u heads, %s: %s", reading->step, reading->heads,
                 reading->response.why ? reading->response.why : "-", legal->text);
    assert_int_equal(reading->status, legal->status);
    assert_int_equal(reading->used, bytes);
    assert_int_equal(reading->body.bytes, strlen(legal->body));
    if (reading->body.bytes > 0)
        assert_memory_equal(reading->body.data, legal->body, reading->body.bytes);
    assert_int_equal(response_allows_another(&reading->response), legal->another);
    reading_fini(reading);
}

/* Alone, and with something behind it, of which nothing may be eaten. */
static void reads_what_is_legal(void **state)
{
    (void)state;
    struct reading reading;
    for (size_t i = 0; i < LEGALS; i++) {
        size_t bytes = strlen(legals[i].text);
        char more[512];
        snprintf(more, sizeof more, "%s%s", legals[i].text,
                 legals[i].until_close ? "" : "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
        struct slice data = slice_of(more);
        for (size_t cut = 0; cut <= data.bytes; cut++) {
            read_cut(&reading, data, &cut, 1);
            check_legal(&reading, &legals[i], bytes);
        }
        read_bytewise(&reading, data);
        check_legal(&reading, &legals[i], bytes);
    }
}

/* Any part of it is none: the body so far is a part of the body, and a close is no end. */
static void waits_for_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEGALS; i++) {
        size_t bytes = strlen(legals[i].text);
        for (size_t part = 0; part < bytes; part++) {
            struct reading reading;
            read_cut(&reading, (struct slice){legals[i].text, part}, NULL, 0);
            assert_int_equal(reading.step, RESPONSE_WANTS_MORE);
            assert_true(reading.body.bytes <= strlen(legals[i].body));
            if (reading.body.bytes > 0)
                assert_memory_equal(reading.body.data, legals[i].body, reading.body.bytes);
            bool may_end = legals[i].until_close && reading.heads == 1;
            assert_int_equal(response_at_close(&reading.response),
                             may_end ? RESPONSE_OVER : RESPONSE_BROKEN);
            reading_fini(&reading);
        }
    }
}

static void tells_what_the_head_says(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        const char *type;
        int64_t after_ms;
    } heads[] = {
        {"Content-Type: text/event-stream; charset=utf-8\r\nRetry-After: 7\r\n",
         "text/event-stream", 7000},
        {"content-type:application/json\r\n", "application/json", -1},
        {"Content-Type:  a/b ;\r\nRetry-After: 0\r\n", "a/b", 0},
        {"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "", 0}, /* long ago */
        {"Retry-After: 9999999\r\n", "", INT64_C(9999999000)},
        {"Retry-After: 99999999999999999999\r\n", "", INT64_C(9999999999000)},
        {"Retry-After: -1\r\n", "", -1},
        {"X-Content-Type: a/b\r\n", "", -1},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char text[256];
        struct reading reading;
        snprintf(text, sizeof text, OK "%s" SIZED END "hello", heads[i].fields);
        read_bytewise(&reading, slice_of(text));
        assert_int_equal(reading.step, RESPONSE_OVER);
        assert_string_equal(reading.content_type, heads[i].type);
        assert_int_equal(reading.retry_after_ms, heads[i].after_ms);
        reading_fini(&reading);
    }
}

/* ---- what is not ---- */

static const char *const illegals[] = {
    /* no status line */
    "SSH-2.0-OpenSSH_9.2\r\n",
    "hello\r\n\r\n",
    "\r\n" OK SIZED END,
    " " OK SIZED END,
    "HTTP/2 200\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/0.9 200 OK\r\n\r\n",
    "HTTP/1.1200 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1\t200 OK\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 +20 OK\r\n\r\n",
    "HTTP/1.1 2e2 OK\r\n\r\n",
    "HTTP/1.1 200OK\r\n\r\n",
    "HTTP/1.1 099 X\r\n\r\n",
    "HTTP/1.1 600 X\r\n\r\n",
    "HTTP/1.1 \r\n\r\n",
    "HTTP/1.1\r\n\r\n",
    "HTTP/1.1 200 O\x01K\r\n\r\n",
    "HTTP/1.1 200 O\rK\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    /* lines */
    "HTTP/1.1 200 OK\n" SIZED END "hello",
    OK "Content-Length: 5\n" END "hello",
    OK SIZED "\nhello",
    OK SIZED " folded\r\n" END "hello",
    OK " X: y\r\n" SIZED END "hello",
    OK "X\r\n" SIZED END "hello",
    OK ": x\r\n" SIZED END "hello",
    OK "X y: z\r\n" SIZED END "hello",
    OK "X: a\x01"
       "b\r\n" SIZED END "hello",
    OK "X: a\rb\r\n" SIZED END "hello",
    OK "X: \x7f\r\n" SIZED END "hello",
    /* framing */
    OK SIZED SIZED END "hello",
    OK SIZED "Content-Length: 6\r\n" END "hello",
    OK "Content-Length: 5, 5\r\n" END "hello",
    OK "Content-Length: +5\r\n" END "hello",
    OK "Content-Length: -5\r\n" END "hello",
    OK "Content-Length: 0x5\r\n" END "hello",
    OK "Content-Length: 5 5\r\n" END "hello",
    OK "Content-Length:\r\n" END "hello",
    OK "Content-Length: 18446744073709551621\r\n" END "hello",
    OK "Content-Length : 5\r\n" END "hello",
    OK CHUNKED SIZED END "5\r\nhello\r\n0\r\n\r\n",
    OK SIZED CHUNKED END "5\r\nhello\r\n0\r\n\r\n",
    OK CHUNKED CHUNKED END "5\r\nhello\r\n0\r\n\r\n",
    OK "Transfer-Encoding: gzip, chunked\r\n" END "5\r\nhello\r\n0\r\n\r\n",
    OK "Transfer-Encoding: chunked, chunked\r\n" END "5\r\nhello\r\n0\r\n\r\n",
    OK "Transfer-Encoding: identity\r\n" END "hello",
    OK "Transfer-Encoding: xchunked\r\n" END "hello",
    OK "Transfer-Encoding:\r\n" END "hello",
    OK "Transfer-Encoding : chunked\r\n" END "0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n" CHUNKED END "5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n" SIZED CHUNKED END OK SIZED END "hello",
    "HTTP/1.1 100 Continue\r\n\r\nhello\r\n\r\n",
    /* chunks (test_chunked.c has more) */
    OK CHUNKED END "hello",
    OK CHUNKED END "5\r\nhello0\r\n\r\n",
    OK CHUNKED END "5 \r\nhello\r\n0\r\n\r\n",
    OK CHUNKED END "5\nhello\r\n0\r\n\r\n",
    OK CHUNKED END "ffffffffffffffff\r\nhello",
    OK CHUNKED END "5\r\nhello\r\n0\r\nX: y\n\r\n",
    /* encodings */
    OK "Content-Encoding: br\r\n" SIZED END "hello",
    OK "Content-Encoding: gzip, br\r\n" SIZED END "hello",
    OK "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n" SIZED END "hello",
    OK "Content-Encoding: gzip\r\n" SIZED END "hello",
    OK "Content-Encoding: gzip\r\n"
       "Content-Length: 0\r\n" END,
};

static void refuses_what_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof illegals / sizeof *illegals; i++) {
        struct slice data = slice_of(illegals[i]);
        struct reading whole;
        read_cut(&whole, data, NULL, 0);
        if (whole.step != RESPONSE_BROKEN || strlen(whole.response.why) == 0)
            fail_msg("step %d: %s", whole.step, illegals[i]);
        for (size_t cut = 0; cut <= data.bytes; cut++) {
            struct reading reading;
            read_cut(&reading, data, &cut, 1);
            assert_same(&whole, &reading, data);
            reading_fini(&reading);
        }
        reading_fini(&whole);
    }
}

static void refuses_nul_bytes(void **state)
{
    (void)state;
    static const char in_value[] = OK "X: a\0b\r\n" SIZED END "hello";
    static const char in_reason[] = "HTTP/1.1 200 O\0K\r\n" SIZED END "hello";
    const struct slice both[] = {{in_value, sizeof in_value - 1},
                                 {in_reason, sizeof in_reason - 1}};
    for (size_t i = 0; i < 2; i++) {
        struct reading reading;
        read_cut(&reading, both[i], NULL, 0);
        assert_int_equal(reading.step, RESPONSE_BROKEN);
        reading_fini(&reading);
    }
}

/* The bound counts informational answers in, and does not depend on how the bytes come. */
static void bounds_the_head(void **state)
{
    (void)state;
    static const char hints[] = "HTTP/1.1 103 Early Hints\r\n\r\n";
    for (int with_hints = 0; with_hints < 2; with_hints++) {
        for (size_t more = 0; more < 2; more++) {
            struct buffer text;
            struct reading reading;
            size_t cut = 30000;
            buffer_init(&text, 1 << 20);
            buffer_append_text(&text, with_hints ? hints : "");
            buffer_append_text(&text, OK "Content-Length: 0\r\nX: ");
            while (text.bytes < LIMIT_UPSTREAM_HEAD_BYTES - 4 + more)
                buffer_append_char(&text, 'x');
            buffer_append_text(&text, "\r\n\r\n");
            for (size_t cuts = 0; cuts < 2; cuts++) {
                read_cut(&reading, buffer_slice(&text), &cut, cuts);
                assert_int_equal(reading.step, more ? RESPONSE_BROKEN : RESPONSE_OVER);
                reading_fini(&reading);
            }
            buffer_fini(&text);
        }
    }
}

/* ---- an encoding that nobody asked for ---- */

static void encode(const char *text, size_t bytes, int window_bits, struct buffer *out)
{
    z_stream stream = {0};
    unsigned char piece[4096];
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_in = (unsigned char *)(uintptr_t)text;
    stream.avail_in = (unsigned)bytes;
    int result = Z_OK;
    while (result != Z_STREAM_END) {
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        result = deflate(&stream, Z_FINISH);
        assert_true(result == Z_OK || result == Z_STREAM_END);
        buffer_append(out, piece, sizeof piece - stream.avail_out);
    }
    deflateEnd(&stream);
}

static void encoded_answer(const char *coding, struct slice encoded, struct buffer *out)
{
    buffer_init(out, BODY_MAX);
    buffer_printf(out, OK CHUNKED "Content-Encoding: %s\r\n" END "%zx\r\n", coding, encoded.bytes);
    buffer_append_slice(out, encoded);
    buffer_append_text(out, "\r\n0\r\n\r\n");
}

static void decodes(void **state)
{
    (void)state;
    enum { TEXT_BYTES = 100000 };
    static const struct {
        const char *coding;
        int window_bits;
    } codings[] = {{"gzip", 15 + 16}, {"X-GZIP", 15 + 16}, {"deflate", 15}};
    char *text = malloc(TEXT_BYTES);
    assert_non_null(text);
    for (size_t i = 0; i < TEXT_BYTES; i++)
        text[i] = (char)('a' + i * i % 7);
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        struct buffer encoded;
        struct buffer answer;
        struct reading reading;
        buffer_init(&encoded, BODY_MAX);
        encode(text, TEXT_BYTES, codings[i].window_bits, &encoded);
        encoded_answer(codings[i].coding, buffer_slice(&encoded), &answer);
        for (size_t cut = 0; cut <= answer.bytes; cut += 7) {
            read_cut(&reading, buffer_slice(&answer), &cut, 1);
            assert_int_equal(reading.step, RESPONSE_OVER);
            assert_int_equal(reading.body.bytes, TEXT_BYTES);
            assert_memory_equal(reading.body.data, text, TEXT_BYTES);
            reading_fini(&reading);
        }
        /* Cut short, though the chunks end as they should; and with something behind its end. */
        buffer_fini(&answer);
        encoded_answer(codings[i].coding, (struct slice){encoded.data, encoded.bytes - 1}, &answer);
        read_cut(&reading, buffer_slice(&answer), NULL, 0);
        assert_int_equal(reading.step, RESPONSE_BROKEN);
        reading_fini(&reading);
        buffer_fini(&answer);
        buffer_append_char(&encoded, 'x');
        encoded_answer(codings[i].coding, buffer_slice(&encoded), &answer);
        read_cut(&reading, buffer_slice(&answer), NULL, 0);
        assert_int_equal(reading.step, RESPONSE_BROKEN);
        reading_fini(&reading);
        buffer_fini(&answer);
        buffer_fini(&encoded);
    }
    free(text);
}

/* A stream's event does not wait for the bytes behind it: any part of the answer is decoded as far
 * in one piece as it is byte by byte. */
static void decodes_all_that_is_there(void **state)
{
    (void)state;
    enum { TEXT_BYTES = 200000 };
    char *text = calloc(1, TEXT_BYTES);
    struct buffer answer;
    struct reading bytewise;
    assert_non_null(text);
    buffer_init(&answer, BODY_MAX);
    buffer_append_text(&answer, OK "Content-Encoding: gzip\r\n\r\n");
    encode(text, TEXT_BYTES, 15 + 16, &answer);
    reading_init(&bytewise);
    for (size_t part = 1; part <= answer.bytes; part++) {
        struct reading whole;
        feed(&bytewise, answer.data + part - 1, 1);
        read_cut(&whole, (struct slice){answer.data, part}, NULL, 0);
        assert_int_equal(whole.body.bytes, bytewise.body.bytes);
        reading_fini(&whole);
    }
    assert_int_equal(bytewise.body.bytes, TEXT_BYTES);
    assert_int_equal(response_at_close(&bytewise.response), RESPONSE_OVER);
    reading_fini(&bytewise);
    buffer_fini(&answer);
    free(text);
}

/* ---- anything, in any pieces ---- */

static size_t mutate(struct dice *dice, char *text, size_t bytes, size_t room)
{
    static const char bits[] = "\r\n\r\n :;,0159afHTTP/1.x\t\0\x7f\xff";
    for (size_t n = dice_below(dice, 4); n > 0 && bytes > 1; n--) {
        size_t at = dice_below(dice, bytes);
        switch (dice_below(dice, 4)) {
        case 0:
            text[at] = bits[dice_below(dice, sizeof bits)];
            break;
        case 1:
            memmove(text + at, text + at + 1, bytes - at - 1);
            bytes--;
            break;
        case 2:
            if (bytes == room)
                break;
            memmove(text + at + 1, text + at, bytes - at);
            text[at] = bits[dice_below(dice, sizeof bits)];
            bytes++;
            break;
        default:
            bytes = at + 1;
        }
    }
    return bytes;
}

static void pieces_make_no_difference(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int round = 0; round < 100000; round++) {
        char text[512];
        const char *from = dice_below(&dice, 3) > 0
                               ? legals[dice_below(&dice, LEGALS)].text
                               : illegals[dice_below(&dice, sizeof illegals / sizeof *illegals)];
        size_t bytes = strlen(from);
        memcpy(text, from, bytes);
        struct slice data = {text, mutate(&dice, text, bytes, sizeof text)};
        size_t cuts[CUTS_MAX];
        size_t count = dice_below(&dice, CUTS_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            size_t before = i > 0 ? cuts[i - 1] : 0;
            cuts[i] = before + dice_below(&dice, data.bytes - before + 1);
        }
        struct reading whole;
        struct reading cut;
        read_cut(&whole, data, NULL, 0);
        read_cut(&cut, data, cuts, count);
        assert_same(&whole, &cut, data);
        reading_fini(&whole);
        reading_fini(&cut);
    }
}

/* So that what came at once goes on at once. */
static void joins_the_chunks_of_a_packet(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char chunks[] = "3\r\none\r\n3;x=y\r\ntwo\r\n005\r\nth";
    static const char rest[] = "ree\r\n4\r\nfour\r\n0\r\n\r\n";
    static const char broken[] = "ree\r\n4\r\nfour\r\nx\r\n";
    for (int good = 0; good < 2; good++) {
        struct reading reading;
        reading_init(&reading);
        feed(&reading, head, sizeof head - 1);
        feed(&reading, chunks, sizeof chunks - 1);
        assert_int_equal(reading.pieces, 1);
        if (good)
            feed(&reading, rest, sizeof rest - 1);
        else
            feed(&reading, broken, sizeof broken - 1);
        assert_int_equal(reading.pieces, 2);
        assert_int_equal(reading.step, good ? RESPONSE_OVER : RESPONSE_BROKEN);
        assert_int_equal(reading.body.bytes, 15);
        assert_memory_equal(reading.body.data, "onetwothreefour", 15);
        reading_fini(&reading);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_legal),
        cmocka_unit_test(waits_for_the_end),
        cmocka_unit_test(tells_what_the_head_says),
        cmocka_unit_test(refuses_what_is_not),
        cmocka_unit_test(refuses_nul_bytes),
        cmocka_unit_test(bounds_the_head),
        cmocka_unit_test(decodes),
        cmocka_unit_test(decodes_all_that_is_there),
        cmocka_unit_test(pieces_make_no_difference),
        cmocka_unit_test(joins_the_chunks_of_a_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
