/* Fields of heads, one by one: names and values (RFC 9110, 5; RFC 9112, 5), and the values that
 * decide where a message ends, how it is packed and when to come again. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/http1/field.h"

/* ---- tokens ---- */

static void a_token_has_the_characters_of_rfc_9110(void **state)
{
    (void)state;
    const char *marks = "!#$%&'*+-.^_`|~";
    for (int c = 0; c < 256; c++) {
        bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool expected = alphanumeric || (c != 0 && strchr(marks, c) != NULL);
        if (field_is_token_char((unsigned char)c) != expected)
            fail_msg("character %d", c);
    }
}

static void a_token_has_at_least_one_character(void **state)
{
    (void)state;
    assert_true(field_is_token(slice_of("x")));
    assert_true(field_is_token(slice_of("X-Request-Id")));
    assert_false(field_is_token(slice_of("")));
    assert_false(field_is_token(slice_of("a b")));
    assert_false(field_is_token(slice_of("a ")));
    assert_false(field_is_token((struct slice){"a\0b", 3}));
    assert_false(field_is_token(slice_of("caf\xc3\xa9")));
}

/* ---- where a head ends ---- */

/* A copy with nothing behind it, so that a sanitizer sees each byte that is read too many. */
static ptrdiff_t block_end(const char *text, size_t bytes, size_t scanned, const char **why)
{
    char *copy = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(copy);
    memcpy(copy, text, bytes);
    ptrdiff_t end = field_block_end(copy, bytes, scanned, why);
    free(copy);
    return end;
}

/* However many bytes were looked at before. */
static void finds_the_empty_line_wherever_it_was_cut(void **state)
{
    (void)state;
    const char *head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const char *more = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    size_t bytes = strlen(head);
    const char *why = NULL;
    for (size_t have = 0; have < bytes; have++) {
        assert_int_equal(block_end(head, have, 0, &why), 0);
        assert_int_equal(block_end(head, bytes, have, &why), bytes);
        assert_int_equal(block_end(more, strlen(more), have, &why), bytes);
    }
    assert_null(why);
}

static void an_empty_line_at_the_start_ends_no_head(void **state)
{
    (void)state;
    const char *why = NULL;
    assert_int_equal(block_end("\r\n", 2, 0, &why), 0);
    assert_int_equal(block_end("\r\nHost: a\r\n", 11, 0, &why), 0);
    assert_int_equal(block_end("", 0, 0, &why), 0);
}

static void a_bare_lf_ends_no_line(void **state)
{
    (void)state;
    static const char *const heads[] = {"\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\nHost: a\r\n\r\n",
                                        "GET / HTTP/1.1\r\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const char *why = NULL;
        assert_int_equal(block_end(heads[i], strlen(heads[i]), 0, &why), -1);
        assert_non_null(why);
    }
}

/* ---- one line ---- */

static void a_line_is_a_name_and_a_value(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *name;
        const char *value;
    } lines[] = {
        {"Host: a.example", "Host", "a.example"},
        {"Host:a.example", "Host", "a.example"},
        {"Host: \t \ta", "Host", "a"},
        {"X:", "X", ""},
        {"X: \t ", "X", ""},
        {"X: a:b: c", "X", "a:b: c"},
        {"X: a\tb \t", "X", "a\tb \t"}, /* white space at the end stays */
        {"X: \x80\xff", "X", "\x80\xff"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *why = NULL;
        struct slice name;
        struct slice value;
        assert_true(field_parse(slice_of(lines[i].line), &name, &value, &why));
        assert_true(slice_equals(name, lines[i].name));
        assert_true(slice_equals(value, lines[i].value));
        assert_null(why);
    }
}

static void refuses_what_is_no_line(void **state)
{
    (void)state;
    static const struct slice lines[] = {
        {" a: b", 5},    {"\ta: b", 5},    {"Host", 4},    {": a", 3},         {"Host : a", 8},
        {"Ho st: a", 8}, {"Host\t: a", 8}, {"(a): b", 6},  {"\xc3\xa9: b", 5}, {"X: a\rb", 6},
        {"X: a\x01", 5}, {"X: a\x7f", 5},  {"X: a\0b", 6}, {"X\0: a", 5},      {"X: a\r", 5},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *why = NULL;
        struct slice name;
        struct slice value;
        if (field_parse(lines[i], &name, &value, &why))
            fail_msg("taken: %.*s", (int)lines[i].bytes, lines[i].data);
        assert_non_null(why);
    }
}

