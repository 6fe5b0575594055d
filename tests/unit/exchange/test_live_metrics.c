/* The metrics: what is counted is shown, over all shards, for as long as its window lasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "exchange/live_metrics.h"

static struct live_metrics *metrics;
static char provider_name[64];

static int setup(void **state)
{
    (void)state;
    metrics = live_metrics_new(2);
    snprintf(provider_name, sizeof provider_name, "p");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    live_metrics_free(metrics);
    return 0;
}

/* An attempt that was decided so, after so many milliseconds. */
static void attempt(unsigned shard, enum live_result result, int64_t ms)
{
    const struct live_attempt attempt = {.provider = provider_name,
                                         .result = result,
                                         .duration_us = ms * 1000,
                                         .outcome = "timeout",
                                         .detail = "",
                                         .exchange_id = "req_1"};
    live_metrics_count_attempt(live_metrics_shard(metrics, shard), &attempt);
}

/* A number of the provider's state; -1: null. */
static int64_t shown(const char *provider, const char *name)
{
    struct buffer out;
    char wanted[64];
    int64_t number;
    buffer_init(&out, 16384);
    live_metrics_render_provider(metrics, provider, &out);
    buffer_append_char(&out, '\0');
    assert_false(out.failed);
    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *at = strstr(out.data, wanted);
    assert_non_null(at);
    at += strlen(wanted);
    number = strncmp(at, "null", 4) == 0 ? -1 : atoll(at);
    buffer_fini(&out);
    return number;
}

static void attempts(void **state)
{
    (void)state;
    assert_int_equal(shown("p", "attempts"), 0);
    assert_int_equal(shown("p", "p50"), -1);
    attempt(0, LIVE_ANSWERED, 10);
    attempt(1, LIVE_ANSWERED, 10);
    attempt(1, LIVE_REFUSED, 10); /* the customer's fault */
    attempt(0, LIVE_FAILED, 10);
    assert_int_equal(shown("p", "attempts"), 4);
    assert_int_equal(shown("p", "failures"), 1);
    assert_int_equal(shown("p", "count"), 2);
    assert_int_equal(shown("q", "attempts"), 0);
    attempt(0, LIVE_CUT, 20); /* one that had answered */
    assert_int_equal(shown("p", "attempts"), 4);
    assert_int_equal(shown("p", "failures"), 2);
}

static void windows_end(void **state)
{
    (void)state;
    attempt(0, LIVE_ANSWERED, 10);
    attempt(0, LIVE_FAILED, 10);
    clock_advance_ms(290 * 1000);
    assert_int_equal(shown("p", "attempts"), 2);
    attempt(0, LIVE_ANSWERED, 10);
    clock_advance_ms(21 * 1000);
    assert_int_equal(shown("p", "attempts"), 1);
    assert_int_equal(shown("p", "failures"), 0);
    clock_advance_ms(400 * 1000); /* once round the ring and further */
    assert_int_equal(shown("p", "attempts"), 0);
    attempt(0, LIVE_ANSWERED, 10);
    assert_int_equal(shown("p", "attempts"), 1);
    assert_int_equal(shown("p", "count"), 1);
    assert_in_range(shown("p", "window_s"), 300, 310);
}

/* Right to an eighth, at both ends of the scale and beyond. */
static void percentiles(void **state)
{
    static const int64_t times[] = {0, 1, 3, 4, 7, 8, 50, 333, 1000, 4096, 90000, 131071};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        setup(NULL);
        for (int k = 0; k < 10; k++)
            attempt(0, LIVE_ANSWERED, times[i]);
        assert_in_range(shown("p", "p50"), times[i] - times[i] / 8, times[i] + times[i] / 8 + 2);
        assert_in_range(shown("p", "p95"), times[i] - times[i] / 4, times[i] + times[i] / 4 + 2);
        teardown(NULL);
    }
    setup(NULL);
    for (int64_t k = 1; k <= 1000; k++)
        attempt((unsigned)k % 2, LIVE_ANSWERED, k);
    assert_in_range(shown("p", "p50"), 440, 560);
    assert_in_range(shown("p", "p95"), 830, 1023);
    attempt(0, LIVE_ANSWERED, 100000000); /* more than a day: in the last bucket */
    assert_int_equal(shown("p", "count"), 1001);
}

/* More names than there is room for: the last are not shown, and nothing breaks. */
static void many_providers(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++) {
        snprintf(provider_name, sizeof provider_name, "p%d", i);
        attempt(0, LIVE_ANSWERED, 1);
    }
    assert_int_equal(shown("p0", "attempts"), 1);
    assert_int_equal(shown("p499", "attempts"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attempts, setup, teardown),
        cmocka_unit_test_setup_teardown(windows_end, setup, teardown),
        cmocka_unit_test_setup_teardown(percentiles, NULL, teardown),
        cmocka_unit_test_setup_teardown(many_providers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
