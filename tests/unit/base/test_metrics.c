#include "base/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/support.h"

static void counts_times_by_their_upper_bounds(void **state)
{
    struct metrics_histogram *histogram = calloc(1, sizeof *histogram);
    struct metrics_sums sums = {.sum_us = 0};
    (void)state;
    assert_non_null(histogram);
    metrics_observe(histogram, metrics_short_us, 0, NULL);
    metrics_observe(histogram, metrics_short_us, 100, NULL); /* a bound is in its bucket */
    metrics_observe(histogram, metrics_short_us, 101, NULL);
    metrics_observe(histogram, metrics_short_us, 10000001, NULL);
    metrics_observe(histogram, metrics_short_us, -1, NULL); /* there was none */
    metrics_sum(histogram, &sums);
    assert_int_equal(sums.buckets[0], 2);
    assert_int_equal(sums.buckets[1], 1);
    assert_int_equal(sums.buckets[METRICS_BOUNDS], 1);
    assert_int_equal(sums.sum_us, 10000202);
    metrics_sum(histogram, &sums); /* of two shards */
    assert_int_equal(sums.buckets[0], 4);
    assert_int_equal(sums.exemplars[0].trace.at_ms, 0);
    metrics_histogram_fini(histogram);
    free(histogram);
}

static void has_ascending_bounds(void **state)
{
    (void)state;
    for (unsigned i = 1; i < METRICS_BOUNDS; i++) {
        assert_true(metrics_short_us[i - 1] < metrics_short_us[i]);
        assert_true(metrics_long_us[i - 1] < metrics_long_us[i]);
    }
}

static void keeps_the_newest_trace_of_a_bucket(void **state)
{
    const struct metrics_trace first = {1, 2, 7};
    const struct metrics_trace second = {3, 4, 8};
    struct metrics_histogram histogram;
    struct metrics_sums sums = {.sum_us = 0};
    (void)state;
    memset(&histogram, 0, sizeof histogram);
    metrics_observe(&histogram, metrics_long_us, 20000, &first);
    metrics_observe(&histogram, metrics_long_us, 21000, &second);
    metrics_observe(&histogram, metrics_long_us, 22000, NULL); /* leaves it */
    metrics_sum(&histogram, &sums);
    assert_int_equal(sums.buckets[1], 3);
    assert_int_equal(sums.exemplars[1].trace.at_ms, 8);
    assert_int_equal(sums.exemplars[1].us, 21000);
    assert_int_equal(sums.exemplars[1].trace.high, 3);
    assert_int_equal(sums.exemplars[1].trace.low, 4);
    assert_int_equal(sums.exemplars[0].trace.at_ms, 0);
    metrics_histogram_fini(&histogram);
}

enum { WRITES = 20000 };

static void *write_traces(void *arg)
{
    for (uint64_t i = 1; i <= WRITES; i++) {
        const struct metrics_trace trace = {i, ~i, (int64_t)i};
        metrics_observe(arg, metrics_long_us, (int64_t)(i % 10000), &trace);
    }
    return NULL;
}

static void is_never_read_half_written(void **state)
{
    struct metrics_histogram histogram;
    int64_t counted = 0;
    pthread_t thread;
    (void)state;
    memset(&histogram, 0, sizeof histogram);
    assert_int_equal(pthread_create(&thread, NULL, write_traces, &histogram), 0);
    while (counted < WRITES) {
        struct metrics_sums sums = {.sum_us = 0};
        metrics_sum(&histogram, &sums);
        const struct metrics_exemplar *seen = &sums.exemplars[0];
        assert_true(sums.buckets[0] >= counted);
        counted = sums.buckets[0];
        if (seen->trace.at_ms == 0)
            continue;
        assert_int_equal(seen->trace.low, ~seen->trace.high);
        assert_int_equal(seen->us, seen->trace.high % 10000);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    metrics_histogram_fini(&histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_times_by_their_upper_bounds),
        cmocka_unit_test(has_ascending_bounds),
        cmocka_unit_test(keeps_the_newest_trace_of_a_bucket),
        cmocka_unit_test(is_never_read_half_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