/* ---- values ---- */

static void a_content_length_is_a_plain_decimal_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } numbers[] = {{"0", 0},
                   {"7", 7},
                   {"10", 10},
                   {"1048576", 1048576},
                   {"999999999999999999", 999999999999999999}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *why = NULL;
        int64_t bytes = -1;
        assert_true(field_content_length(slice_of(numbers[i].text), &bytes, &why));
        assert_int_equal(bytes, numbers[i].bytes);
    }
}

static void any_other_content_length_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "+5",
                                        "-5",
                                        "05",
                                        "00",
                                        " 5",
                                        "5 ",
                                        "0x5",
                                        "5,5",
                                        "1e3",
                                        "5.0",
                                        "1000000000000000000",
                                        "18446744073709551621",
                                        "a",
                                        "5a"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *why = NULL;
        int64_t bytes = -7;
        if (field_content_length(slice_of(texts[i]), &bytes, &why))
            fail_msg("taken: %s", texts[i]);
        assert_non_null(why);
        assert_int_equal(bytes, -7);
    }
}

static void a_list_has_only_whole_tokens(void **state)
{
    (void)state;
    static const char *const with[] = {
        "close",         "CLOSE",        " close ", "keep-alive, close",
        "close,upgrade", ",,\tclose\t,", "a,close"};
    static const char *const without[] = {
        "", ",", "closed", "xclose", "clo se", "close;q=1", "keep-alive, closes"};
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        assert_true(field_list_has(slice_of(with[i]), "close"));
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        assert_false(field_list_has(slice_of(without[i]), "close"));
}

static enum content_coding coding_of(const char *first, const char *second)
{
    enum content_coding coding = CODING_NONE;
    field_note_coding(slice_of(first), &coding);
    if (second != NULL)
        field_note_coding(slice_of(second), &coding);
    return coding;
}

static void packed_once_by_zlib_is_known_and_anything_more_is_not(void **state)
{
    (void)state;
    assert_int_equal(coding_of("", NULL), CODING_NONE);
    assert_int_equal(coding_of("Identity", NULL), CODING_NONE);
    assert_int_equal(coding_of("gzip", NULL), CODING_ZLIB);
    assert_int_equal(coding_of("GZIP", "identity"), CODING_ZLIB);
    assert_int_equal(coding_of("identity", "x-gzip"), CODING_ZLIB);
    assert_int_equal(coding_of("deflate", NULL), CODING_ZLIB);
    assert_int_equal(coding_of("br", NULL), CODING_OTHER);
    assert_int_equal(coding_of("gzip, gzip", NULL), CODING_OTHER);
    assert_int_equal(coding_of("gzip", "gzip"), CODING_OTHER);
    assert_int_equal(coding_of("br", "gzip"), CODING_OTHER);
    assert_int_equal(coding_of("br", "identity"), CODING_OTHER);
}

static void a_media_type_comes_without_its_parameters(void **state)
{
    (void)state;
    assert_true(slice_equals(field_media_type(slice_of("text/event-stream; charset=utf-8")),
                             "text/event-stream"));
    assert_true(
        slice_equals(field_media_type(slice_of(" Application/JSON \t;a;b")), "Application/JSON"));
    assert_true(slice_equals(field_media_type(slice_of("text/html")), "text/html"));
    assert_int_equal(field_media_type(slice_of(";charset=utf-8")).bytes, 0);
    assert_int_equal(field_media_type(slice_of("")).bytes, 0);
}

/* ---- Retry-After ---- */

static int64_t retry_after_ms(const char *text)
{
    return field_retry_after_ms(slice_of(text));
}

