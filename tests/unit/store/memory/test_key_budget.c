/* A key's budget through the turn of its period: what is held, ahead of the tables, changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/memory/key_budget.h"

#define DAY INT64_C(86400000)

static void renews_with_its_period(void **state)
{
    struct key_budget budget = {0};
    (void)state;
    key_budget_set(&budget, 100, PERIOD_DAY, 5 * DAY, 30);
    assert_int_equal(key_budget_left_nusd(&budget, 5 * DAY + 1), 70);
    budget.held_nusd += 60;
    key_budget_spend(&budget, 5 * DAY + 2, 50, 50);
    budget.held_nusd -= 60;
    assert_int_equal(key_budget_left_nusd(&budget, 6 * DAY - 1), 20);
    assert_int_equal(key_budget_left_nusd(&budget, 6 * DAY), 100);
    assert_int_equal(key_budget_spent_nusd(&budget, 6 * DAY), 0);
    assert_int_equal(key_budget_left_nusd(&budget, 6 * DAY - 1), 20); /* of the day before */
    assert_int_equal(key_budget_left_nusd(&budget, 5 * DAY - 1), 0);  /* long over */
}

static void a_call_of_yesterday_is_paid_by_yesterday(void **state)
{
    struct key_budget budget = {0};
    (void)state;
    key_budget_set(&budget, 100, PERIOD_DAY, 5 * DAY, 30);
    budget.held_nusd = 60;
    assert_int_equal(key_budget_left_nusd(&budget, 6 * DAY), 40); /* it is held against both */
    assert_int_equal(key_budget_left_nusd(&budget, 5 * DAY), 10); /* what it may be extended by */
    budget.held_nusd = 0;
    key_budget_spend(&budget, 5 * DAY, 60, 60);
    assert_int_equal(key_budget_left_nusd(&budget, 6 * DAY), 100);
    assert_int_equal(key_budget_spent_nusd(&budget, 5 * DAY), 90);
}

static void what_is_ahead_of_the_tables_counts_once(void **state)
{
    struct key_budget budget = {0};
    (void)state;
    key_budget_set(&budget, 100, PERIOD_NONE, 0, 10);
    key_budget_spend(&budget, 5 * DAY, 20, 20);
    key_budget_set(&budget, 100, PERIOD_NONE, 5 * DAY, 10); /* loaded again before it is there */
    assert_int_equal(key_budget_spent_nusd(&budget, 5 * DAY), 30);
    key_budget_applied(&budget, 5 * DAY, 20);
    key_budget_set(&budget, 100, PERIOD_NONE, 5 * DAY, 30);
    assert_int_equal(key_budget_spent_nusd(&budget, 5 * DAY), 30);
}

static void can_be_changed(void **state)
{
    struct key_budget budget = {0};
    (void)state;
    key_budget_set(&budget, -1, PERIOD_NONE, 0, 500);
    assert_int_equal(key_budget_left_nusd(&budget, 5 * DAY), INT64_MAX);
    key_budget_spend(&budget, 5 * DAY, 7, 7);
    key_budget_set(&budget, 100, PERIOD_MONTH, 5 * DAY, 40);
    assert_int_equal(key_budget_left_nusd(&budget, 5 * DAY), 53);
    key_budget_applied(&budget, 5 * DAY, 7);
    key_budget_set(&budget, 20, PERIOD_MONTH, 5 * DAY, 47);
    assert_int_equal(key_budget_left_nusd(&budget, 5 * DAY), 0); /* less than was spent */
    key_budget_set(&budget, 100, PERIOD_NONE, 5 * DAY, 547);
    assert_int_equal(key_budget_left_nusd(&budget, 5 * DAY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renews_with_its_period),
        cmocka_unit_test(a_call_of_yesterday_is_paid_by_yesterday),
        cmocka_unit_test(what_is_ahead_of_the_tables_counts_once),
        cmocka_unit_test(can_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
