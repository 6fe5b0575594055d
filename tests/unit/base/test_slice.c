#include "base/slice.h"

#include <string.h>

#include "base/support.h"

static const struct slice no_bytes = {NULL, 0}; /* an empty slice may point nowhere */

static void of(void **state)
{
    (void)state;
    assert_int_equal(slice_of("abc").bytes, 3);
    assert_int_equal(slice_of("").bytes, 0);
    assert_int_equal(slice_of(NULL).bytes, 0);
}

static void equals(void **state)
{
    (void)state;
    static const struct {
        struct slice slice;
        const char *text;
        bool same, same_nocase;
    } cases[] = {
        {{"abc", 3}, "abc", true, true},
        {{"abcd", 3}, "abc", true, true}, /* not NUL-terminated */
        {{"abc", 3}, "ab", false, false},
        {{"abc", 3}, "abcd", false, false},
        {{"ABC", 3}, "abc", false, true},
        {{"abc", 3}, "aBc", false, true},
        {{"@", 1}, "`", false, false}, /* differ by 0x20 and are no letters */
        {{"[", 1}, "{", false, false},
        {{"\xc4", 1}, "\xe4", false, false}, /* no letters in ASCII */
        {{"a\0b", 3}, "a", false, false},
        {{"a\0", 2}, "a", false, false},
        {{"", 0}, "", true, true},
        {{"", 0}, "a", false, false},
        {{NULL, 0}, "", true, true},
        {{NULL, 0}, "a", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(slice_equals(cases[i].slice, cases[i].text), cases[i].same);
        assert_int_equal(slice_equals_nocase(cases[i].slice, cases[i].text), cases[i].same_nocase);
    }
}

static void starts_with(void **state)
{
    (void)state;
    assert_true(slice_starts_with(slice_of("Bearer x"), "Bearer "));
    assert_true(slice_starts_with(slice_of("abc"), "abc"));
    assert_true(slice_starts_with(slice_of("abc"), ""));
    assert_true(slice_starts_with(no_bytes, ""));
    assert_false(slice_starts_with(no_bytes, "a"));
    assert_false(slice_starts_with((struct slice){"abcd", 2}, "abc"));
    assert_false(slice_starts_with(slice_of("abc"), "b"));
}

static void letter(void **state)
{
    (void)state;
    static const char text[] = "a;b;";
    assert_ptr_equal(slice_char((struct slice){text, 4}, ';'), text + 1);
    assert_ptr_equal(slice_char((struct slice){text, 1}, ';'), NULL);
    assert_ptr_equal(slice_char((struct slice){text, 5}, '\0'), text + 4);
    assert_ptr_equal(slice_char(no_bytes, ';'), NULL);
}

static void find(void **state)
{
    (void)state;
    static const struct {
        struct slice text, needle;
        ptrdiff_t place;
    } cases[] = {
        {{"data: [DONE]", 12}, {"[DONE]", 6}, 6},
        {{"data: [DONE]", 11}, {"[DONE]", 6}, -1}, /* what is behind the end does not count */
        {{"aaab", 4}, {"aab", 3}, 1},
        {{"a\0b", 3}, {"b", 1}, 2},
        {{"a\0b", 3}, {"\0", 1}, 1},
        {{"abc", 3}, {"abcd", 4}, -1},
        {{"abc", 3}, {NULL, 0}, 0},
        {{NULL, 0}, {NULL, 0}, 0},
        {{NULL, 0}, {"a", 1}, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(slice_find(cases[i].text, cases[i].needle), cases[i].place);
}

static void trim(void **state)
{
    (void)state;
    static const struct {
        const char *text, *trimmed;
    } cases[] = {
        {" a b\t", "a b"}, {"\r\n a\r\n", "a"}, {"a", "a"},         {"", ""},
        {" \t\r\n", ""},   {"\va\v", "\va\v"},  {" \xa0 ", "\xa0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(slice_equals(slice_trim(slice_of(cases[i].text)), cases[i].trimmed));
    assert_int_equal(slice_trim(no_bytes).bytes, 0);
}

static void words_are_taken(void **state)
{
    (void)state;
    struct slice rest = slice_of("one  three");
    assert_true(slice_equals(slice_take_word(&rest), "one"));
    assert_int_equal(slice_take_word(&rest).bytes, 0); /* between two spaces */
    assert_true(slice_equals(slice_take_word(&rest), "three"));
    assert_int_equal(rest.bytes, 0);
    assert_int_equal(slice_take_word(&rest).bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of),
        cmocka_unit_test(equals),
        cmocka_unit_test(starts_with),
        cmocka_unit_test(letter),
        cmocka_unit_test(find),
        cmocka_unit_test(trim),
        cmocka_unit_test(words_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
