/* How many calls may be asked twice: so many as were paid for, by model, whoever asks. */
#include "base/support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "exchange/hedge_budget.h"

static struct hedge_budgets *budgets;

static int set_up(void **state)
{
    (void)state;
    budgets = hedge_budgets_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hedge_budgets_free(budgets);
    return 0;
}

static int take_all(const char *model)
{
    int taken = 0;
    while (hedge_budget_take(budgets, model))
        taken++;
    return taken;
}

static void pay(const char *model, int calls, int64_t ppm)
{
    for (int i = 0; i < calls; i++)
        hedge_budget_pay(budgets, model, ppm);
}

static void only_what_was_paid_for(void **state)
{
    (void)state;
    assert_false(hedge_budget_take(budgets, "m"));
    pay("m", 19, 50000);
    assert_false(hedge_budget_take(budgets, "m"));
    pay("m", 1, 50000);
    assert_false(hedge_budget_take(budgets, "other"));
    assert_true(hedge_budget_take(budgets, "m"));
    assert_false(hedge_budget_take(budgets, "m"));
    hedge_budget_give_back(budgets, "m");
    assert_int_equal(take_all("m"), 1);
}

/* A quiet day does not pay for a storm. */
static void no_more_than_ten_wait(void **state)
{
    (void)state;
    pay("m", 100000, 50000);
    assert_int_equal(take_all("m"), 10);
}

static void no_room_no_hedge(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "model-%d", i);
        pay(name, 1, 1000000);
    }
    assert_false(hedge_budget_take(budgets, "one more"));
    assert_true(hedge_budget_take(budgets, "model-0"));
}

enum { THREADS = 4, CALLS = 5000, MODELS = 3 };

static atomic_int taken;

static void *work(void *arg)
{
    char name[2] = "a";
    (void)arg;
    for (int i = 0; i < CALLS; i++) {
        name[0] = (char)('a' + i % MODELS);
        hedge_budget_pay(budgets, name, 100000);
        if (hedge_budget_take(budgets, name))
            atomic_fetch_add(&taken, 1);
    }
    return NULL;
}

static void from_many_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    int left = take_all("a") + take_all("b") + take_all("c");
    assert_in_range(taken + left, THREADS * CALLS / 10 - MODELS, THREADS * CALLS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_was_paid_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_than_ten_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_room_no_hedge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(from_many_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
