/* One-time codes: the vectors of RFC 6238, appendix B (six digits of them), and the steps. */
#include "base/support.h"

#include "net/client/totp.h"

static const struct slice secret = {.data = "12345678901234567890", .bytes = 20};

static void vectors(void **state)
{
    static const struct {
        int64_t time_s;
        const char *code;
    } cases[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                 {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char code[TOTP_DIGITS + 1];
        totp_code(secret, cases[i].time_s * 1000 / TOTP_STEP_MS, code);
        assert_string_equal(code, cases[i].code);
    }
}

static void steps(void **state)
{
    const int64_t step = 41152263;
    char code[TOTP_DIGITS + 1];
    (void)state;
    for (int64_t offset = -3; offset <= 3; offset++) {
        totp_code(secret, step + offset, code);
        int64_t found = totp_step(secret, slice_of(code), step * TOTP_STEP_MS + 1);
        assert_int_equal(found, offset >= -1 && offset <= 1 ? step + offset : -1);
    }
}

static void other_texts(void **state)
{
    (void)state;
    assert_int_equal(totp_step(secret, slice_of(""), 59000), -1);
    assert_int_equal(totp_step(secret, slice_of("28708"), 59000), -1);
    assert_int_equal(totp_step(secret, slice_of("2870820"), 59000), -1);
    assert_int_equal(totp_step(secret, slice_of("287082"), 59000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(steps),
        cmocka_unit_test(other_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
