/* Counters and histograms of Prometheus that one thread writes and any thread reads. The writer
 * loads and stores without a lock prefix and without a mutex, so each is in memory that only its
 * thread writes (a shard); readers add the shards up. Each number is atomic by itself: one sum may
 * be an event ahead of another. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { METRICS_LINE_BYTES = 64 }; /* of a processor's cache: shards begin at such an address */
enum { METRICS_BOUNDS = 16, METRICS_BUCKETS = METRICS_BOUNDS + 1 };

/* By the owner only. */
static inline void metrics_add(_Atomic int64_t *number, int64_t more)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + more,
                          memory_order_relaxed);
}
static inline void metrics_set(_Atomic int64_t *number, int64_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}
static inline int64_t metrics_get(const _Atomic int64_t *number) /* any thread */
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* The upper bounds of a histogram of times, ascending; a last bucket has what is above. */
extern const int64_t metrics_short_us[METRICS_BOUNDS]; /* 100 us to 10 s: what we do ourselves */
extern const int64_t metrics_long_us[METRICS_BOUNDS];  /* 10 ms to 10 min: what a provider does */

struct metrics_exemplars;

/* Zeroed: empty. */
struct metrics_histogram {
    _Atomic int64_t buckets[METRICS_BUCKETS]; /* not cumulative */
    _Atomic int64_t sum_us;
    struct metrics_exemplars *_Atomic exemplars; /* NULL: no time had a trace */
};

/* A trace's id as OpenTelemetry has it: 16 bytes in two numbers, the first 8 in `high`; and when
 * what is counted was over, by the wall clock. */
struct metrics_trace {
    uint64_t high, low;
    int64_t at_ms;
};

/* Counts a time; a negative one is none. With a trace, its bucket shows that as its exemplar; NULL:
 * it has none. Owner. */
void metrics_observe(struct metrics_histogram *histogram, const int64_t bounds_us[METRICS_BOUNDS],
                     int64_t us, const struct metrics_trace *trace);
/* The time since then, by clock_mono_us, likewise. */
void metrics_observe_since(struct metrics_histogram *histogram,
                           const int64_t bounds_us[METRICS_BOUNDS], int64_t since_us);
void metrics_histogram_fini(struct metrics_histogram *histogram);

/* What a bucket's exemplar says. trace.at_ms 0: it has none. */
struct metrics_exemplar {
    struct metrics_trace trace;
    int64_t us;
};

/* The sums of histograms with the same bounds. */
struct metrics_sums {
    int64_t buckets[METRICS_BUCKETS];
    int64_t sum_us;
    struct metrics_exemplar exemplars[METRICS_BUCKETS]; /* of each bucket the newest */
};
/* Adds one to the sums. Any thread. */
void metrics_sum(const struct metrics_histogram *histogram, struct metrics_sums *sums);

#endif
