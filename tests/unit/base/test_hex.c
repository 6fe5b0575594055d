/* Hexadecimal digits: as printf writes them, and back. */
#include "base/support.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"

static void numbers_come_back(void **state)
{
    static const uint32_t numbers[] = {0, 1, 9, 10, 15, 16, 0x9abcdef0, 0x0fedcba9, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char printed[16], written[8];
        snprintf(printed, sizeof printed, "%08" PRIx32, numbers[i]);
        hex_put8(numbers[i], written);
        assert_memory_equal(written, printed, sizeof written);
        assert_int_equal(hex_read8(printed), numbers[i]);
    }
}

static void sixteen_digits(void **state)
{
    (void)state;
    assert_true(hex_read16("0123456789abcdef") == UINT64_C(0x0123456789abcdef));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(sixteen_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
