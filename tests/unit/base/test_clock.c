#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/support.h"

#define YEAR_0_MS (INT64_C(-719528) * 86400000)
#define YEAR_9999_END_MS (INT64_C(2932897) * 86400000 - 1)

static void assert_format(int64_t ms, const char *expected)
{
    char text[CLOCK_TEXT_BYTES];
    assert_ptr_equal(clock_format(ms, text), text);
    assert_string_equal(text, expected);
}

static void formats(void **state)
{
    (void)state;
    assert_format(0, "1970-01-01T00:00:00.000Z");
    assert_format(-1, "1969-12-31T23:59:59.999Z");
    assert_format(999, "1970-01-01T00:00:00.999Z");
    assert_format(1, "1970-01-01T00:00:00.001Z");
    assert_format(INT64_C(951782400000), "2000-02-29T00:00:00.000Z");
    assert_format(INT64_C(4107542399999), "2100-02-28T23:59:59.999Z");
    assert_format(INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"); /* no leap year */
    assert_format(YEAR_0_MS, "0000-01-01T00:00:00.000Z");
    assert_format(YEAR_9999_END_MS, "9999-12-31T23:59:59.999Z");
    /* Beyond four digits: the nearest that can be shown, and never past the array. */
    assert_format(YEAR_0_MS - 1, "0000-01-01T00:00:00.000Z");
    assert_format(YEAR_9999_END_MS + 1, "9999-12-31T23:59:59.999Z");
    assert_format(INT64_MIN, "0000-01-01T00:00:00.000Z");
    assert_format(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

/* Against libc, at random times of 10,000 years. */
static void agrees_with_libc(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int i = 0; i < 100000; i++) {
        uint64_t span = (uint64_t)(YEAR_9999_END_MS - YEAR_0_MS) + 1;
        int64_t ms = YEAR_0_MS + (int64_t)(dice_u64(&dice) % span);
        time_t second = (time_t)((ms - (ms % 1000 + 1000) % 1000) / 1000);
        struct tm tm;
        gmtime_r(&second, &tm);
        char expected[128];
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 (int)((ms % 1000 + 1000) % 1000));
        assert_format(ms, expected);
        int64_t back;
        assert_true(clock_parse(expected, &back));
        assert_int_equal(back, ms);
        expected[10] = '\0';
        char day[CLOCK_TEXT_BYTES];
        int64_t floor_day = (ms - (ms % 86400000 + 86400000) % 86400000) / 86400000;
        assert_string_equal(clock_format_day((int32_t)floor_day, day), expected);
    }
}

static void days(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    assert_string_equal(clock_format_day(0, text), "1970-01-01");
    assert_string_equal(clock_format_day(20779, text), "2026-11-22");
    assert_string_equal(clock_format_day(INT32_MAX, text), "9999-12-31");
    assert_string_equal(clock_format_day(INT32_MIN, text), "0000-01-01");
}

static void parses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01", 0},
        {"2026-11-22", INT64_C(1795305600000)},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.05Z", 50},
        {"1970-01-01T00:00:00.123456789Z", 123},
        {"1970-01-01T00:00:00.999999999999999999999Z", 999},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T19:30:00-04:30", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-01T23:59:59+23:59", INT64_C(59000)},
        {"1970-01-01T00:00:60Z", 60000}, /* a leap second */
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
        {"2000-02-29", INT64_C(951782400000)},
        {"0000-01-01T00:00:00Z", YEAR_0_MS},
        {"9999-12-31T23:59:59.999Z", YEAR_9999_END_MS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = -1;
        if (!clock_parse(cases[i].text, &ms))
            fail_msg("refused: %s", cases[i].text);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-",
        "2026-11-2",
        "2026-11-22 ",
        " 2026-11-22",
        "2026-1-22",
        "26-11-22",
        "12026-11-22",
        "-026-11-22",
        "2026/11/22",
        "20261122",
        "2026-00-01",
        "2026-13-01",
        "2026-01-00",
        "2026-01-32",
        "2026-04-31",
        "2023-02-29",
        "2100-02-29",
        "2026-11-22T",
        "2026-11-22Z",
        "2026-11-22T21:34:00",
        "2026-11-22T21:34Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T21:60:00Z",
        "2026-11-22T21:34:61Z",
        "2026-11-22T21:34:00.Z",
        "2026-11-22T21:34:00,5Z",
        "2026-11-22T21:34:00ZZ",
        "2026-11-22T21:34:00+01",
        "2026-11-22T21:34:00+0100",
        "2026-11-22T21:34:00+24:00",
        "2026-11-22T21:34:00+01:60",
        "2026-11-22T21:34:00 +01:00",
        "2026-11-22 21:34:00Z",
        "2026-11-22T-1:34:00Z",
        "now",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 4242;
        if (clock_parse(cases[i], &ms))
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(ms, 4242);
    }
}

static void clocks_run_and_are_advanced_together(void **state)
{
    (void)state;
    int64_t libc_ms = (int64_t)time(NULL) * 1000;
    int64_t wall_ms = clock_wall_ms();
    int64_t mono_us = clock_mono_us();
    assert_true(wall_ms >= libc_ms - 1000 && wall_ms <= libc_ms + 60000);
    clock_advance_ms(3600000);
    int64_t wall_gone_ms = clock_wall_ms() - wall_ms;
    int64_t mono_gone_us = clock_mono_us() - mono_us;
    assert_true(wall_gone_ms >= 3600000 && wall_gone_ms < 3660000);
    assert_true(mono_gone_us >= INT64_C(3600000000) && mono_gone_us < INT64_C(3660000000));
    clock_advance_ms(-3600000);
    assert_true(clock_wall_ms() - wall_ms < 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats), cmocka_unit_test(agrees_with_libc),
        cmocka_unit_test(days),    cmocka_unit_test(parses),
        cmocka_unit_test(refuses), cmocka_unit_test(clocks_run_and_are_advanced_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
