/* A circuit breaker: what opens it, who probes, how long it stays open, and that it relaxes. */
#include "base/support.h"

#include "exchange/breaker.h"

static const struct breaker_terms terms = {.consecutive_failures = 3,
                                           .failure_percent = 50,
                                           .minimum_calls = 10,
                                           .base_ejection_ms = 1000,
                                           .max_ejection_ms = 8000};

static struct breaker breaker;

static int set_up(void **state)
{
    (void)state;
    breaker = (struct breaker){0};
    return 0;
}

static enum breaker_change failed(enum breaker_pass pass, int64_t now_ms)
{
    return breaker_fail(&breaker, pass, &terms, 0, 0, false, now_ms);
}

static void open_at(int64_t now_ms)
{
    for (int i = 0; i < 2; i++)
        assert_int_equal(failed(BREAKER_CALL, now_ms), BREAKER_STAYS);
    assert_int_equal(failed(BREAKER_CALL, now_ms), BREAKER_OPENS);
}

static void failures_in_a_row_open_it(void **state)
{
    (void)state;
    assert_int_equal(failed(BREAKER_CALL, 0), BREAKER_STAYS);
    assert_int_equal(failed(BREAKER_CALL, 0), BREAKER_STAYS);
    assert_int_equal(breaker_succeed(&breaker, BREAKER_CALL, &terms, 0), BREAKER_STAYS);
    open_at(100);
    assert_false(breaker_admits(&breaker, 1099));
    assert_int_equal(breaker_enter(&breaker, 1099), BREAKER_NO);
    assert_true(breaker_admits(&breaker, 1100));
}

static void a_share_of_failures_opens_it(void **state)
{
    (void)state;
    assert_int_equal(breaker_fail(&breaker, BREAKER_CALL, &terms, 9, 9, false, 0), BREAKER_STAYS);
    assert_int_equal(breaker_succeed(&breaker, BREAKER_CALL, &terms, 0), BREAKER_STAYS);
    assert_int_equal(breaker_fail(&breaker, BREAKER_CALL, &terms, 4, 10, false, 0), BREAKER_STAYS);
    assert_int_equal(breaker_succeed(&breaker, BREAKER_CALL, &terms, 0), BREAKER_STAYS);
    assert_int_equal(breaker_fail(&breaker, BREAKER_CALL, &terms, 5, 10, false, 0), BREAKER_OPENS);
}

static void rules_that_are_off_open_nothing(void **state)
{
    (void)state;
    struct breaker_terms off = terms;
    off.consecutive_failures = off.failure_percent = 0;
    for (int i = 0; i < 100; i++)
        assert_int_equal(breaker_fail(&breaker, BREAKER_CALL, &off, i, i, false, 0), BREAKER_STAYS);
    assert_int_equal(breaker_fail(&breaker, BREAKER_CALL, &off, 1, 1, true, 0), BREAKER_OPENS);
}

static void one_probe_at_a_time(void **state)
{
    (void)state;
    open_at(0);
    assert_int_equal(breaker_enter(&breaker, 1000), BREAKER_PROBE);
    assert_int_equal(breaker_enter(&breaker, 1000), BREAKER_NO);
    assert_int_equal(breaker_succeed(&breaker, BREAKER_CALL, &terms, 1001), BREAKER_STAYS);
    assert_int_equal(failed(BREAKER_CALL, 1001), BREAKER_STAYS); /* they began before it opened */
    assert_int_equal(breaker_enter(&breaker, 1002), BREAKER_NO);
    assert_int_equal(breaker_succeed(&breaker, BREAKER_PROBE, &terms, 1003), BREAKER_CLOSES);
    assert_int_equal(breaker_enter(&breaker, 1003), BREAKER_CALL);
}

static void a_released_probe_is_made_by_the_next(void **state)
{
    (void)state;
    open_at(0);
    assert_int_equal(breaker_enter(&breaker, 1000), BREAKER_PROBE);
    breaker_release(&breaker, 1500);
    assert_int_equal(breaker_enter(&breaker, 1500), BREAKER_PROBE);
    /* Nobody tells its end. */
    assert_int_equal(breaker_enter(&breaker, 1500 + BREAKER_PROBE_MS - 1), BREAKER_NO);
    assert_int_equal(breaker_enter(&breaker, 1500 + BREAKER_PROBE_MS), BREAKER_PROBE);
}

static void pauses_double_up_to_the_longest(void **state)
{
    (void)state;
    static const int64_t pauses_ms[] = {1000, 2000, 4000, 8000, 8000, 8000};
    int64_t now_ms = 0;
    open_at(now_ms);
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        assert_int_equal(breaker_enter(&breaker, now_ms + pauses_ms[i] - 1), BREAKER_NO);
        now_ms += pauses_ms[i];
        assert_int_equal(breaker_enter(&breaker, now_ms), BREAKER_PROBE);
        assert_int_equal(failed(BREAKER_PROBE, now_ms), BREAKER_STAYS);
    }
}

/* One that flaps is not forgiven by one success: its pauses still grow. */
static void what_flaps_is_paused_longer(void **state)
{
    (void)state;
    open_at(0);
    assert_int_equal(breaker_enter(&breaker, 1000), BREAKER_PROBE);
    assert_int_equal(breaker_succeed(&breaker, BREAKER_PROBE, &terms, 1000), BREAKER_CLOSES);
    open_at(2000);
    assert_int_equal(breaker_enter(&breaker, 3999), BREAKER_NO);
    assert_int_equal(breaker_enter(&breaker, 4000), BREAKER_PROBE);
    assert_int_equal(breaker_succeed(&breaker, BREAKER_PROBE, &terms, 4000), BREAKER_CLOSES);
    /* Well for twice the longest pause: both doublings are taken back. */
    assert_int_equal(breaker_succeed(&breaker, BREAKER_CALL, &terms, 12000), BREAKER_STAYS);
    assert_int_equal(breaker_succeed(&breaker, BREAKER_CALL, &terms, 20000), BREAKER_STAYS);
    open_at(30000);
    assert_int_equal(breaker_enter(&breaker, 31000), BREAKER_PROBE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(failures_in_a_row_open_it, set_up),
        cmocka_unit_test_setup(a_share_of_failures_opens_it, set_up),
        cmocka_unit_test_setup(rules_that_are_off_open_nothing, set_up),
        cmocka_unit_test_setup(one_probe_at_a_time, set_up),
        cmocka_unit_test_setup(a_released_probe_is_made_by_the_next, set_up),
        cmocka_unit_test_setup(pauses_double_up_to_the_longest, set_up),
        cmocka_unit_test_setup(what_flaps_is_paused_longer, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
