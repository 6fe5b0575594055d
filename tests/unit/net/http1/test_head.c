/* The head of a request: what RFC 9112 lets a server refuse is refused, what is odd and legal
 * passes, and in how many pieces the bytes come makes no difference. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/head_feed.h"
#include "net/http1/head.h"

static void assert_refused(struct slice data, int status, size_t step)
{
    for (size_t split = 0; split <= data.bytes; split += step) {
        struct verdict verdict = head_feed(data, split);
        if (verdict.status != status)
            fail_msg("status %d, not %d, split at %zu of: %.*s", verdict.status, status, split,
                     (int)(data.bytes < 200 ? data.bytes : 200), data.data);
        head_feed_free(&verdict);
    }
}

/* ---- what must be refused ---- */

#define H "Host: a.example\r\n"
#define POST "POST /v1/x HTTP/1.1\r\n" H
#define GET "GET / HTTP/1.1\r\n" H
#define END "\r\n"

/* Each as a C string; NUL bytes have a test of their own. */
static const char *const framing[] = {
    POST "Content-Length: 5\r\nContent-Length: 6\r\n" END,
    POST "Content-Length: 5\r\nContent-Length: 5\r\n" END,
    POST "Content-Length: 0\r\nContent-Length: 5\r\n" END,
    POST "Content-Length: +5\r\n" END,
    POST "Content-Length: -5\r\n" END,
    POST "Content-Length: 05\r\n" END,
    POST "Content-Length: 00\r\n" END,
    POST "Content-Length: 5 \r\n" END,
    POST "Content-Length: 5\t\r\n" END,
    POST "Content-Length: 5 5\r\n" END,
    POST "Content-Length: 5, 5\r\n" END,
    POST "Content-Length: 5,5\r\n" END,
    POST "Content-Length: 0x5\r\n" END,
    POST "Content-Length: 5.0\r\n" END,
    POST "Content-Length: 5e0\r\n" END,
    POST "Content-Length: \"5\"\r\n" END,
    POST "Content-Length: \r\n" END,
    POST "Content-Length:\r\n" END,
    POST "Content-Length: chunked\r\n" END,
    POST "Content-Length: 1000000000000000000\r\n" END,
    POST "Content-Length: 18446744073709551621\r\n" END, /* 2^64 + 5 */
    POST "Content-Length: \xef\xbc\x95\r\n" END,         /* a fullwidth 5 */
    POST "Content-Length : 5\r\n" END,
    POST "Content-Length\t: 5\r\n" END,
    POST " Content-Length: 5\r\n" END,
    POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END,
    POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END,
    POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" END,
    POST "Transfer-Encoding: gzip, chunked\r\n" END,
    POST "Transfer-Encoding: chunked, gzip\r\n" END,
    POST "Transfer-Encoding: chunked, chunked\r\n" END,
    POST "Transfer-Encoding: ,chunked\r\n" END,
    POST "Transfer-Encoding: chunked,\r\n" END,
    POST "Transfer-Encoding: xchunked\r\n" END,
    POST "Transfer-Encoding: chunkedx\r\n" END,
    POST "Transfer-Encoding: chunked;q=1\r\n" END,
    POST "Transfer-Encoding: \"chunked\"\r\n" END,
    POST "Transfer-Encoding: chunked \r\n" END,
    POST "Transfer-Encoding: \x0b"
         "chunked\r\n" END,
    POST "Transfer-Encoding: identity\r\n" END,
    POST "Transfer-Encoding:\r\n" END,
    POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" END,
    POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END,
    POST "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n" END,
    POST "Transfer-Encoding : chunked\r\n" END,
    POST "Transfer-Encoding\r\n : chunked\r\n" END,
    POST "Transfer-Encoding:\r\n chunked\r\n" END,
    GET "Content-Length: 5\r\n" END,
    GET "Transfer-Encoding: chunked\r\n" END,
    "HEAD / HTTP/1.1\r\n" H "Content-Length: 5\r\n" END,
    "HEAD / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" END,
    "GET / HTTP/1.0\r\n" H "Content-Length: 5\r\n" END,
    "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n" END,
    "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END,
};

