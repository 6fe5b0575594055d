/* Counts of times by their length, four buckets per octave from 1 ms to 131 s: a percentile is
 * exact to an eighth. The caller has the counts. Pure. */
#ifndef EXCHANGE_TIME_BUCKETS_H
#define EXCHANGE_TIME_BUCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum { TIME_BUCKETS = 64 };

size_t time_buckets_of(int64_t ms);

/* Of a short time, and of a longer one. Zeroed: nothing was counted. */
struct time_counts {
    uint32_t counts[TIME_BUCKETS];
    int64_t ms; /* their sum */
};
struct time_sums {
    int64_t counts[TIME_BUCKETS];
    int64_t ms;
    int64_t timed; /* the sum of the counts */
};
void time_counts_add(struct time_counts *counts, int64_t ms);
void time_sums_add(struct time_sums *sums, const struct time_counts *counts);
/* The time, in ms, that `ppm` millionths of them do not exceed; interpolated in its bucket. 0:
 * nothing was counted. */
int64_t time_sums_quantile(const struct time_sums *sums, int64_t ppm);
/* JSON, a member `name` of an object: {count, mean, p50, p90, p95}, null where nothing was
 * counted. */
void time_sums_render(const char *name, const struct time_sums *sums, struct buffer *out);

/* JSON, a member `first_byte_ms` of an object: {count, p50, p95}. The last two are null where
 * nothing was counted. `timed` is the sum of the counts. */
void time_buckets_render(const int64_t counts[TIME_BUCKETS], int64_t timed, struct buffer *out);

#endif
