#include "base/metrics.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"

const int64_t metrics_short_us[METRICS_BOUNDS] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};
const int64_t metrics_long_us[METRICS_BOUNDS] = {
    10000,   25000,    50000,    100000,   250000,   500000,    1000000,   2500000,
    5000000, 10000000, 20000000, 30000000, 60000000, 120000000, 300000000, 600000000};

/* A reader takes it only if `version` was even, and the same before and after: its owner makes it
 * odd while it writes. */
struct kept_exemplar {
    _Atomic uint64_t version;
    _Atomic uint64_t high, low;
    _Atomic int64_t us, at_ms;
};

struct metrics_exemplars {
    struct kept_exemplar of[METRICS_BUCKETS];
};

static struct metrics_exemplars *exemplars_of(struct metrics_histogram *histogram)
{
    struct metrics_exemplars *made =
        atomic_load_explicit(&histogram->exemplars, memory_order_relaxed);
    if (made != NULL)
        return made;
    made = calloc(1, sizeof *made);
    check(made != NULL);
    atomic_store_explicit(&histogram->exemplars, made, memory_order_release);
    return made;
}

/* Release: who reads one of the new numbers sees the odd version, too. */
static void keep(struct kept_exemplar *kept, int64_t us, const struct metrics_trace *trace)
{
    uint64_t version = atomic_load_explicit(&kept->version, memory_order_relaxed);
    atomic_store_explicit(&kept->version, version + 1, memory_order_relaxed);
    atomic_store_explicit(&kept->high, trace->high, memory_order_release);
    atomic_store_explicit(&kept->low, trace->low, memory_order_release);
    atomic_store_explicit(&kept->us, us, memory_order_release);
    atomic_store_explicit(&kept->at_ms, trace->at_ms, memory_order_release);
    atomic_store_explicit(&kept->version, version + 2, memory_order_release);
}

void metrics_observe(struct metrics_histogram *histogram, const int64_t bounds_us[METRICS_BOUNDS],
                     int64_t us, const struct metrics_trace *trace)
{
    unsigned at = 0;
    if (us < 0)
        return;
    while (at < METRICS_BOUNDS && us > bounds_us[at])
        at++;
    metrics_add(&histogram->buckets[at], 1);
    metrics_add(&histogram->sum_us, us);
    if (trace != NULL)
        keep(&exemplars_of(histogram)->of[at], us, trace);
}

void metrics_observe_since(struct metrics_histogram *histogram,
                           const int64_t bounds_us[METRICS_BOUNDS], int64_t since_us)
{
    metrics_observe(histogram, bounds_us, clock_mono_us() - since_us, NULL);
}

void metrics_histogram_fini(struct metrics_histogram *histogram)
{
    free(atomic_load_explicit(&histogram->exemplars, memory_order_relaxed));
    atomic_store_explicit(&histogram->exemplars, NULL, memory_order_relaxed);
}

/* One that changes right now is left out: the next scrape has it. */
static void take_newer(const struct kept_exemplar *kept, struct metrics_exemplar *out)
{
    uint64_t before = atomic_load_explicit(&kept->version, memory_order_acquire);
    const struct metrics_exemplar seen = {
        .trace = {.high = atomic_load_explicit(&kept->high, memory_order_acquire),
                  .low = atomic_load_explicit(&kept->low, memory_order_acquire),
                  .at_ms = atomic_load_explicit(&kept->at_ms, memory_order_acquire)},
        .us = atomic_load_explicit(&kept->us, memory_order_acquire)};
    uint64_t after = atomic_load_explicit(&kept->version, memory_order_relaxed);
    if (before == after && before % 2 == 0 && seen.trace.at_ms > out->trace.at_ms)
        *out = seen;
}

void metrics_sum(const struct metrics_histogram *histogram, struct metrics_sums *sums)
{
    const struct metrics_exemplars *kept =
        atomic_load_explicit(&histogram->exemplars, memory_order_acquire);
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        sums->buckets[i] += metrics_get(&histogram->buckets[i]);
        if (kept != NULL)
            take_newer(&kept->of[i], &sums->exemplars[i]);
    }
    sums->sum_us += metrics_get(&histogram->sum_us);
}
