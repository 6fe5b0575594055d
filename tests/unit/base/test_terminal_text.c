/* Text for a terminal: no control character reaches it, lines fit and break between words. */
#include "base/support.h"

#include "base/terminal_text.h"

enum { ROOM = 4096 };

static void assert_plain(const char *text, bool utf8, const char *expected)
{
    struct buffer out;
    buffer_init(&out, ROOM);
    terminal_text_plain(&out, slice_of(text), utf8);
    if (!slice_equals(buffer_slice(&out), expected))
        fail_msg("%s: %.*s instead of %s", text, (int)out.bytes, out.data, expected);
    buffer_fini(&out);
}

static void nothing_moves_the_cursor(void **state)
{
    (void)state;
    assert_plain("", true, "");
    assert_plain("a line\nand one\n", true, "a line\nand one\n");
    assert_plain("\x1b[2J\a\b\t\r\x7f", true, "?[2J?????");
    assert_plain("\xc2\x9b"
                 "2J",
                 true, "?2J"); /* CSI of eight bits */
    assert_plain("\xe2\x80\xae"
                 "abc",
                 true, "?abc"); /* from right to left */
    assert_plain("\xff\xe6\xb0", true, "???");
}

static void other_letters_are_for_terminals_that_have_them(void **state)
{
    (void)state;
    assert_plain("Gr\xc3\xbc\xc3\x9f \xed\x95\x9c", true, "Gr\xc3\xbc\xc3\x9f \xed\x95\x9c");
    assert_plain("Gr\xc3\xbc\xc3\x9f \xed\x95\x9c", false, "Gr?? ?");
}

static void assert_fit(const char *line, unsigned columns, const char *expected)
{
    struct slice fit = terminal_text_fit(slice_of(line), columns);
    if (!slice_equals(fit, expected))
        fail_msg("%s in %u: %.*s", line, columns, (int)fit.bytes, fit.data);
}

static void a_line_is_cut_at_the_last_column(void **state)
{
    (void)state;
    assert_fit("", 3, "");
    assert_fit("abc", 3, "abc");
    assert_fit("abcd", 3, "abc");
    assert_fit("abc", 0, "");
    assert_fit("\xed\x95\x9c\xea\xb8\x80", 3, "\xed\x95\x9c"); /* each takes two */
    assert_fit("\xed\x95\x9c\xea\xb8\x80", 4, "\xed\x95\x9c\xea\xb8\x80");
    assert_fit("e\xcc\x81"
               "ab",
               2,
               "e\xcc\x81"
               "a"); /* an accent takes none */
}

static void assert_wrap(const char *text, unsigned indent, unsigned columns, const char *expected)
{
    struct buffer out;
    buffer_init(&out, ROOM);
    terminal_text_wrap(&out, slice_of(text), indent, columns);
    if (!slice_equals(buffer_slice(&out), expected))
        fail_msg("%s: %.*s instead of %s", text, (int)out.bytes, out.data, expected);
    buffer_fini(&out);
}

static void a_text_is_broken_between_words(void **state)
{
    (void)state;
    assert_wrap("one two three four five", 0, 0, "one two three four five");
    assert_wrap("one two three four five", 0, 80, "one two three four five");
    assert_wrap("one two three four five", 0, 18, "one two three four\nfive");
    assert_wrap("one two three four five", 2, 19, "one two three\n  four five");
    assert_wrap("/a/very/long/path/that/has/no/blank x", 0, 20,
                "/a/very/long/path/that/has/no/blank\nx");
    assert_wrap("one two three four five", 30, 10,
                "one two three\n"
                "                              four five");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_moves_the_cursor),
        cmocka_unit_test(other_letters_are_for_terminals_that_have_them),
        cmocka_unit_test(a_line_is_cut_at_the_last_column),
        cmocka_unit_test(a_text_is_broken_between_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
