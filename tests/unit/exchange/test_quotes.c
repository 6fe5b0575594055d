/* Estimates that bind for a minute: by whom, at what figure, until when, and how many. */
#include "base/support.h"

#include "exchange/quotes.h"

enum { NOW = 1000000 };

static const struct quote_name ann = {1, 2};
static const struct quote_name bob = {1, 3};

static struct quotes *quotes;

static int set_up(void **state)
{
    (void)state;
    quotes = quotes_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    quotes_free(quotes);
    quotes_free(NULL);
    return 0;
}

static void nothing_binds_before_an_estimate(void **state)
{
    (void)state;
    const struct quote_name zero = {0, 0};
    assert_false(quotes_bind(quotes, &ann, INT64_MAX, NOW));
    assert_false(quotes_bind(quotes, &zero, INT64_MAX, NOW));
}

static void the_figure_or_more_is_bound(void **state)
{
    (void)state;
    quotes_note(quotes, &ann, 100, NOW);
    assert_false(quotes_bind(quotes, &ann, 99, NOW));
    assert_true(quotes_bind(quotes, &ann, 100, NOW));
    assert_true(quotes_bind(quotes, &ann, 101, NOW));
    assert_false(quotes_bind(quotes, &bob, 100, NOW));
}

static void for_a_minute(void **state)
{
    (void)state;
    quotes_note(quotes, &ann, 100, NOW);
    assert_true(quotes_bind(quotes, &ann, 100, NOW + QUOTES_VALID_MS - 1));
    assert_false(quotes_bind(quotes, &ann, 100, NOW + QUOTES_VALID_MS));
}

static void the_latest_estimate_counts(void **state)
{
    (void)state;
    quotes_note(quotes, &ann, 100, NOW);
    quotes_note(quotes, &ann, 200, NOW + 10);
    assert_false(quotes_bind(quotes, &ann, 100, NOW + 10));
    assert_true(quotes_bind(quotes, &ann, 200, NOW + QUOTES_VALID_MS));
}

/* All in one part of the table, which has 256 places. */
static void the_oldest_makes_room(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++)
        quotes_note(quotes, &(struct quote_name){i + 1, 7}, 100, NOW + (int64_t)i);
    int bound = 0;
    for (uint64_t i = 0; i < 300; i++)
        bound += quotes_bind(quotes, &(struct quote_name){i + 1, 7}, 100, NOW + 300);
    assert_int_equal(bound, 256);
    assert_false(quotes_bind(quotes, &(struct quote_name){44, 7}, 100, NOW + 300));
    assert_true(quotes_bind(quotes, &(struct quote_name){45, 7}, 100, NOW + 300));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_binds_before_an_estimate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_figure_or_more_is_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(for_a_minute, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_latest_estimate_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_makes_room, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
