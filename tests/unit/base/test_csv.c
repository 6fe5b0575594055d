/* Fields of CSV: in quotes (RFC 4180), and no formula to any spreadsheet. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/csv.h"

static void assert_field(const char *text, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 64 * 1024);
    csv_text(&out, text);
    if (!slice_equals(buffer_slice(&out), expected))
        fail_msg("%s: %.*s instead of %s", text, (int)out.bytes, out.data, expected);
    buffer_fini(&out);
}

static void a_field_stands_in_quotes(void **state)
{
    (void)state;
    assert_field("", "\"\"");
    assert_field("gpt-4", "\"gpt-4\"");
    assert_field("a,b;c", "\"a,b;c\"");
    assert_field("two\r\nlines", "\"two\r\nlines\"");
    assert_field("\xc3\xa9\xe6\xb0\xb4", "\"\xc3\xa9\xe6\xb0\xb4\"");
    assert_field(" a ", "\" a \"");
}

static void a_quote_in_it_is_doubled(void **state)
{
    (void)state;
    assert_field("\"", "\"\"\"\"");
    assert_field("say \"a\"", "\"say \"\"a\"\"\"");
    assert_field("\"\"", "\"\"\"\"\"\"");
}

static void what_begins_a_formula_has_an_apostrophe_in_front(void **state)
{
    (void)state;
    for (const char *first = "=+-@\t\r\n|%"; *first != '\0'; first++) {
        char text[8];
        char expected[16];
        snprintf(text, sizeof text, "%cx", *first);
        snprintf(expected, sizeof expected, "\"'%cx\"", *first);
        assert_field(text, expected);
    }
    assert_field("=\"a\"", "\"'=\"\"a\"\"\"");
    assert_field("-1", "\"'-1\"");
}

/* U+FF1D, U+FF0B, U+FF0D, U+FF20: East Asian spreadsheets take them for = + - @. */
static void the_wide_forms_begin_formulas_too(void **state)
{
    (void)state;
    assert_field("\xEF\xBC\x9Dx", "\"'\xEF\xBC\x9Dx\"");
    assert_field("\xEF\xBC\x8Bx", "\"'\xEF\xBC\x8Bx\"");
    assert_field("\xEF\xBC\x8Dx", "\"'\xEF\xBC\x8Dx\"");
    assert_field("\xEF\xBC\xA0x", "\"'\xEF\xBC\xA0x\"");
    assert_field("\xEF\xBC\xA1x", "\"\xEF\xBC\xA1x\""); /* a wide A */
    assert_field("\xEF\xBC", "\"\xEF\xBC\"");           /* cut */
}

static void spaces_before_a_formula_do_not_hide_it(void **state)
{
    (void)state;
    assert_field("  =x", "\"'  =x\"");
    assert_field("\v\f =x", "\"'\v\f =x\"");
    assert_field("\xE3\x80\x80=x", "\"'\xE3\x80\x80=x\""); /* U+3000 */
    assert_field("\xC2\xA0=x", "\"'\xC2\xA0=x\"");         /* U+00A0 */
    assert_field(" \xE3\x80\x80\xEF\xBC\x9Dx", "\"' \xE3\x80\x80\xEF\xBC\x9Dx\"");
}

static void a_sign_further_on_is_no_formula(void **state)
{
    (void)state;
    assert_field("a=b", "\"a=b\"");
    assert_field("a -b", "\"a -b\"");
    assert_field("openai/gpt|x", "\"openai/gpt|x\"");
    assert_field("'=x", "\"'=x\"");
}

/* Whatever it is, it reads back as itself, and its first character is none of a formula. */
static void any_text_is_one_harmless_field(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int round = 0; round < 20000; round++) {
        char text[12] = "";
        struct buffer out;
        size_t length = dice_below(&dice, sizeof text);
        for (size_t i = 0; i < length; i++)
            text[i] = "\"=+-@\t\r\n|% ,'ab\xEF\xBC\x9D\xE3\x80"[dice_below(&dice, 20)];
        buffer_init(&out, 1024);
        csv_text(&out, text);
        assert_true(out.bytes >= 2 && out.data[0] == '"' && out.data[out.bytes - 1] == '"');
        char back[64];
        size_t bytes = 0;
        for (size_t i = 1; i + 1 < out.bytes; i++) {
            if (out.data[i] == '"')
                assert_int_equal(out.data[++i], '"');
            back[bytes++] = out.data[i];
        }
        back[bytes] = '\0';
        bool marked = bytes == length + 1;
        assert_true(marked ? back[0] == '\'' : bytes == length);
        assert_string_equal(back + marked, text);
        assert_true(marked || back[0] == '\0' || strchr("=+-@\t\r\n|%", back[0]) == NULL);
        buffer_fini(&out);
    }
}

static void assert_comma(const char *rows, const char *expected)
{
    char text[256];
    snprintf(text, sizeof text, "%s", rows);
    csv_use_comma(text, strlen(text));
    assert_string_equal(text, expected);
}

static void decimals_get_a_comma_and_fields_a_semicolon(void **state)
{
    (void)state;
    assert_comma("", "");
    assert_comma("id,cost\r\n", "id;cost\r\n");
    assert_comma("\"a,b\",1.50,-0.000045240,7\r\n\"x\",-3.0,,\r\n",
                 "\"a,b\";1,50;-0,000045240;7\r\n\"x\";-3,0;;\r\n");
    assert_comma("1.5", "1,5");
    assert_comma("1.5\n2.5\n", "1,5\n2,5\n");
}

/* Texts, times, versions and what is no number stay as they are. */
static void nothing_else_changes(void **state)
{
    (void)state;
    assert_comma("\"1.5\",\"say \"\"1,5\"\" 2.5\",\"two\r\n1.5,2\"",
                 "\"1.5\";\"say \"\"1,5\"\" 2.5\";\"two\r\n1.5,2\"");
    assert_comma("2026-11-29T16:51:37.123Z,2026-11-29 16:51:37",
                 "2026-11-29T16:51:37.123Z;2026-11-29 16:51:37");
    assert_comma("1.2.3,.5,1-2.5,-", "1.2.3;.5;1-2.5;-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_stands_in_quotes),
        cmocka_unit_test(a_quote_in_it_is_doubled),
        cmocka_unit_test(what_begins_a_formula_has_an_apostrophe_in_front),
        cmocka_unit_test(the_wide_forms_begin_formulas_too),
        cmocka_unit_test(spaces_before_a_formula_do_not_hide_it),
        cmocka_unit_test(a_sign_further_on_is_no_formula),
        cmocka_unit_test(any_text_is_one_harmless_field),
        cmocka_unit_test(decimals_get_a_comma_and_fields_a_semicolon),
        cmocka_unit_test(nothing_else_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
