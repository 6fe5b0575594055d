/* Whether a canary does worse: how many calls that takes, what is chance, what is past. */
#include "base/support.h"

#include <stdio.h>

#include "base/limits.h"
#include "exchange/trial_watch.h"

static struct trial_watch *watch;

static int setup(void **state)
{
    (void)state;
    watch = trial_watch_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    trial_watch_free(watch);
    return 0;
}

/* So many calls, of which the last ones have failed. */
static enum trial_verdict calls(bool of_canary, int count, int failures)
{
    struct trial_view view = {.verdict = TRIAL_OPEN};
    for (int i = 0; i < count; i++)
        view = trial_watch_count(watch, "m", of_canary, i >= count - failures);
    return view.verdict;
}

static void test_too_few_calls_say_nothing(void **state)
{
    (void)state;
    assert_int_equal(calls(true, 19, 19), TRIAL_OPEN);
    assert_int_equal(calls(false, 19, 0), TRIAL_OPEN);
    assert_int_equal(calls(true, 1, 1), TRIAL_OPEN);
    assert_int_equal(calls(false, 1, 0), TRIAL_WORSE);
}

static void test_a_difference_that_may_be_chance(void **state)
{
    (void)state;
    (void)calls(false, 100, 3);
    assert_int_equal(calls(true, 40, 3), TRIAL_OPEN); /* 7.5 % and 3 % */
    assert_int_equal(calls(true, 10, 6), TRIAL_WORSE);
}

static void test_two_failures_are_never_enough(void **state)
{
    (void)state;
    (void)calls(false, 250, 0);
    assert_int_equal(calls(true, 20, 2), TRIAL_OPEN);
    assert_int_equal(calls(true, 1, 1), TRIAL_WORSE);
}

static void test_both_fail_alike(void **state)
{
    (void)state;
    (void)calls(false, 100, 50);
    assert_int_equal(calls(true, 100, 51), TRIAL_WELL);
}

static void test_what_is_past_is_forgotten(void **state)
{
    (void)state;
    (void)calls(false, 200, 0);
    assert_int_equal(calls(true, 30, 30), TRIAL_WORSE);
    assert_int_equal(calls(true, 2000, 0), TRIAL_WELL);
}

static void test_models_are_apart(void **state)
{
    (void)state;
    char model[32];
    for (int i = 0; i < LIMIT_TRIALS + 1; i++) {
        snprintf(model, sizeof model, "m%d", i);
        struct trial_view view = trial_watch_count(watch, model, true, true);
        assert_int_equal(view.canary.calls, i < LIMIT_TRIALS ? 1 : 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_too_few_calls_say_nothing),     TEST(test_a_difference_that_may_be_chance),
        TEST(test_two_failures_are_never_enough), TEST(test_both_fail_alike),
        TEST(test_what_is_past_is_forgotten),     TEST(test_models_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
