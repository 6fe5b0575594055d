/* The holds that a batch has written: what ends in the batch is forgotten, once; what is left is
 * handed out, each once. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "store/books/new_holds.h"

enum { MANY = 1000 };

static struct new_holds holds;

static struct id exchange(size_t number)
{
    struct id id;
    snprintf(id.text, sizeof id.text, "req_%zu", number);
    return id;
}

static int set_up(void **state)
{
    (void)state;
    new_holds_init(&holds);
    for (size_t i = 0; i < MANY; i++) {
        struct ledger_hold hold = {.exchange_id = exchange(i), .amount_nusd = (int64_t)i + 1};
        new_holds_add(&holds, &hold);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    new_holds_fini(&holds);
    return 0;
}

static bool add_amount(const struct ledger_hold *hold, void *arg)
{
    *(int64_t *)arg += hold->amount_nusd;
    return true;
}

static bool count_to_three(const struct ledger_hold *hold, void *arg)
{
    (void)hold;
    return ++*(size_t *)arg < 3;
}

static bool end(size_t number)
{
    const struct id id = exchange(number);
    return new_holds_end(&holds, &id);
}

static void a_hold_ends_once(void **state)
{
    (void)state;
    assert_true(end(7));
    assert_false(end(7));
    assert_true(end(8));
    assert_false(end(MANY));
}

static void what_is_left_is_handed_out_once(void **state)
{
    (void)state;
    int64_t sum_nusd = 0;
    for (size_t i = 0; i < MANY; i += 2)
        assert_true(end(i));
    assert_true(new_holds_each(&holds, add_amount, &sum_nusd));
    assert_int_equal(sum_nusd, (int64_t)MANY / 2 * (MANY / 2 + 1)); /* 2 + 4 + .. + MANY */
}

static void a_refusal_ends_the_walk(void **state)
{
    (void)state;
    size_t count = 0;
    assert_false(new_holds_each(&holds, count_to_three, &count));
    assert_int_equal(count, 3);
}

static void an_empty_batch_has_none(void **state)
{
    (void)state;
    struct new_holds none;
    const struct id id = exchange(0);
    size_t count = 0;
    new_holds_init(&none);
    assert_false(new_holds_end(&none, &id));
    assert_true(new_holds_each(&none, count_to_three, &count));
    assert_int_equal(count, 0);
    new_holds_fini(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hold_ends_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_is_handed_out_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_ends_the_walk, set_up, tear_down),
        cmocka_unit_test(an_empty_batch_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
