/* Whole numbers as text, as printf has them. */
#include "base/decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/support.h"

static void check_one(int64_t n)
{
    char expected[DECIMAL_BYTES + 1];
    char text[DECIMAL_BYTES + 1];
    memset(text, '#', sizeof text);
    int bytes = snprintf(expected, sizeof expected, "%" PRId64, n);
    assert_ptr_equal(decimal_put(text, n), text + bytes);
    assert_memory_equal(text, expected, (size_t)bytes);
    assert_int_equal(text[bytes], '#'); /* no NUL, nothing behind it */
}

static void writes_as_printf_does(void **state)
{
    (void)state;
    static const int64_t edges[] = {0, 1, 9, 10, 99, 100, INT64_MAX, INT64_MIN + 1, INT64_MIN};
    struct dice dice = dice_make();
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        check_one(edges[i]);
        check_one(edges[i] == INT64_MIN ? edges[i] : -edges[i]);
    }
    for (int round = 0; round < 10000; round++) {
        int64_t n = dice_magnitude(&dice, INT64_MAX);
        check_one(n);
        check_one(-n);
    }
}

static void assert_scaled(const char *text, int places, int64_t wanted)
{
    unsigned __int128 number;
    if (!decimal_scale_up(slice_of(text), places, UINT64_C(1000000000000), &number))
        fail_msg("no number: %s", text);
    if ((int64_t)number != wanted)
        fail_msg("%s: %lld, not %lld", text, (long long)number, (long long)wanted);
}

static void reads_decimals_rounded_up(void **state)
{
    (void)state;
    assert_scaled("0", 0, 0);
    assert_scaled("12", 0, 12);
    assert_scaled("9.2", 0, 10);
    assert_scaled("9.0", 0, 9);
    assert_scaled("9.00000000000000000000000000000000000000000000000000000000001", 0, 10);
    assert_scaled("9.2", 1, 92);
    assert_scaled("9.2", 3, 9200);
    assert_scaled("9.25e1", 0, 93);
    assert_scaled("925E-1", 0, 93);
    assert_scaled("1e-999", 0, 1);
    assert_scaled("0e999", 3, 0);
    assert_scaled("0.000000000000000000000000000000000001e36", 0, 1);
    assert_scaled("1000000000000", 0, INT64_C(1000000000000));
    assert_scaled("1e9", 3, INT64_C(1000000000000));
    assert_scaled("1234567890123456789012345678901234567890e-30", 0, INT64_C(1234567891));
}

static void refuses_what_is_no_number(void **state)
{
    (void)state;
    static const char *const none[] = {
        "",
        "-",
        "-1",
        "+1",
        ".5",
        "5.",
        "1.2.3",
        "1e",
        "1e+",
        "1e1000",
        "1x",
        " 1",
        "0x10",
        "e5",
        "1000000000001",
        "1000000000000.1",
        "1e13",
        "1e999",
        "99999999999999999999999999999999999999999999999999999999999999999",
    };
    unsigned __int128 number;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        if (decimal_scale_up(slice_of(none[i]), 0, UINT64_C(1000000000000), &number))
            fail_msg("a number: %s", none[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_as_printf_does),
        cmocka_unit_test(reads_decimals_rounded_up),
        cmocka_unit_test(refuses_what_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
