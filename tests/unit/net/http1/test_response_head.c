/* The head of an answer (RFC 9112, 4 to 6): what is legal is understood, what leaves the answer's
 * length open is refused, and another protocol is known by its first bytes. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "net/http1/response_head.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define END "\r\n"

/* In a copy with nothing behind it, which the caller frees: the head points into it. */
static bool parse(const char *text, struct response_head *out, const char **why, char **copy)
{
    size_t bytes = strlen(text);
    *copy = malloc(bytes);
    assert_non_null(*copy);
    memcpy(*copy, text, bytes);
    *why = NULL;
    if (response_head_find_end(*copy, bytes, 0, why) != (ptrdiff_t)bytes)
        return false;
    return response_head_parse(*copy, bytes, out, why);
}

static struct response_head parse_legal(const char *text)
{
    struct response_head head;
    const char *why;
    char *copy;
    if (!parse(text, &head, &why, &copy))
        fail_msg("%s: %s", why != NULL ? why : "no end", text);
    free(copy);
    return head;
}

static void a_head_without_fields_says_nothing_but_its_status(void **state)
{
    (void)state;
    struct response_head head = parse_legal(OK END);
    assert_int_equal(head.status, 200);
    assert_int_equal(head.minor_version, 1);
    assert_int_equal(head.content_type.bytes, 0);
    assert_int_equal(head.retry_after.ms, -1);
    assert_int_equal(head.content_length, -1);
    assert_false(head.chunked);
    assert_false(head.close);
    assert_int_equal(head.coding, CODING_NONE);
}

static void reads_the_status(void **state)
{
    (void)state;
    assert_int_equal(parse_legal("HTTP/1.1 100 Continue\r\n" END).status, 100);
    assert_int_equal(parse_legal("HTTP/1.1 204 \r\n" END).status, 204);
    assert_int_equal(parse_legal("HTTP/1.1 599\r\n" END).status, 599);
    assert_int_equal(parse_legal("HTTP/1.0 429 Too\tMany \xc3\xa9\r\n" END).status, 429);
}

static void reads_the_fields_that_matter(void **state)
{
    (void)state;
    struct response_head head;
    const char *why;
    char *copy;
    assert_true(parse(OK "content-TYPE:\ttext/event-stream ; charset=utf-8\r\n"
                         "Transfer-Encoding: Chunked \r\n"
                         "Content-Encoding: gzip\r\n"
                         "Retry-After:  7 \r\n"
                         "X-Other: Content-Length: 5\r\n"
                         "Connection: keep-alive, Close\r\n" END,
                      &head, &why, &copy));
    assert_true(slice_equals(head.content_type, "text/event-stream"));
    assert_true(head.chunked);
    assert_int_equal(head.content_length, -1);
    assert_int_equal(head.coding, CODING_ZLIB);
    assert_int_equal(head.retry_after.ms, 7000);
    assert_true(head.close);
    free(copy);
    assert_int_equal(parse_legal(OK "Content-Length: \t12 \r\n" END).content_length, 12);
    assert_int_equal(parse_legal(OK "Content-Length: 0\r\n" END).content_length, 0);
    assert_false(parse_legal(OK "Connection: keep-alive\r\n" END).close);
}

/* RFC 9110, 8.4: codings are listed in the order in which they were put on. */
static void codings_add_up(void **state)
{
    (void)state;
    assert_int_equal(
        parse_legal(OK "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n" END).coding,
        CODING_OTHER);
    assert_int_equal(parse_legal(OK "Content-Encoding: identity\r\n" END).coding, CODING_NONE);
    assert_int_equal(parse_legal(OK "Content-Encoding: br\r\n" END).coding, CODING_OTHER);
}

/* RFC 9112, 9.3 */
static void http_1_0_ends_with_its_connection(void **state)
{
    (void)state;
    struct response_head head =
        parse_legal("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n" END);
    assert_int_equal(head.minor_version, 0);
    assert_true(head.close);
    assert_int_equal(head.content_length, 2);
}

