/* What was taken within a window, wherever it begins: never forgotten too early, and bounded. */
#include "base/support.h"

#include <stdlib.h>

#include "exchange/sliding_log.h"

enum { WINDOW_MS = 64000, RUNS_MAX = 128 };

static struct sliding_log log_of;

static int set_up(void **state)
{
    (void)state;
    sliding_log_init(&log_of);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sliding_log_fini(&log_of);
    return 0;
}

static int64_t advance(int64_t now_ms)
{
    return sliding_log_advance(&log_of, WINDOW_MS, now_ms);
}

static void add(int64_t amount, int64_t now_ms)
{
    sliding_log_add(&log_of, amount, WINDOW_MS, advance(now_ms));
}

static void a_taking_leaves_behind_the_window(void **state)
{
    (void)state;
    add(5, 1000);
    add(7, 2000);
    advance(1000 + WINDOW_MS - 1);
    assert_int_equal(log_of.sum, 12);
    advance(1000 + WINDOW_MS);
    assert_int_equal(log_of.sum, 7);
    advance(2000 + WINDOW_MS);
    assert_int_equal(log_of.sum, 0);
    assert_int_equal(log_of.count, 0);
}

static void says_how_long_to_wait(void **state)
{
    (void)state;
    assert_int_equal(sliding_log_wait_ms(&log_of, 0, WINDOW_MS, 0), 0);
    assert_int_equal(sliding_log_reset_ms(&log_of, WINDOW_MS, 0), 0);
    add(5, 1000);
    add(7, 2000);
    add(1, 5000);
    assert_int_equal(sliding_log_wait_ms(&log_of, 13, WINDOW_MS, 5000), 0);
    assert_int_equal(sliding_log_wait_ms(&log_of, 12, WINDOW_MS, 5000), WINDOW_MS - 4000);
    assert_int_equal(sliding_log_wait_ms(&log_of, 8, WINDOW_MS, 5000), WINDOW_MS - 4000);
    assert_int_equal(sliding_log_wait_ms(&log_of, 7, WINDOW_MS, 5000), WINDOW_MS - 3000);
    assert_int_equal(sliding_log_wait_ms(&log_of, 0, WINDOW_MS, 5000), WINDOW_MS);
    assert_int_equal(sliding_log_reset_ms(&log_of, WINDOW_MS, 5000), WINDOW_MS);
}

static void gives_back_what_was_taken_then(void **state)
{
    (void)state;
    add(5, 1000);
    add(7, 2000);
    sliding_log_give_back(&log_of, 3, 2000);
    assert_int_equal(log_of.sum, 9);
    sliding_log_give_back(&log_of, 100, 2000); /* no more than is left of it */
    assert_int_equal(log_of.sum, 5);
    assert_int_equal(sliding_log_reset_ms(&log_of, WINDOW_MS, 2000), WINDOW_MS - 1000);
    sliding_log_give_back(&log_of, 1, 2001); /* nothing was taken then, or since */
    sliding_log_give_back(&log_of, 0, 1000);
    sliding_log_give_back(&log_of, -1, 1000);
    assert_int_equal(log_of.sum, 5);
    advance(1000 + WINDOW_MS);
    assert_int_equal(log_of.sum, 0);
}

static void a_clock_a_little_behind_counts_as_the_newest(void **state)
{
    (void)state;
    add(5, 2000);
    assert_int_equal(advance(1500), 2000);
    add(7, 1500);
    advance(2000 + WINDOW_MS - 1);
    assert_int_equal(log_of.sum, 12);
}

static void a_clock_that_was_set_back_keeps_nobody_out(void **state)
{
    (void)state;
    enum { HOUR_MS = 3600 * 1000 };
    add(5, HOUR_MS + 2000);
    add(7, HOUR_MS + 3000);
    assert_int_equal(advance(2000), 2000);
    assert_int_equal(log_of.sum, 12);
    advance(1000 + WINDOW_MS); /* a second apart, as they were */
    assert_int_equal(log_of.sum, 7);
    advance(2000 + WINDOW_MS);
    assert_int_equal(log_of.sum, 0);
}

static void a_sum_does_not_overflow(void **state)
{
    (void)state;
    add(INT64_MAX - 1, 1000);
    add(5, 2000);
    assert_int_equal(log_of.sum, INT64_MAX);
    add(0, 3000);
    add(-5, 4000);
    assert_int_equal(log_of.sum, INT64_MAX);
    assert_int_equal(log_of.count, 2);
    advance(1000 + WINDOW_MS);
    assert_int_equal(log_of.sum, 1);
}

enum { TAKINGS = 20000 };

/* Of all takings, those of the window, and those that may still be told of. */
static void nothing_is_forgotten_too_early_or_much_too_late(void **state)
{
    (void)state;
    static int64_t times_ms[TAKINGS];
    static int64_t amounts[TAKINGS];
    struct dice dice = dice_make();
    int64_t now_ms = 0;
    int64_t in = 0;
    int64_t late = 0;
    size_t first_in = 0;
    size_t first_late = 0;
    for (size_t i = 0; i < TAKINGS; i++) {
        bool often = i / 1000 % 2 == 0;
        now_ms += (int64_t)dice_below(&dice, often ? 200 : 5000);
        amounts[i] = 1 + (int64_t)dice_below(&dice, 100);
        times_ms[i] = now_ms;
        add(amounts[i], now_ms);
        in += amounts[i];
        late += amounts[i];
        for (; now_ms - times_ms[first_in] >= WINDOW_MS; first_in++)
            in -= amounts[first_in];
        for (; now_ms - times_ms[first_late] >= WINDOW_MS + WINDOW_MS / 64; first_late++)
            late -= amounts[first_late];
        if (log_of.sum < in || log_of.sum > late)
            fail_msg("%lld, not %lld to %lld", (long long)log_of.sum, (long long)in,
                     (long long)late);
        assert_true(log_of.capacity <= RUNS_MAX);
    }
}

/* A limit of one a second. */
static void few_takings_are_kept_to_the_millisecond(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 60; i++)
        add(1, i * 10);
    for (int64_t i = 0; i < 60; i++) {
        advance(i * 10 + WINDOW_MS);
        assert_int_equal(log_of.sum, 59 - i);
    }
}

#define WITH_LOG(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOG(a_taking_leaves_behind_the_window),
        WITH_LOG(says_how_long_to_wait),
        WITH_LOG(gives_back_what_was_taken_then),
        WITH_LOG(a_clock_a_little_behind_counts_as_the_newest),
        WITH_LOG(a_clock_that_was_set_back_keeps_nobody_out),
        WITH_LOG(a_sum_does_not_overflow),
        WITH_LOG(nothing_is_forgotten_too_early_or_much_too_late),
        WITH_LOG(few_takings_are_kept_to_the_millisecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
