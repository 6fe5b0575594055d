#include "base/text.h"

#include <string.h>

#include "base/support.h"

static void tells_utf8(void **state)
{
    static const char *const valid[] = {"", "abc", "\xc3\xa9", "\xed\x95\x9c", "\xf0\x9f\x98\x80"};
    static const char *const invalid[] = {"\xff",         "\xc3",     "a\x80",
                                          "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80"};
    (void)state;
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
        assert_true(text_is_utf8(slice_of(valid[i])));
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        assert_false(text_is_utf8(slice_of(invalid[i])));
}

static void assert_normal(const char *text, const char *expected)
{
    char out[64];
    size_t bytes;
    assert_true(text_normalise(slice_of(text), out, sizeof out, &bytes));
    assert_int_equal(bytes, strlen(expected));
    assert_memory_equal(out, expected, bytes);
}

static void normalises(void **state)
{
    (void)state;
    assert_normal("", "");
    assert_normal("Caf\xc3\xa9", "Caf\xc3\xa9");
    assert_normal("Cafe\xcc\x81", "Caf\xc3\xa9"); /* e and an accent of its own */
    assert_normal("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c"); /* Hangul by letters */
    assert_normal("\xef\xac\x81", "\xef\xac\x81"); /* a ligature is kept: no compatibility form */
}

static void refuses_what_does_not_fit(void **state)
{
    char out[4];
    size_t bytes;
    (void)state;
    assert_true(text_normalise(slice_of("abcd"), out, sizeof out, &bytes));
    assert_false(text_normalise(slice_of("abcde"), out, sizeof out, &bytes));
    assert_false(text_normalise(slice_of("\xff"), out, sizeof out, &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_utf8),
        cmocka_unit_test(normalises),
        cmocka_unit_test(refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