static const char *const lines[] = {
    /* bare LF, bare CR */
    "GET / HTTP/1.1\n" H END,
    "GET / HTTP/1.1\r\nHost: a.example\n" END,
    GET "X: 1\nY: 2\r\n" END,
    GET "X: 1\r\n\n",
    GET "\n",
    "\n" GET END,
    "\r\n" GET END, /* the guard skips empty lines before a request */
    GET "X: a\rb\r\n" END,
    GET "X: a\r\r\n" END,
    GET "X: 1\r\n\r\r\n\r\n",
    "GET /\r HTTP/1.1\r\n" H END,
    "GET / HTTP/1.1\r\r\n" H END,
    "GET / HTTP/1.1\rX: 1\r\n" H END,
    /* names */
    GET ": 1\r\n" END,
    GET " : 1\r\n" END,
    GET "X Y: 1\r\n" END,
    GET "X\t: 1\r\n" END,
    GET "X(y): 1\r\n" END,
    GET "X@y: 1\r\n" END,
    GET "X/y: 1\r\n" END,
    GET "\"X\": 1\r\n" END,
    GET "X,Y: 1\r\n" END,
    GET "X\xc3\xa9: 1\r\n" END,
    GET "X\x7f: 1\r\n" END,
    GET "X\x01: 1\r\n" END,
    GET "X\r\n" END,
    GET "a header without its colon\r\n" END,
    /* obs-fold */
    GET "X: 1\r\n 2\r\n" END,
    GET "X: 1\r\n\t2\r\n" END,
    GET "X: 1\r\n \r\n" END,
    GET "X: 1\r\n Y: 2\r\n" END,
    "GET / HTTP/1.1\r\n " H END,
    "GET / HTTP/1.1\r\n\tX: 1\r\n" H END,
    /* control characters in a value */
    GET "X: a\x01z\r\n" END,
    GET "X: a\x08z\r\n" END,
    GET "X: a\x0bz\r\n" END,
    GET "X: a\x0cz\r\n" END,
    GET "X: a\x1bz\r\n" END,
    GET "X: a\x1fz\r\n" END,
    GET "X: a\x7fz\r\n" END,
    /* hosts and keys */
    "GET / HTTP/1.1\r\n" END,
    "GET / HTTP/1.1\r\nX-Host: a.example\r\n" END,
    GET H END,
    GET "Host: b.example\r\n" END,
    GET "host: a.example\r\n" END,
    "GET / HTTP/1.0\r\n" H H END,
    "GET / HTTP/1.1\r\nHost: a b\r\n" END,
    "GET / HTTP/1.1\r\nHost: a/b\r\n" END,
    "GET / HTTP/1.1\r\nHost: a,b\r\n" END,
    "GET / HTTP/1.1\r\nHost: user@a\r\n" END,
    "GET / HTTP/1.1\r\nHost: a?b\r\n" END,
    "GET / HTTP/1.1\r\nHost: a\\b\r\n" END,
    "GET / HTTP/1.1\r\nHost: \"a\"\r\n" END,
    "GET / HTTP/1.1\r\nHost: a\xc3\xa9\r\n" END,
    "GET / HTTP/1.1\r\nHost : a\r\n" END,
    GET "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n" END,
    GET "Authorization: Bearer a\r\nAUTHORIZATION: Bearer a\r\n" END,
    GET "Authorization:\r\nAuthorization: Bearer a\r\n" END,
    GET "Authorization : Bearer a\r\n" END,
};

