/* Mistakes in the rules of prices (`when` in models.lua): refused, with file, line and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy_fixture.h"
#include "script/policy_files.h"

#define ASSERT_REFUSED(list) fixture_refused_all(list, sizeof(list) / sizeof *(list))
#define WHEN(rules)                                                                                \
    "return { m = { context = 10, max_output = 5, candidates = { { provider = 'demo' } }, "        \
    "input = '1', output = '2',\n when = { " rules " } } }"

static void test_schedule_mistakes(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"models.lua", WHEN("{ factor = 2 }"),
         "models.lua:2: models.m.when[1]: has no condition: prompt_above, hours, weekdays, from, "
         "until, service_tier, speed, region, choice, search_context, size, quality, resolution"},
        {"models.lua", WHEN("{ choice = 'cheap', factor = '0.5' }"),
         "models.lua:1: models.m.choose: is missing: a rule is about a choice, so a function must "
         "make it"},
        {"models.lua", WHEN("{ speed = 'fast', factor = 2 } }, choose = function() end, name = { "),
         "models.lua:2: models.m.name: must be a text, not a table"},
        {"models.lua", WHEN("{ speed = 'fast' }"),
         "models.lua:2: models.m.when[1]: must have either prices or a factor"},
        {"models.lua", WHEN("{ speed = 'fast', factor = 2, input = 1 }"),
         "models.lua:2: models.m.when[1]: must have either prices or a factor"},
        {"models.lua", WHEN("{ speed = 'fast', web_search = 1 }"),
         "models.lua:2: models.m.when[1].web_search: there is no such price without conditions"},
        {"models.lua", WHEN("{ service_tier = 'default', factor = 2 }"),
         "models.lua:2: models.m.when[1].service_tier: \"default\" is the plain price"},
        {"models.lua", WHEN("{ speed = 'Standard', factor = 2 }"),
         "models.lua:2: models.m.when[1].speed: \"Standard\" is the plain price"},
        {"models.lua", WHEN("{ region = { 'us', 'global' }, factor = 2 }"),
         "models.lua:2: models.m.when[1].region: \"global\" is the plain price"},
        {"models.lua", WHEN("{ service_tier = {}, factor = 2 }"),
         "models.lua:2: models.m.when[1].service_tier: must have at least one name"},
        {"models.lua", WHEN("{ service_tier = { 'a', 'b', 'a' }, factor = 2 }"),
         "models.lua:2: models.m.when[1].service_tier[3]: is given twice"},
        {"models.lua", WHEN("{ prompt_above = 5, factor = '1' }"),
         "models.lua:2: models.m.when[1].factor: of 1 changes nothing"},
        {"models.lua", WHEN("{ service_tier = 'a b', factor = 2 }"),
         "models.lua:2: models.m.when[1].service_tier: must be letters, digits, \".\", \"_\" and "
         "\"-\""},
        {"models.lua", WHEN("{ servicetier = 'flex', factor = 2 }"),
         "models.lua:2: models.m.when[1].servicetier: there is no such member; did you mean "
         "\"service_tier\"?"},
        {"models.lua", WHEN("{ speed = 'fast', factor = '0.0000001' }"),
         "models.lua:2: models.m.when[1].factor: has more than 6 decimals"},
        {"models.lua", WHEN("{ speed = 'fast', factor = 0 }"),
         "models.lua:2: models.m.when[1].factor: must be above 0 and at most 100"},
        /* Would be cut to the bound of prices. */
        {"models.lua",
         WHEN("{ service_tier = 'a', factor = 100 },\n { speed = 'fast', factor = 100 },\n"
              "{ region = 'us', factor = 100 }"),
         "models.lua:2: models.m.when: has prices or factors that together make one dearer than "
         "1000000 for a million or 1 for one"},
        /* Not clear which one counts. */
        {"models.lua",
         WHEN("{ prompt_above = 200, input = 3 },\n { prompt_above = 100, input = 2 }"),
         "models.lua:3: models.m.when[2]: sets \"input\" for calls that rule 1 sets, too, and is "
         "not stricter: put the wider rule first, make them exclude each other, or put a rule "
         "with the conditions of both behind them"},
        {"models.lua", WHEN("{ service_tier = 'flex', input = 3 }, { speed = 'fast', input = 2 }"),
         "models.lua:2: models.m.when[2]: sets \"input\" for calls that rule 1 sets, too, and is "
         "not stricter: put the wider rule first, make them exclude each other, or put a rule "
         "with the conditions of both behind them"},
        {"models.lua", WHEN("{ service_tier = 'flex', factor = 3 }, { speed = 'x', input = 2 }"),
         "models.lua:2: models.m.when[2]: sets prices behind a factor: put all factors last"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

static void test_mistakes_of_time(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"models.lua", WHEN("{ hours = '16:30', factor = 2 }"),
         "models.lua:2: models.m.when[1].hours: must be two different times such as "
         "\"16:30-00:30\"; midnight is 00:00 at the beginning and 24:00 at the end"},
        {"models.lua", WHEN("{ hours = '10:00-10:60', factor = 2 }"),
         "models.lua:2: models.m.when[1].hours: must be two different times such as "
         "\"16:30-00:30\"; midnight is 00:00 at the beginning and 24:00 at the end"},
        {"models.lua", WHEN("{ weekdays = { 6, 8 }, factor = 2 }"),
         "models.lua:2: models.m.when[1].weekdays[2]: must be from 1 to 7, not 8"},
        {"models.lua", WHEN("{ weekdays = { 6, 6 }, factor = 2 }"),
         "models.lua:2: models.m.when[1].weekdays[2]: is given twice"},
        {"models.lua", WHEN("{ weekdays = {}, factor = 2 }"),
         "models.lua:2: models.m.when[1].weekdays: must have at least one day: 1 is Monday, 7 is "
         "Sunday"},
        {"models.lua", WHEN("{ hours = '10:00-11:00', zone = 'Mars/Olympus', factor = 2 }"),
         "models.lua:2: models.m.when[1].zone: there is no time zone of this name; use one such as "
         "\"Asia/Shanghai\""},
        {"models.lua", WHEN("{ prompt_above = 5, zone = 'UTC', factor = 2 }"),
         "models.lua:2: models.m.when[1].zone: is of hours or weekdays, and there are none"},
        {"models.lua",
         WHEN("{ hours = '10:00-11:00', zone = 'Asia/Seoul', factor = 2 },\n"
              "{ hours = '12:00-13:00', factor = 3 }"),
         "models.lua:3: models.m.when[2]: has the zone \"UTC\", but rule 1 has \"Asia/Seoul\": "
         "give all hours in one zone"},
        {"models.lua", WHEN("{ from = 'tomorrow', factor = 2 }"),
         "models.lua:2: models.m.when[1].from: must be a date such as \"2026-12-01\" (midnight "
         "UTC) or a time such as \"2026-12-01T16:00:00Z\""},
        {"models.lua", WHEN("{ from = '2026-12-01', [\"until\"] = '2026-12-01', factor = 2 }"),
         "models.lua:2: models.m.when[1].until: is not after from"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

/* Not clear which hours count. */
static void test_hours_that_are_not_stricter(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"models.lua",
         WHEN("{ hours = '10:00-14:00', input = 3 },\n { hours = '12:00-16:00', input = 2 }"),
         "models.lua:3: models.m.when[2]: sets \"input\" for calls that rule 1 sets, too, and is "
         "not stricter: put the wider rule first, make them exclude each other, or put a rule "
         "with the conditions of both behind them"},
        {"models.lua",
         WHEN("{ weekdays = { 1 }, hours = '20:00-04:00', input = 3 },\n"
              "{ weekdays = { 2 }, hours = '03:00-05:00', input = 2 }"),
         "models.lua:3: models.m.when[2]: sets \"input\" for calls that rule 1 sets, too, and is "
         "not stricter: put the wider rule first, make them exclude each other, or put a rule "
         "with the conditions of both behind them"},
        {"models.lua",
         WHEN("{ [\"until\"] = '2026-12-02', input = 3 },\n { from = '2026-12-01', input = 2 }"),
         "models.lua:3: models.m.when[2]: sets \"input\" for calls that rule 1 sets, too, and is "
         "not stricter: put the wider rule first, make them exclude each other, or put a rule "
         "with the conditions of both behind them"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

/* What is paid and what is asked part where a rule begins. */
static void test_losses_under_conditions(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"models.lua",
         "return { m = { context = 10, max_output = 5, input = 1, output = 2,\n"
         " when = { { service_tier = 'flex', factor = '0.5' } }, candidates = { "
         "{ provider = 'demo' },\n { provider = 'demo', input = 1, output = 2 } } } }",
         "models.lua:3: models.m.candidates[2]: m: the model's published price of input (service "
         "tier flex), with a margin of 20%, is below what demo asks (-40%). Raise the price or the "
         "margin, give the model price_by = \"candidate\", or allow it here with allow_loss = "
         "true"},
        {"models.lua",
         "return { m = { context = 1000, max_output = 5, input = 1, output = 2, candidates = {\n"
         " { provider = 'demo' }, { provider = 'demo', input = 1, output = 2,\n"
         "  when = { { prompt_above = 100, factor = 5 } } } } } }",
         "models.lua:2: models.m.candidates[2]: m: the model's published price of input (prompt "
         "above 100), with a margin of 20%, is below what demo asks (-76%). Raise the price or the "
         "margin, give the model price_by = \"candidate\", or allow it here with allow_loss = "
         "true"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

/* A model whose first candidate costs 1 and 2, and its second the same, each with its rules. */
#define TWO(sold, bought)                                                                          \
    "return { m = { context = 1000, max_output = 5, input = 1, output = 2, web_search_max = 9,\n"  \
    " when = { " sold " }, choose = function() end, candidates = { { provider = 'demo' },\n"       \
    " { provider = 'demo', input = 1, output = 2, when = { " bought " } } } } }"
#define LOSS(condition, left)                                                                      \
    "models.lua:3: models.m.candidates[2]: m: the model's published price of input (" condition    \
    "), with a margin of 20%, is below what demo asks (" left "). Raise the price or the margin, " \
    "give the model price_by = \"candidate\", or allow it here with allow_loss = true"
#define CHOICE "{ choice = 'a', factor = '0.999999' }"

/* No rule alone is a loss; two that hold together are. */
static void test_losses_of_rules_together(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"models.lua",
         TWO("{ service_tier = 'flex', factor = '0.9' }, "
             "{ speed = 'fast', factor = '0.9' }, " CHOICE,
             "{ region = 'eu', factor = '0.99' }"),
         LOSS("service tier flex, speed fast", "-2.8%")},
        {"models.lua",
         TWO("{ search_context = 'low', factor = '0.9' }, " CHOICE,
             "{ prompt_above = 100, factor = '1.15' }"),
         LOSS("prompt above 100, search context low", "-6.087%")},
        {"models.lua",
         TWO("{ service_tier = 'FLEX', factor = '0.9' }, " CHOICE,
             "{ service_tier = 'flex', factor = '1.15' }"),
         LOSS("service tier flex", "-6.087%")},
        {"models.lua", TWO("{ choice = 'a', factor = '0.8' }", "{ size = '4K', factor = '0.9' }"),
         LOSS("choice a", "-4%")},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

/* Hours and dates part where one of them goes on alone, not only where they begin. */
static void test_losses_at_times(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"models.lua",
         TWO("{ hours = '16:30-02:00', factor = '0.5' }, " CHOICE,
             "{ hours = '16:30-00:30', factor = '0.5' }"),
         LOSS("16:30-02:00 UTC", "-40%")},
        {"models.lua",
         TWO("{ hours = '10:00-12:00', factor = '0.5' }, " CHOICE,
             "{ hours = '10:00-12:00', weekdays = { 1, 2, 3, 4, 5, 6 }, factor = '0.5' }"),
         LOSS("10:00-12:00 UTC", "-40%")},
        {"models.lua",
         TWO("{ from = '2026-12-01', factor = '0.5' }, " CHOICE,
             "{ from = '2026-12-01', [\"until\"] = '2027-01-01', factor = '0.5' }"),
         LOSS("from 2026-12-01", "-40%")},
        {"models.lua",
         TWO("{ [\"until\"] = '2027-01-01', factor = '0.5' }, " CHOICE,
             "{ from = '2026-12-01', [\"until\"] = '2027-01-01', factor = '0.5' }"),
         LOSS("until 2027-01-01", "-40%")},
        {"models.lua",
         TWO("{ hours = '10:00-12:00', zone = 'Asia/Seoul', factor = '0.5' }, " CHOICE,
             "{ hours = '10:00-12:00', zone = 'Asia/Tokyo', factor = '0.5' }"),
         "models.lua:3: models.m.candidates[2]: has hours in the zone \"Asia/Tokyo\", but the "
         "published price in \"Asia/Seoul\", so losses cannot be looked for: give all in one zone, "
         "or allow them with allow_loss = true"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

/* A group's margin, and a unit that only the other candidate prices. */
static void test_losses_of_groups_and_units(void **unused)
{
    static const struct fixture_file files[] = {
        {"margins.lua", "return { default = '20%', groups = { friends = '1%' } }"},
        {"models.lua",
         "return { m = { context = 10, max_output = 5, input = 1, output = 2, candidates = {\n"
         " { provider = 'demo' }, { provider = 'demo', input = '1.02', output = 2 } } } }"},
        {"examples.lua", "return {}"},
        {NULL, NULL}};
    static const struct fixture_mistake mistakes[] = {
        {"models.lua",
         "return { m = { context = 10, max_output = 5, input = 1, output = 2, candidates = {\n"
         " { provider = 'demo' },\n { provider = 'demo', input = 1, output = 2, cache_write = 3 } "
         "} } }",
         "models.lua:3: models.m.candidates[2]: m: the model's published price of cache_write, "
         "with a margin of 20%, is below what demo asks (-60%). Raise the price or the margin, "
         "give the model price_by = \"candidate\", or allow it here with allow_loss = true"},
        {"models.lua",
         "return { m = { context = 10, max_output = 5, input = 1, output = 2, candidates = {\n"
         " { provider = 'demo' },\n { provider = 'demo', input = 1, output = 2, request = '0.1' } "
         "} } }",
         "models.lua:3: models.m.candidates[2]: m: the model's published price of request, with a "
         "margin of 20%, is below what demo asks (-100%). Raise the price or the margin, give the "
         "model price_by = \"candidate\", or allow it here with allow_loss = true"},
    };
    struct fault fault;
    (void)unused;
    ASSERT_REFUSED(mistakes);
    assert_null(fixture_vm(files, &fault));
    assert_non_null(strstr(fault.message, "with a margin of 1%, is below what demo asks (-0.98"));
}

/* Rules that follow each other, and candidates that cost what they are sold at. */
static void test_no_loss_where_there_is_none(void **unused)
{
    static const struct fixture_file same[] = {
        {"models.lua", TWO("{ hours = '16:30-00:30', factor = '0.5' }, " CHOICE,
                           "{ hours = '16:00-01:00', factor = '0.5' }")},
        {"examples.lua", "return {}"},
        {NULL, NULL}};
    static const struct fixture_file shared[] = {
        {"models.lua",
         "return { m = { context = 1000, max_output = 5, input = 1, output = 2,\n"
         " when = { { hours = '16:30-00:30', factor = '0.1' }, { prompt_above = 10, factor = 3 } },"
         " candidates = { { provider = 'demo' }, { provider = 'demo' } } } }"},
        {"examples.lua", "return {}"},
        {NULL, NULL}};
    struct fault fault;
    (void)unused;
    const struct fixture_file *const all[] = {same, shared};
    for (size_t i = 0; i < 2; i++) {
        struct vm *vm = fixture_vm(all[i], &fault);
        if (vm == NULL)
            fail_msg("%s", fault.message);
        vm_unref(vm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule_mistakes),
        cmocka_unit_test(test_mistakes_of_time),
        cmocka_unit_test(test_hours_that_are_not_stricter),
        cmocka_unit_test(test_losses_under_conditions),
        cmocka_unit_test(test_losses_of_rules_together),
        cmocka_unit_test(test_losses_at_times),
        cmocka_unit_test(test_losses_of_groups_and_units),
        cmocka_unit_test(test_no_loss_where_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
