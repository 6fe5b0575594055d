/* The headers of a reply as one entry of evhttp's list: as evhttp writes it, that is a Date and
 * then each header on a line of its own. */
#include "base/support.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/server/reply_head.h"

/* What evhttp would write of its headers, in `out`; the list is empty afterwards. */
static void write_out(struct evkeyvalq *headers, char *out, size_t out_bytes)
{
    size_t bytes = 0;
    for (struct evkeyval *entry = headers->tqh_first; entry != NULL; entry = entry->next.tqe_next)
        bytes += (size_t)snprintf(out + bytes, out_bytes - bytes, "%s: %s\r\n", entry->key,
                                  entry->value);
    evhttp_clear_headers(headers); /* frees the entry: a sanitizer would see a wrong block */
}

static void empty_list(struct evkeyvalq *headers)
{
    headers->tqh_first = NULL;
    headers->tqh_last = &headers->tqh_first;
}

/* Whether the text begins with a Date of now (RFC 9110, 5.6.7); what follows it. */
static const char *behind_date(const char *text)
{
    enum { DATE_BYTES = sizeof "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" - 1 };
    struct tm date = {0};
    const char *end = strptime(text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &date);
    if (end != text + DATE_BYTES)
        fail_msg("no Date: %s", text);
    int64_t off_s = (int64_t)timegm(&date) - clock_wall_ms() / 1000;
    assert_true(off_s >= -5 && off_s <= 0);
    return end;
}

static void headers_come_behind_a_date_in_their_order(void **state)
{
    (void)state;
    struct reply_head head;
    struct evkeyvalq headers;
    char text[512];
    empty_list(&headers);
    reply_head_init(&head);
    reply_head_add(&head, "Content-Type", "text/plain");
    reply_head_add(&head, "X-Empty", "");
    reply_head_add(&head, "Content-Type", "again: twice");
    reply_head_give(&head, &headers);
    assert_int_equal(head.text.bytes, 0);
    write_out(&headers, text, sizeof text);
    assert_string_equal(behind_date(text), "Content-Type: text/plain\r\n"
                                           "X-Empty: \r\n"
                                           "Content-Type: again: twice\r\n");
    reply_head_fini(&head);
}

static void a_reply_without_headers_has_a_date(void **state)
{
    (void)state;
    struct reply_head head;
    struct evkeyvalq headers;
    char text[128];
    empty_list(&headers);
    reply_head_init(&head);
    reply_head_give(&head, &headers);
    write_out(&headers, text, sizeof text);
    assert_string_equal(behind_date(text), "");
    reply_head_fini(&head);
}

static void stands_behind_what_evhttp_has_already(void **state)
{
    (void)state;
    struct reply_head head;
    struct evkeyvalq headers;
    char text[256];
    empty_list(&headers);
    reply_head_init(&head);
    assert_int_equal(evhttp_add_header(&headers, "Connection", "close"), 0);
    reply_head_add(&head, "A", "b");
    reply_head_give(&head, &headers);
    write_out(&headers, text, sizeof text);
    assert_int_equal(strncmp(text, "Connection: close\r\n", 19), 0);
    assert_string_equal(behind_date(text + 19), "A: b\r\n");
    reply_head_fini(&head);
}

/* Nothing of a reply is in the next one, nor left in memory: headers have cookies in them. */
static void a_reply_leaves_nothing_behind(void **state)
{
    (void)state;
    static const char zeros[64];
    struct reply_head head;
    struct evkeyvalq headers;
    char text[256];
    empty_list(&headers);
    reply_head_init(&head);
    const char *memory = head.text.data;
    reply_head_add(&head, "Set-Cookie", "secret");
    reply_head_give(&head, &headers);
    write_out(&headers, text, sizeof text);
    assert_non_null(strstr(text, "secret"));
    assert_ptr_equal(head.text.data, memory);
    assert_memory_equal(memory, zeros, sizeof zeros);
    reply_head_add(&head, "A", "b");
    reply_head_give(&head, &headers);
    write_out(&headers, text, sizeof text);
    assert_string_equal(behind_date(text), "A: b\r\n");
    reply_head_fini(&head);
}

static void the_date_goes_on(void **state)
{
    (void)state;
    struct reply_head head;
    struct evkeyvalq headers;
    char text[128];
    empty_list(&headers);
    reply_head_init(&head);
    reply_head_give(&head, &headers);
    evhttp_clear_headers(&headers);
    head.date_s -= 3; /* as if it had been made then */
    memcpy(head.date, "Sun, 06 Nov 1994 08:49:37 GMT", 30);
    reply_head_give(&head, &headers);
    write_out(&headers, text, sizeof text);
    (void)behind_date(text);
    reply_head_fini(&head);
}

static void many_headers_fit(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    struct reply_head head;
    struct evkeyvalq headers;
    empty_list(&headers);
    reply_head_init(&head);
    for (int i = 0; i < COUNT; i++)
        reply_head_add(&head, "X-Name", "a value of some length");
    reply_head_give(&head, &headers);
    size_t lines = 0;
    for (const char *at = headers.tqh_first->value; (at = strstr(at, "\r\nX-Name: ")) != NULL; at++)
        lines++;
    assert_int_equal(lines, COUNT);
    assert_null(headers.tqh_first->next.tqe_next);
    evhttp_clear_headers(&headers);
    reply_head_fini(&head);
}

/* ---- what is a bug ---- */

static void add(const char *name, const char *value)
{
    struct reply_head head;
    reply_head_init(&head);
    reply_head_add(&head, name, value);
}

static void add_value_with_lf(void)
{
    add("A", "b\nC: d");
}

static void add_value_with_cr(void)
{
    add("A", "b\rC: d");
}

static void add_name_with_cr(void)
{
    add("A\rB", "c");
}

static void add_name_with_colon(void)
{
    add("A: b", "c");
}

static void add_what_is_legal(void)
{
    add("A", "b: c");
}

static void a_header_that_would_be_two_stops_the_program(void **state)
{
    (void)state;
    assert_true(aborts(add_value_with_lf));
    assert_true(aborts(add_value_with_cr));
    assert_true(aborts(add_name_with_cr));
    assert_true(aborts(add_name_with_colon));
    assert_false(aborts(add_what_is_legal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_come_behind_a_date_in_their_order),
        cmocka_unit_test(a_reply_without_headers_has_a_date),
        cmocka_unit_test(stands_behind_what_evhttp_has_already),
        cmocka_unit_test(a_reply_leaves_nothing_behind),
        cmocka_unit_test(the_date_goes_on),
        cmocka_unit_test(many_headers_fit),
        cmocka_unit_test(a_header_that_would_be_two_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
