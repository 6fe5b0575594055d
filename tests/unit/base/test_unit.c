/* Units: names, sides and fallbacks. */
#include "base/support.h"

#include <string.h>

#include "base/unit.h"

static void each_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        const char *name = unit_name(unit);
        assert_int_equal(unit_of_name(name, strlen(name)), unit);
    }
    assert_int_equal(unit_of_name("input", 4), UNIT_COUNT);
    assert_int_equal(unit_of_name("inputs", 6), UNIT_COUNT);
    assert_int_equal(unit_of_name("", 0), UNIT_COUNT);
}

/* By name and by unit is the same. */
static void names_of_members_are_units(void **state)
{
    (void)state;
    const struct unit_counts counts = {.cached_input = 1, .reasoning = 2, .request = 3};
    const struct unit_prices prices = {.cache_write_long_pusd = 4, .web_search_pusd = 5};
    assert_int_equal(counts.of[UNIT_CACHED_INPUT], 1);
    assert_int_equal(counts.of[UNIT_REASONING], 2);
    assert_int_equal(counts.of[UNIT_REQUEST], 3);
    assert_int_equal(prices.of[UNIT_CACHE_WRITE_LONG], 4);
    assert_int_equal(prices.of[UNIT_WEB_SEARCH], 5);
}

/* So one pass in the order of the numbers completes all prices. */
static void a_fallback_comes_first_and_is_of_the_same_side(void **state)
{
    (void)state;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        enum unit fallback = unit_fallback(unit);
        if (fallback == UNIT_COUNT)
            continue;
        assert_true(fallback < unit);
        assert_int_equal(unit_side(fallback), unit_side(unit));
        assert_true(unit_is_token(unit));
    }
}

static bool is_cached(enum unit unit)
{
    return unit == UNIT_CACHED_INPUT || unit_fallback(unit) == UNIT_CACHED_INPUT;
}

static void sums_are_by_side(void **state)
{
    (void)state;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        struct unit_counts counts = {.of = {0}};
        bool in_prompt = unit_side(unit) == UNIT_SIDE_PROMPT;
        counts.of[unit] = 7;
        assert_int_equal(unit_counts_prompt(&counts), in_prompt ? 7 : 0);
        assert_int_equal(unit_counts_fresh(&counts), in_prompt && !is_cached(unit) ? 7 : 0);
        assert_int_equal(unit_counts_cached(&counts), is_cached(unit) ? 7 : 0);
        assert_int_equal(unit_counts_answer(&counts), unit_side(unit) == UNIT_SIDE_ANSWER ? 7 : 0);
    }
}

static void what_has_no_price_costs_what_its_fallback_does(void **state)
{
    (void)state;
    struct unit_prices prices = {.input_pusd = 10, .output_pusd = 20, .cache_write_pusd = 12};
    unit_prices_complete(&prices, 1U << UNIT_INPUT | 1U << UNIT_CACHED_INPUT | 1U << UNIT_OUTPUT |
                                      1U << UNIT_CACHE_WRITE);
    assert_int_equal(prices.cached_input_pusd, 0); /* free, as it says */
    assert_int_equal(prices.cache_write_pusd, 12);
    assert_int_equal(prices.cache_write_long_pusd, 12);
    assert_int_equal(prices.image_input_pusd, 10);
    assert_int_equal(prices.audio_output_pusd, 20);
    assert_int_equal(prices.web_search_pusd, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_a_name_of_its_own),
        cmocka_unit_test(names_of_members_are_units),
        cmocka_unit_test(a_fallback_comes_first_and_is_of_the_same_side),
        cmocka_unit_test(sums_are_by_side),
        cmocka_unit_test(what_has_no_price_costs_what_its_fallback_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
