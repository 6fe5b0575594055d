/* Zones of the system's database; tests/e2e/test_days.py compares them with Python's zoneinfo. */
#include "base/zone.h"

#include <string.h>

#include "base/clock.h"
#include "base/support.h"

#define HOUR_MS INT64_C(3600000)

static int64_t ms_of(const char *time)
{
    int64_t ms;
    assert_true(clock_parse(time, &ms));
    return ms;
}

static void assert_local(const char *name, const char *time, const char *local)
{
    char text[ZONE_LOCAL_TEXT_BYTES];
    char day[CLOCK_TEXT_BYTES];
    struct zone zone;
    struct fault fault = {0};
    if (!zone_load(name, &zone, &fault))
        fail_msg("%s: %s", name, fault.message);
    assert_string_equal(zone_format(&zone, ms_of(time), text), local);
    clock_format_day((int32_t)zone_day(&zone, ms_of(time)), day);
    assert_memory_equal(day, local, 10);
    zone_fini(&zone);
}

static void knows_local_times(void **state)
{
    (void)state;
    assert_local("", "2026-11-29T12:00:00Z", "2026-11-29 12:00:00");
    assert_local("UTC", "2026-11-29T12:00:00Z", "2026-11-29 12:00:00");
    assert_local("330", "2026-11-29T18:29:59Z", "2026-11-29 23:59:59");
    assert_local("-210", "2026-11-29T03:00:00Z", "2026-11-28 23:30:00");
    assert_local("Asia/Kolkata", "2026-11-29T18:30:00Z", "2026-11-30 00:00:00");
    assert_local("Asia/Calcutta", "2026-11-29T18:30:00Z", "2026-11-30 00:00:00");
    assert_local("Asia/Kathmandu", "2026-11-29T18:14:59Z", "2026-11-29 23:59:59");
    assert_local("America/New_York", "2026-03-08T06:59:59Z", "2026-03-08 01:59:59");
    assert_local("America/New_York", "2026-03-08T07:00:00Z", "2026-03-08 03:00:00");
    assert_local("America/New_York", "2026-11-01T06:00:00Z", "2026-11-01 01:00:00");
    assert_local("Australia/Adelaide", "2026-10-03T16:30:00Z", "2026-10-04 03:00:00");
    /* by the rule, long after the last year of the table */
    assert_local("America/New_York", "2080-07-01T12:00:00Z", "2080-07-01 08:00:00");
    assert_local("Australia/Adelaide", "2080-01-01T12:00:00Z", "2080-01-01 22:30:00");
    assert_local("Australia/Lord_Howe", "2080-01-01T12:00:00Z", "2080-01-01 23:00:00");
    assert_local("Australia/Lord_Howe", "2080-07-01T12:00:00Z", "2080-07-01 22:30:00");
    assert_local("Asia/Kathmandu", "2080-07-01T12:00:00Z", "2080-07-01 17:45:00");
    /* long before its first */
    assert_local("Asia/Seoul", "1970-01-01T00:00:00Z", "1970-01-01 09:00:00");
}

static int64_t hours_of_day(const char *name, const char *day)
{
    struct zone zone;
    assert_true(zone_load(name, &zone, NULL));
    int64_t number = ms_of(day) / 86400000;
    int64_t from_ms = zone_day_begins_ms(&zone, number);
    int64_t to_ms = zone_day_begins_ms(&zone, number + 1);
    assert_int_equal(zone_day(&zone, from_ms), number);
    assert_int_equal(zone_day(&zone, from_ms - 1), number - 1);
    assert_int_equal(zone_day(&zone, to_ms - 1), number);
    zone_fini(&zone);
    return (to_ms - from_ms) / HOUR_MS;
}

static void days_have_their_hours(void **state)
{
    (void)state;
    assert_int_equal(hours_of_day("America/New_York", "2026-03-08"), 23);
    assert_int_equal(hours_of_day("America/New_York", "2026-03-09"), 24);
    assert_int_equal(hours_of_day("America/New_York", "2026-11-01"), 25);
    assert_int_equal(hours_of_day("America/New_York", "2060-11-07"), 25);
    assert_int_equal(hours_of_day("Australia/Adelaide", "2026-10-04"), 23);
    assert_int_equal(hours_of_day("Asia/Kolkata", "2026-11-29"), 24);
    assert_int_equal(hours_of_day("Africa/Cairo", "2026-04-24"), 23); /* without its midnight */
    assert_int_equal(hours_of_day("", "2026-11-29"), 24);
}

static void knows_split_hours(void **state)
{
    struct zone zone;
    int split = 0;
    (void)state;
    assert_true(zone_load("Asia/Kolkata", &zone, NULL));
    for (int64_t hour = ms_of("2026-11-29") / HOUR_MS; hour % 24 < 23; hour++)
        split += zone_splits_hour(&zone, hour) ? (int)(hour % 24) : 0;
    assert_int_equal(split, 18);
    zone_fini(&zone);
    assert_true(zone_load("Asia/Seoul", &zone, NULL));
    for (int64_t hour = ms_of("2026-11-29") / HOUR_MS; hour % 24 < 23; hour++)
        assert_false(zone_splits_hour(&zone, hour));
    zone_fini(&zone);
}

static void refuses_what_is_no_zone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x",
        "Asia",
        "Asia/",
        "Asia/Nowhere",
        "/etc/passwd",
        "../../../etc/passwd",
        "Asia/../Asia/Seoul",
        "zone.tab",
        "Asia/Seoul ",
        "+05:30",
        "900",
        "-780",
        "1",
        "7",
        "-",
        "3300",
        "99999999999",
        "right/Asia/Seoul",
        "Asia/Seoulllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct fault fault = {0};
        struct zone zone;
        if (zone_load(texts[i], &zone, &fault))
            fail_msg("\"%s\" was taken", texts[i]);
        assert_string_equal(fault.code, "invalid_value");
        assert_true(strncmp(fault.message, "tz", 2) == 0);
    }
}

static void reads_rules(void **state)
{
    (void)state;
    static const char *const good[] = {"IST-5:30",
                                       "EST5EDT,M3.2.0,M11.1.0",
                                       "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                       "IST-2IDT,M3.4.4/26,M10.5.0",
                                       "AAA3BBB,J60/0,J300",
                                       "AAA3BBB2,0/0,365/23:59:59"};
    static const char *const bad[] = {"",
                                      "E5",
                                      "EST",
                                      "EST5EDT",
                                      "EST5EDT,M3.2.0",
                                      "<+03",
                                      "EST5EDT,M13.1.0,M11.1.0",
                                      "EST5EDT,M3.2.0,M11.1.0x"};
    struct zone_rule rule;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(zone_rule_parse(good[i], &rule));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(zone_rule_parse(bad[i], &rule));
    assert_true(zone_rule_parse("AAA-1BBB,J60/0,J300/0", &rule));
    assert_int_equal(zone_rule_offset_s(&rule, ms_of("2028-02-29T12:00:00Z") / 1000), 3600);
    assert_int_equal(zone_rule_offset_s(&rule, ms_of("2028-03-01T12:00:00Z") / 1000), 7200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_local_times), cmocka_unit_test(days_have_their_hours),
        cmocka_unit_test(knows_split_hours), cmocka_unit_test(refuses_what_is_no_zone),
        cmocka_unit_test(reads_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