static const char *const request_lines[] = {
    /* versions */
    "GET / HTTP/1.9\r\n" H END,
    "GET / HTTP/1.2\r\n" H END,
    "GET / HTTP/2.0\r\n" H END,
    "GET / HTTP/2\r\n" H END,
    "GET / HTTP/0.9\r\n" H END,
    "GET / HTTP/1.\r\n" H END,
    "GET / HTTP/1\r\n" H END,
    "GET / HTTP/1.10\r\n" H END,
    "GET / HTTP/01.1\r\n" H END,
    "GET / HTTP/1.1 \r\n" H END,
    "GET / HTTP/1.1\t\r\n" H END,
    "GET / http/1.1\r\n" H END,
    "GET / HTTPS/1.1\r\n" H END,
    "GET / ICAP/1.0\r\n" H END,
    "GET / \r\n" H END,
    /* HTTP/0.9 says no more than this: it must be refused without waiting for an empty line */
    "GET /\r\n",
    "GET /v1/models\r\n",
    "GET / HTTP/0.9\r\n",
    "GET / HTTP/1.9\r\n",
    "\r\n",
    "GET\r\n",
    "\x16\x03\x01\x02\r\n", /* a TLS greeting */
    /* blanks */
    "GET  / HTTP/1.1\r\n" H END,
    "GET /  HTTP/1.1\r\n" H END,
    " GET / HTTP/1.1\r\n" H END,
    "GET\t/\tHTTP/1.1\r\n" H END,
    "GET\t/ HTTP/1.1\r\n" H END,
    "GET / x HTTP/1.1\r\n" H END,
    "GET  HTTP/1.1\r\n" H END,
    /* methods */
    "G@T / HTTP/1.1\r\n" H END,
    "G(T / HTTP/1.1\r\n" H END,
    "GET: / HTTP/1.1\r\n" H END,
    "G\x01T / HTTP/1.1\r\n" H END,
    "G\xc3\x89T / HTTP/1.1\r\n" H END,
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" H END, /* 33 characters */
    /* targets */
    "GET /a\tb HTTP/1.1\r\n" H END,
    "GET /a\x01z HTTP/1.1\r\n" H END,
    "GET /a\x1fz HTTP/1.1\r\n" H END,
    "GET /a\x7fz HTTP/1.1\r\n" H END,
    "GET /a\x80z HTTP/1.1\r\n" H END,
    "GET /\xc3\xa9 HTTP/1.1\r\n" H END,
    "GET /a#b HTTP/1.1\r\n" H END,
    "GET /a?b#c HTTP/1.1\r\n" H END,
    "GET /% HTTP/1.1\r\n" H END,
    "GET /%4 HTTP/1.1\r\n" H END,
    "GET /a%zz HTTP/1.1\r\n" H END,
    "GET /a%4g HTTP/1.1\r\n" H END,
    "GET /?a=%-1 HTTP/1.1\r\n" H END,
    "GET v1/models HTTP/1.1\r\n" H END,
    "GET ?a HTTP/1.1\r\n" H END,
    "GET * HTTP/1.1\r\n" H END,
    "OPTIONS ** HTTP/1.1\r\n" H END,
    "CONNECT a.example:443 HTTP/1.1\r\n" H END,
    /* absolute targets */
    "GET http://b.example/ HTTP/1.1\r\n" H END,
    "GET http://a.example.b/ HTTP/1.1\r\n" H END,
    "GET http://a.exampl/ HTTP/1.1\r\n" H END,
    "GET http://a.example:80/ HTTP/1.1\r\n" H END,
    "GET http://user@a.example/ HTTP/1.1\r\n" H END,
    "GET http://b.example@a.example/ HTTP/1.1\r\n" H END,
    "GET http:///v1/models HTTP/1.1\r\n" H END,
    "GET http:///v1/models HTTP/1.1\r\nHost:\r\n" END,
    "GET https:///v1/models HTTP/1.1\r\n" H END,
    "GET http://a.example HTTP/1.1\r\n" H END,
    "GET http://a.example?x HTTP/1.1\r\n" H END,
    "GET http:// HTTP/1.1\r\n" H END,
    "GET http:/a.example/ HTTP/1.1\r\n" H END,
    "GET ftp://a.example/ HTTP/1.1\r\n" H END,
    "GET http://b.example/ HTTP/1.0\r\n" END,
};

static void refuses_all(const char *const *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_refused(slice_of(cases[i]), 400, 1);
}

static void refuses_ambiguous_framing(void **state)
{
    (void)state;
    refuses_all(framing, sizeof framing / sizeof *framing);
}

static void refuses_bad_lines(void **state)
{
    (void)state;
    refuses_all(lines, sizeof lines / sizeof *lines);
}

static void refuses_bad_request_lines(void **state)
{
    (void)state;
    refuses_all(request_lines, sizeof request_lines / sizeof *request_lines);
}

/* A NUL in the place of each byte of a legal head. */
static void refuses_nul_anywhere(void **state)
{
    (void)state;
    char head[] =
        "POST /v1/x?y HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer a\r\n"
        "Content-Length: 5\r\nX: y\r\n\r\n\r\n"; /* one more, for when the last's is hit */
    size_t bytes = sizeof head - 1;
    for (size_t i = 0; i + 4 < bytes; i++) {
        char was = head[i];
        head[i] = '\0';
        assert_refused((struct slice){head, bytes}, 400, 1);
        head[i] = was;
    }
}