static const char *const illegals[] = {
    /* the status line: RFC 9112, 4 */
    "HTTP/1.2 200 OK\r\n" END,
    "HTTP/1. 200 OK\r\n" END,
    "HTTP/1.11 200 OK\r\n" END,
    "HTTP/1.1200 OK\r\n" END,
    "HTTP/1.1\t200 OK\r\n" END,
    "HTTP/1.1  200 OK\r\n" END,
    "HTTP/1.1\r\n" END,
    "HTTP/1.1 \r\n" END,
    "HTTP/1.1 20\r\n" END,
    "HTTP/1.1 20 OK\r\n" END,
    "HTTP/1.1 2000 OK\r\n" END,
    "HTTP/1.1 200OK\r\n" END,
    "HTTP/1.1 2x0 OK\r\n" END,
    "HTTP/1.1 -20 OK\r\n" END,
    "HTTP/1.1 000 OK\r\n" END,
    "HTTP/1.1 099 OK\r\n" END,
    "HTTP/1.1 600 OK\r\n" END,
    "HTTP/1.1 200 O\x01K\r\n" END,
    "HTTP/1.1 200 O\x7fK\r\n" END,
    "HTTP/1.1 200 O\rK\r\n" END,
    /* the length: RFC 9112, 6.3 */
    OK "Content-Length: 5\r\nContent-Length: 6\r\n" END,
    OK "Content-Length: 5\r\nContent-Length: 5\r\n" END,
    OK "Content-Length: 5, 5\r\n" END,
    OK "Content-Length: +5\r\n" END,
    OK "Content-Length: -1\r\n" END,
    OK "Content-Length:\r\n" END,
    OK "Transfer-Encoding: gzip\r\n" END,
    OK "Transfer-Encoding: gzip, chunked\r\n" END,
    OK "Transfer-Encoding: chunked, chunked\r\n" END,
    OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END,
    OK "Transfer-Encoding: xchunked\r\n" END,
    OK "Transfer-Encoding:\r\n" END,
    OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END,
    OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END,
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n" END,
    /* lines: RFC 9112, 5 */
    OK "X: a\r\n b\r\n" END,
    OK "Content-Length : 5\r\n" END,
    OK "no colon\r\n" END,
    OK ": a\r\n" END,
    OK "X: a\rb\r\n" END,
    OK "X: a\nContent-Length: 5\r\n" END,
};

static void refuses_what_is_no_head(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof illegals / sizeof *illegals; i++) {
        struct response_head head;
        const char *why;
        char *copy;
        if (parse(illegals[i], &head, &why, &copy))
            fail_msg("taken: %s", illegals[i]);
        assert_non_null(why);
        free(copy);
    }
}

static void refuses_a_nul(void **state)
{
    (void)state;
    const char *text = OK "X: ab\r\n" END;
    char copy[64];
    size_t bytes = strlen(text);
    for (size_t i = 0; i + 2 < bytes; i++) {
        struct response_head head;
        const char *why = NULL;
        memcpy(copy, text, bytes);
        if (copy[i] == '\r' || copy[i] == '\n')
            continue;
        copy[i] = '\0';
        bool taken = response_head_find_end(copy, bytes, 0, &why) == (ptrdiff_t)bytes &&
                     response_head_parse(copy, bytes, &head, &why);
        if (taken)
            fail_msg("taken with NUL at %zu", i);
    }
}

static void another_protocol_is_known_by_its_first_bytes(void **state)
{
    (void)state;
    static const char *const others[] = {"S",    "SSH-2.0-x", "HTTP/2", "http/1.1 200 OK\r\n",
                                         "\r\n", " HTTP/1.1", "HTTQ",   "\x15\x03\x01"};
    static const char *const not_yet[] = {"", "H", "HTTP/1", "HTTP/1.", "HTTP/1.1 200 OK\r\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *why = NULL;
        assert_int_equal(response_head_find_end(others[i], strlen(others[i]), 0, &why), -1);
        assert_non_null(why);
    }
    for (size_t i = 0; i < sizeof not_yet / sizeof *not_yet; i++) {
        const char *why = NULL;
        assert_int_equal(response_head_find_end(not_yet[i], strlen(not_yet[i]), 0, &why), 0);
        assert_null(why);
    }
}

static void finds_the_end_in_any_pieces(void **state)
{
    (void)state;
    const char *text = OK "Content-Length: 2\r\n" END "{}\r\n\r\n";
    size_t end = strlen(text) - 6;
    const char *why = NULL;
    for (size_t have = 0; have < end; have++) {
        assert_int_equal(response_head_find_end(text, have, 0, &why), 0);
        assert_int_equal(response_head_find_end(text, strlen(text), have, &why), end);
    }
}

/* The value of a field of the head, as a copy. */
static void assert_field(const char *text, const char *name, const char *value)
{
    struct response_head head;
    const char *why;
    char *copy;
    assert_true(parse(text, &head, &why, &copy));
    struct slice found = response_head_field(head.fields, name);
    assert_true(slice_equals(found, value));
    free(copy);
}

static void gives_any_field(void **state)
{
    (void)state;
    const char *text = OK "X-Limit: 5\r\nX-Limit-Left:\t4 \r\nx-limit: 6\r\nX-Empty:\r\n" END;
    assert_field(text, "x-limit", "5");
    assert_field(text, "X-LIMIT-LEFT", "4");
    assert_field(text, "x-empty", "");
    assert_field(text, "x-limi", "");
    assert_field(text, "x-limit-left: 4", "");
    assert_field(OK END, "x-limit", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_without_fields_says_nothing_but_its_status),
        cmocka_unit_test(reads_the_status),
        cmocka_unit_test(reads_the_fields_that_matter),
        cmocka_unit_test(codings_add_up),
        cmocka_unit_test(http_1_0_ends_with_its_connection),
        cmocka_unit_test(refuses_what_is_no_head),
        cmocka_unit_test(refuses_a_nul),
        cmocka_unit_test(another_protocol_is_known_by_its_first_bytes),
        cmocka_unit_test(finds_the_end_in_any_pieces),
        cmocka_unit_test(gives_any_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