static void retry_after_may_be_seconds(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("0"), 0);
    assert_int_equal(retry_after_ms("7"), 7000);
    assert_int_equal(retry_after_ms("0120"), 120000);
    assert_true(retry_after_ms("99999999999999999999999999") >= INT64_C(1000000000000));
}

static void retry_after_may_have_parts_of_a_second(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("0.25"), 250);
    assert_int_equal(retry_after_ms("1."), 1000);
    assert_int_equal(retry_after_ms("2.0009"), 2000);
    assert_int_equal(retry_after_ms(".5"), -1);
    assert_int_equal(retry_after_ms("1.5s"), -1);
}

static int64_t noted_ms(const char *first, const char *first_value, const char *second,
                        const char *second_value)
{
    struct retry_after after = {.ms = -1};
    field_note_retry_after(slice_of(first), slice_of(first_value), &after);
    field_note_retry_after(slice_of(second), slice_of(second_value), &after);
    return after.ms;
}

static void milliseconds_count_before_seconds(void **state)
{
    (void)state;
    assert_int_equal(noted_ms("Retry-After", "7", "Retry-After-Ms", "6500"), 6500);
    assert_int_equal(noted_ms("retry-after-ms", "6500.7", "retry-after", "7"), 6500);
    assert_int_equal(noted_ms("retry-after-ms", "soon", "retry-after", "7"), 7000);
    assert_int_equal(noted_ms("retry", "8", "retry-after-msx", "9"), -1);
}

/* RFC 9110, 5.6.7: one form that is written, two that are read. */
static void retry_after_may_be_a_date_in_each_of_its_forms(void **state)
{
    (void)state;
    static const char *const formats[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                          "%a %b %e %H:%M:%S %Y"};
    time_t then = (time_t)(clock_wall_ms() / 1000) + 3600;
    struct tm date;
    assert_non_null(gmtime_r(&then, &date));
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char text[64];
        assert_true(strftime(text, sizeof text, formats[i], &date) > 0);
        int64_t wait_ms = retry_after_ms(text);
        if (wait_ms <= 3500 * 1000 || wait_ms > 3600 * 1000)
            fail_msg("%s: %lld", text, (long long)wait_ms);
    }
}

static void a_date_that_has_passed_is_now(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
    assert_int_equal(retry_after_ms("Sunday, 06-Nov-94 08:49:37 GMT"), 0);
    assert_int_equal(retry_after_ms("Sun Nov  6 08:49:37 1994"), 0);
}

static void any_other_retry_after_says_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "-1",
                                        "+1",
                                        "1 2",
                                        "soon",
                                        "5s",
                                        "Sun, 06 Nov 1994 08:49:37 GMT+1",
                                        "Sun, 06 Nov 1994 08:49:37 CET",
                                        "Sun, 06 Nov 1994",
                                        "Sun, 06 Nov 1994 08:49:37 GMT, and a text that is longer"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (retry_after_ms(texts[i]) != -1)
            fail_msg("taken: %s", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_has_the_characters_of_rfc_9110),
        cmocka_unit_test(a_token_has_at_least_one_character),
        cmocka_unit_test(finds_the_empty_line_wherever_it_was_cut),
        cmocka_unit_test(an_empty_line_at_the_start_ends_no_head),
        cmocka_unit_test(a_bare_lf_ends_no_line),
        cmocka_unit_test(a_line_is_a_name_and_a_value),
        cmocka_unit_test(refuses_what_is_no_line),
        cmocka_unit_test(a_content_length_is_a_plain_decimal_number),
        cmocka_unit_test(any_other_content_length_is_refused),
        cmocka_unit_test(a_list_has_only_whole_tokens),
        cmocka_unit_test(packed_once_by_zlib_is_known_and_anything_more_is_not),
        cmocka_unit_test(a_media_type_comes_without_its_parameters),
        cmocka_unit_test(retry_after_may_be_seconds),
        cmocka_unit_test(retry_after_may_have_parts_of_a_second),
        cmocka_unit_test(milliseconds_count_before_seconds),
        cmocka_unit_test(retry_after_may_be_a_date_in_each_of_its_forms),
        cmocka_unit_test(a_date_that_has_passed_is_now),
        cmocka_unit_test(any_other_retry_after_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