static void refuses_expectations(void **state)
{
    (void)state;
    static const char *const cases[] = {
        POST "Content-Length: 5\r\nExpect: 200-ok\r\n" END,
        POST "Content-Length: 5\r\nExpect: 100-continue, x\r\n" END,
        POST "Expect:\r\n" END,
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(slice_of(cases[i]), 417, 1);
}

/* ---- bounds ---- */

/* `before`, then as many `fill` that the whole has `bytes` bytes, then `after`. */
static struct slice filled(const char *before, char fill, const char *after, size_t bytes)
{
    char *text = malloc(bytes + 1);
    size_t before_bytes = strlen(before);
    size_t after_bytes = strlen(after);
    assert_non_null(text);
    assert_true(before_bytes + after_bytes <= bytes);
    memset(text, fill, bytes);
    memcpy(text, before, before_bytes);
    memcpy(text + bytes - after_bytes, after, after_bytes + 1);
    return (struct slice){text, bytes};
}

static void assert_accepted(struct slice data, size_t step)
{
    for (size_t split = 0; split <= data.bytes; split += step) {
        struct verdict verdict = head_feed(data, split);
        if (verdict.status != 0)
            fail_msg("status %d, split at %zu of %zu", verdict.status, split, data.bytes);
        assert_int_equal(verdict.used, data.bytes);
        head_feed_free(&verdict);
    }
}

static void free_slice(struct slice slice)
{
    free((void *)(uintptr_t)slice.data);
}

static void bounds_the_head(void **state)
{
    (void)state;
    struct slice largest = filled(GET "X: ", 'x', "\r\n\r\n", LIMIT_HEAD_BYTES);
    assert_accepted(largest, 1021);
    free_slice(largest);
    for (size_t over = 1; over < 8192; over = over * 2 + 1) {
        struct slice larger = filled(GET "X: ", 'x', "\r\n\r\n", LIMIT_HEAD_BYTES + over);
        assert_refused(larger, 431, 1021);
        free_slice(larger);
    }
    struct slice endless = filled(GET "X: ", 'x', "", LIMIT_HEAD_BYTES);
    assert_refused(endless, 431, 1021);
    free_slice(endless);
}

static void bounds_the_target(void **state)
{
    (void)state;
    size_t around = strlen("GET  HTTP/1.1\r\n" H END);
    struct slice largest = filled("GET /", 'a', " HTTP/1.1\r\n" H END, LIMIT_TARGET_BYTES + around);
    assert_accepted(largest, 251);
    free_slice(largest);
    struct slice larger =
        filled("GET /", 'a', " HTTP/1.1\r\n" H END, LIMIT_TARGET_BYTES + around + 1);
    assert_refused(larger, 414, 251);
    free_slice(larger);
    struct slice endless = filled("GET /", 'a', "", LIMIT_HEAD_BYTES);
    assert_refused(endless, 414, 1021);
    free_slice(endless);
}

static void bounds_the_headers(void **state)
{
    (void)state;
    char text[4096] = GET;
    for (int i = 1; i < LIMIT_HEADERS; i++)
        strcat(text, "X: y\r\n");
    size_t bytes = strlen(text);
    strcat(text, END);
    assert_accepted(slice_of(text), 1);
    strcpy(text + bytes, "X: y\r\n" END);
    assert_refused(slice_of(text), 431, 1);
}

/* ---- what must pass ---- */

struct legal {
    const char *text;
    enum http_method method;
    const char *path;
    const char *query;
    int minor_version;
    int64_t content_length;
    bool chunked;
    bool expects_continue;
    bool close;
    const char *name; /* a header to look at, or NULL */
    const char *value;
};

#define PLAIN .method = HTTP_GET, .path = "/", .query = "", .minor_version = 1, .content_length = -1
#define POSTED                                                                                     \
    .method = HTTP_POST, .path = "/v1/x", .query = "", .minor_version = 1, .content_length = -1

static const struct legal legals[] = {
    {GET END, PLAIN, .name = "HOST", .value = "a.example"},
    {"GET / HTTP/1.1\r\nhost:a.example\r\n" END, PLAIN, .name = "Host", .value = "a.example"},
    {"GET / HTTP/1.1\r\nHOST: \t a.example\t \r\n" END, PLAIN, .name = "Host",
     .value = "a.example"},
    {"GET / HTTP/1.1\r\nHost: [::1]:3000\r\n" END, PLAIN, .name = "Host", .value = "[::1]:3000"},
    {"GET / HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n" END, PLAIN},
    {GET "X:\r\n" END, PLAIN, .name = "x", .value = ""},
    {GET "X: \t \r\n" END, PLAIN, .name = "x", .value = ""},
    {GET "X: a \t b\r\n" END, PLAIN, .name = "x", .value = "a \t b"},
    {GET "X: a:b::c\r\n" END, PLAIN, .name = "x", .value = "a:b::c"},
    {GET "X: \xc3\xa9\xff\x80\r\n" END, PLAIN, .name = "x", .value = "\xc3\xa9\xff\x80"},
    {GET "!#$%&'*+-.^_`|~09azAZ: 1\r\n" END, PLAIN, .name = "!#$%&'*+-.^_`|~09AZAZ", .value = "1"},
    {GET "X: first\r\nx: second\r\n" END, PLAIN, .name = "X", .value = "first"},
    {GET "Authorization: Bearer a\r\nX-Api-Key: b\r\n" END, PLAIN, .name = "authorization",
     .value = "Bearer a"},
    {GET "Content-Length: 0\r\n" END, .method = HTTP_GET, .path = "/", .query = "",
     .minor_version = 1, .content_length = 0},
    {GET "Connection: close\r\n" END, PLAIN, .close = true},
    {GET "Connection: keep-alive, Close\r\n" END, PLAIN, .close = true},
    {GET "Connection: keep-alive\r\nConnection: x ,\tCLOSE , y\r\n" END, PLAIN, .close = true},
    {GET "Connection: keep-alive\r\n" END, PLAIN},
    {GET "Connection: closed, xclose, clo se\r\n" END, PLAIN},
    {GET "Connection: ,,\r\n" END, PLAIN},
    {"GET / HTTP/1.0\r\n" END, .method = HTTP_GET, .path = "/", .query = "", .content_length = -1,
     .close = true},
    {"GET / HTTP/1.0\r\n" H "Connection: keep-alive\r\n" END, .method = HTTP_GET, .path = "/",
     .query = "", .content_length = -1, .close = true},
    {"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n" END, .method = HTTP_POST,
     .path = "/", .query = "", .content_length = 5, .close = true}, /* RFC 9110, 10.1.1 */
    {"GET /a/b%2Fc%41?x=%20&y=?/{}|\\^`\"<> HTTP/1.1\r\n" H END, .method = HTTP_GET,
     .path = "/a/b%2Fc%41", .query = "x=%20&y=?/{}|\\^`\"<>", .minor_version = 1,
     .content_length = -1},
    {"GET /? HTTP/1.1\r\n" H END, PLAIN},
    {"GET //a//b HTTP/1.1\r\n" H END, .method = HTTP_GET, .path = "//a//b", .query = "",
     .minor_version = 1, .content_length = -1},
    {"GET /http://b.example/ HTTP/1.1\r\n" H END, .method = HTTP_GET, .path = "/http://b.example/",
     .query = "", .minor_version = 1, .content_length = -1},
    {"GET http://a.example/x?y HTTP/1.1\r\n" H END, .method = HTTP_GET, .path = "/x", .query = "y",
     .minor_version = 1, .content_length = -1},
    {"GET HTTPS://A.Example/ HTTP/1.1\r\n" H END, PLAIN},
    {"GET http://a.example:3000/ HTTP/1.1\r\nHost: A.example:3000\r\n" END, PLAIN},
    {"OPTIONS * HTTP/1.1\r\n" H END, .method = HTTP_OPTIONS, .path = "*", .query = "",
     .minor_version = 1, .content_length = -1},
    {"HEAD / HTTP/1.1\r\n" H END, .method = HTTP_HEAD, .path = "/", .query = "", .minor_version = 1,
     .content_length = -1},
    {"DELETE /k HTTP/1.1\r\n" H "Content-Length: 2\r\n" END, .method = HTTP_DELETE, .path = "/k",
     .query = "", .minor_version = 1, .content_length = 2},
    {"get / HTTP/1.1\r\n" H END, .method = HTTP_OTHER, .path = "/", .query = "", .minor_version = 1,
     .content_length = -1},
    {"M-SEARCH! / HTTP/1.1\r\n" H END, .method = HTTP_OTHER, .path = "/", .query = "",
     .minor_version = 1, .content_length = -1},
    {POST "Content-Length: 5\r\n" END, .method = HTTP_POST, .path = "/v1/x", .query = "",
     .minor_version = 1, .content_length = 5, .name = "content-length", .value = "5"},
    {POST "content-length:\t 5\r\n" END, .method = HTTP_POST, .path = "/v1/x", .query = "",
     .minor_version = 1, .content_length = 5},
    {POST "Content-Length: 999999999999999999\r\n" END, .method = HTTP_POST, .path = "/v1/x",
     .query = "", .minor_version = 1, .content_length = INT64_C(999999999999999999)},
    {POST "Transfer-Encoding: chunked\r\n" END, POSTED, .chunked = true},
    {POST "transfer-ENCODING:CHUNKED\r\n" END, POSTED, .chunked = true},
    {POST "Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n" END, POSTED, .chunked = true,
     .expects_continue = true},
    {POST "X-Content-Length: 5\r\nX-Transfer-Encoding: x\r\n" END, POSTED},
    {POST END, POSTED},
};

static void assert_slice(struct slice found, const char *expected)
{
    if (!slice_equals(found, expected))
        fail_msg("'%.*s', not '%s'", (int)found.bytes, found.data, expected);
}

static void assert_reads(const struct legal *legal, struct slice data, size_t split)
{
    struct verdict verdict = head_feed(data, split);
    const struct http_head *head = &verdict.head;
    if (verdict.status != 0)
        fail_msg("status %d, split at %zu of: %s", verdict.status, split, legal->text);
    assert_int_equal(verdict.used, strlen(legal->text));
    assert_int_equal(head->method, legal->method);
    assert_slice(head->method_text, strndupa(legal->text, strcspn(legal->text, " ")));
    assert_slice(head->path, legal->path);
    assert_slice(head->query, legal->query);
    assert_int_equal(head->minor_version, legal->minor_version);
    assert_int_equal(head->content_length, legal->content_length);
    assert_int_equal(head->chunked, legal->chunked);
    assert_int_equal(head->expects_continue, legal->expects_continue);
    assert_int_equal(head->close, legal->close);
    if (legal->name != NULL) {
        assert_non_null(head_header(head, legal->name));
        assert_slice(*head_header(head, legal->name), legal->value);
    }
    assert_null(head_header(head, "x-not-there"));
    head_feed_free(&verdict);
}

/* Alone, and with bytes behind it that look like more of it. */
static void accepts_legal_oddities(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof legals / sizeof *legals; i++) {
        struct slice alone = slice_of(legals[i].text);
        for (size_t split = 0; split <= alone.bytes; split++)
            assert_reads(&legals[i], alone, split);
        char more[512];
        snprintf(more, sizeof more, "%s\n\r\n\r\nHost: b\r\n\r\nGET", legals[i].text);
        struct slice with_more = slice_of(more);
        for (size_t split = 0; split <= with_more.bytes; split++)
            assert_reads(&legals[i], with_more, split);
    }
}

