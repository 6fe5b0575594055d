/* Counts of times by their length, four buckets per octave from 1 ms to 131 s: a percentile is
 * exact to an eighth. The caller has the counts. Pure. */
#ifndef EXCHANGE_TIME_BUCKETS_H
#define EXCHANGE_TIME_BUCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum { TIME_BUCKETS = 64 };

size_t time_buckets_of(int64_t ms);
/* JSON, a member `first_byte_ms` of an object: {count, p50, p95}. The last two are null where
 * nothing was counted. `timed` is the sum of the counts. */
void time_buckets_render(const int64_t counts[TIME_BUCKETS], int64_t timed, struct buffer *out);

#endif
