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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_as_printf_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