static void waits_for_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof legals / sizeof *legals; i++) {
        struct slice whole = slice_of(legals[i].text);
        for (size_t bytes = 0; bytes < whole.bytes; bytes++) {
            struct refusal refusal = {0};
            assert_int_equal(head_feed_find_end(whole.data, bytes, 0, &refusal), 0);
            assert_int_equal(refusal.status, 0);
        }
    }
}

/* Only a whole and valid request line has one; its query is left out. */
static void finds_the_path_of_half_a_head(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"POST /v1/messages?key=a HTTP/1.1\r\nHost", "/v1/messages"},
        {"POST /v1/messages HTTP/1.1\r", "/v1/messages"},
        {"POST /v1/messages HTTP/1.1", ""},
        {"POST /v1/messages\r\n", ""},
        {"POST /v1/%zz HTTP/1.1\r\n", ""},
        {"PO ST /v1/messages HTTP/1.1\r\n", ""},
        {"\r\n", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_head head = {0};
        size_t bytes = strlen(cases[i][0]);
        char *data = bytes > 0 ? malloc(bytes) : NULL; /* what lies behind it is not ours */
        if (bytes > 0)
            memcpy(data, cases[i][0], bytes);
        head_find_path(data, bytes, &head);
        assert_slice(head.path, cases[i][1]);
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_ambiguous_framing),
        cmocka_unit_test(refuses_bad_lines),
        cmocka_unit_test(refuses_bad_request_lines),
        cmocka_unit_test(refuses_nul_anywhere),
        cmocka_unit_test(refuses_expectations),
        cmocka_unit_test(bounds_the_head),
        cmocka_unit_test(bounds_the_target),
        cmocka_unit_test(bounds_the_headers),
        cmocka_unit_test(accepts_legal_oddities),
        cmocka_unit_test(waits_for_the_end),
        cmocka_unit_test(finds_the_path_of_half_a_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
