#include "base/period.h"

#include "base/clock.h"
#include "base/support.h"

static int64_t ms(const char *text)
{
    int64_t wall_ms;
    assert_true(clock_parse(text, &wall_ms));
    return wall_ms;
}

static void knows_where_periods_begin_and_end(void **state)
{
    static const struct {
        enum period period;
        const char *at;
        const char *start;
        const char *end;
    } cases[] = {
        {PERIOD_DAY, "2026-11-29T13:00:00Z", "2026-11-29", "2026-11-30"},
        {PERIOD_DAY, "2026-11-29T00:00:00Z", "2026-11-29", "2026-11-30"},
        {PERIOD_DAY, "2026-11-29T23:59:59.999Z", "2026-11-29", "2026-11-30"},
        {PERIOD_WEEK, "2026-11-29T13:00:00Z", "2026-11-23", "2026-11-30"}, /* a Sunday */
        {PERIOD_WEEK, "2026-11-30T00:00:00Z", "2026-11-30", "2026-12-07"}, /* a Monday */
        {PERIOD_WEEK, "1970-01-01T00:00:00Z", "1969-12-29", "1970-01-05"},
        {PERIOD_MONTH, "2026-11-29T13:00:00Z", "2026-11-01", "2026-12-01"},
        {PERIOD_MONTH, "2026-12-31T23:59:59.999Z", "2026-12-01", "2027-01-01"},
        {PERIOD_MONTH, "2028-02-29T12:00:00Z", "2028-02-01", "2028-03-01"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(period_start_ms(cases[i].period, ms(cases[i].at)), ms(cases[i].start));
        assert_int_equal(period_end_ms(cases[i].period, ms(cases[i].at)), ms(cases[i].end));
    }
    assert_int_equal(period_start_ms(PERIOD_NONE, ms("2026-11-29")), 0);
}

static void reads_names(void **state)
{
    enum period period;
    (void)state;
    for (int i = PERIOD_NONE; i <= PERIOD_MONTH; i++) {
        assert_true(period_parse(period_name((enum period)i), &period));
        assert_int_equal(period, i);
    }
    assert_false(period_parse("year", &period));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_where_periods_begin_and_end),
        cmocka_unit_test(reads_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
