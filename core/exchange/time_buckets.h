/* Counts of times by their length, four buckets per octave from 1 ms to 131 s: a percentile is
 * exact to an eighth. Pure; whoever counts has the array. */
#ifndef EXCHANGE_TIME_BUCKETS_H
#define EXCHANGE_TIME_BUCKETS_H

#include <stddef.h>
#include <stdint.h>

enum { TIME_BUCKETS = 64 };

size_t time_buckets_of(int64_t ms);
/* The time that `percent` of the `timed` ones do not exceed, in ms; interpolated inside its bucket.
 * 0 where there are none. `timed` is the sum of the counts. */
int64_t time_buckets_percentile(const int64_t counts[TIME_BUCKETS], int64_t timed, int64_t percent);

#endif
