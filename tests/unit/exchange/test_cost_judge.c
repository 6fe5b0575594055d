/* Which stated costs are believed, and which of them the operator hears of. */
#include "base/support.h"

#include "base/money.h"
#include "exchange/cost_judge.h"

#define USD INT64_C(1000000000)

static void assert_verdict(int64_t stated_nusd, int64_t computed_nusd, int64_t held_nusd,
                           enum cost_verdict wanted)
{
    const struct stated_cost stated = {.came = true, .nusd = stated_nusd};
    assert_int_equal(cost_judge(&stated, computed_nusd, held_nusd), wanted);
}

static void what_was_not_said_is_not_judged(void **state)
{
    (void)state;
    const struct stated_cost silent = {.came = false};
    const struct stated_cost malformed = {.came = true, .malformed = true};
    assert_int_equal(cost_judge(&silent, USD, USD), COST_NOT_STATED);
    assert_int_equal(cost_judge(&malformed, 0, USD), COST_REFUSED);
}

static void a_difference_above_one_percent_is_told(void **state)
{
    (void)state;
    assert_verdict(USD, USD, USD, COST_BELIEVED);
    assert_verdict(USD / 100 * 101, USD, USD, COST_BELIEVED);
    assert_verdict(USD / 100 * 101 + 1, USD, USD, COST_DIFFERS);
    assert_verdict(USD / 100 * 99, USD, USD, COST_BELIEVED);
    assert_verdict(USD / 100 * 99 - 1, USD, USD, COST_DIFFERS);
    assert_verdict(0, USD, USD, COST_DIFFERS);
    /* six decimals */
    assert_verdict(2000, 1001, USD, COST_BELIEVED);
    assert_verdict(2002, 1001, USD, COST_DIFFERS);
    assert_verdict(0, 0, 0, COST_BELIEVED);
    assert_verdict(1001, 0, 0, COST_DIFFERS);
}

static void what_nothing_explains_is_refused(void **state)
{
    (void)state;
    assert_verdict(50 * USD, USD, 0, COST_DIFFERS);
    assert_verdict(50 * USD + 1, USD, 0, COST_REFUSED);
    assert_verdict(60 * USD, USD, 60 * USD, COST_DIFFERS);
    assert_verdict(60 * USD + 1, USD, 60 * USD, COST_REFUSED);
    assert_verdict(USD / 100, 0, 0, COST_DIFFERS);
    assert_verdict(USD / 100 + 1, 0, 0, COST_REFUSED);
    assert_verdict(MONEY_AMOUNT_MAX_NUSD, MONEY_AMOUNT_MAX_NUSD, 0, COST_BELIEVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_said_is_not_judged),
        cmocka_unit_test(a_difference_above_one_percent_is_told),
        cmocka_unit_test(what_nothing_explains_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
