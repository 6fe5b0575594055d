/* Counts a request that has ended, for the pages (live_metrics.h) and for /metrics
 * (call_metrics.h). */
#ifndef EXCHANGE_CALL_COUNT_H
#define EXCHANGE_CALL_COUNT_H

struct exchange;

/* Once, at its end: `ended_us` is set, and its settlement is back. */
void call_count_end(struct exchange *exchange);

#endif
