#include "base/fault.h"

#include <string.h>

#include "base/support.h"

static void says_code_and_message(void **state)
{
    (void)state;
    struct fault fault;
    assert_false(fault_set(&fault, "invalid_value", "%s must be at most %d.", "n", 8));
    assert_string_equal(fault.code, "invalid_value");
    assert_string_equal(fault.message, "n must be at most 8.");
}

static void nobody_may_want_to_know(void **state)
{
    (void)state;
    assert_false(fault_set(NULL, "invalid_value", "%d", 1));
}

static void extends_itself(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, "timeout", "the disk is slow");
    fault_set(&fault, fault.code, "migrations/1.sql: %s", fault.message);
    assert_string_equal(fault.code, "timeout");
    assert_string_equal(fault.message, "migrations/1.sql: the disk is slow");
}

static void code_is_never_empty(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, "", "x");
    assert_true(strlen(fault.code) > 0);
    fault_set(&fault, NULL, "x");
    assert_true(strlen(fault.code) > 0);
}

static void no_newline_at_the_end(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, "x", "from a library\r\n\n");
    assert_string_equal(fault.message, "from a library");
    fault_set(&fault, "x", "\n");
    assert_string_equal(fault.message, "");
}

/* Every place of the cut within a text of 1, 2, 3 and 4-byte characters. */
static void cut_at_the_end_between_characters(void **state)
{
    (void)state;
    static const char *const units[] = {"a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t u = 0; u < 4; u++) {
        size_t unit_bytes = u + 1;
        for (size_t shift = 0; shift < 8; shift++) {
            char text[1024] = "";
            memset(text, '.', shift);
            while (strlen(text) + unit_bytes < 600)
                strcat(text, units[u]);
            struct fault fault;
            memset(&fault, 'z', sizeof fault);
            fault_set(&fault, "x", "%s", text);
            size_t room = sizeof fault.message - 1;
            size_t kept = shift + (room - shift) / unit_bytes * unit_bytes;
            assert_int_equal(strlen(fault.message), kept);
            assert_memory_equal(fault.message, text, kept);
        }
    }
}

static void exactly_full_is_not_cut(void **state)
{
    (void)state;
    struct fault fault;
    char text[sizeof fault.message];
    memset(text, 'a', sizeof text - 1);
    memcpy(text + sizeof text - 3, "\xc3\xa4", 3);
    fault_set(&fault, "x", "%s", text);
    assert_string_equal(fault.message, text);
}

static void long_code_is_cut(void **state)
{
    (void)state;
    struct fault fault;
    char code[100];
    memset(code, 'c', sizeof code - 1);
    code[sizeof code - 1] = '\0';
    fault_set(&fault, code, "x");
    assert_int_equal(strlen(fault.code), sizeof fault.code - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_code_and_message),
        cmocka_unit_test(nobody_may_want_to_know),
        cmocka_unit_test(extends_itself),
        cmocka_unit_test(code_is_never_empty),
        cmocka_unit_test(no_newline_at_the_end),
        cmocka_unit_test(cut_at_the_end_between_characters),
        cmocka_unit_test(exactly_full_is_not_cut),
        cmocka_unit_test(long_code_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
