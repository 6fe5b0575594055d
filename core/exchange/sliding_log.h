/* A sliding log: what was taken within the last window, and when. It keeps the times themselves, so
 * that no window of this length, wherever it begins, has more than its limit. The first few takings
 * of a window are exact to the millisecond. If there are more, the takings of the same 64th of the
 * window count until the last of them has gone. So memory is bounded, and a taking is forgotten at
 * most a 64th of the window too late, never too early. No locks: the owner has one. */
#ifndef EXCHANGE_SLIDING_LOG_H
#define EXCHANGE_SLIDING_LOG_H

#include <stdint.h>

/* Takings that leave the window together. */
struct sliding_run {
    int64_t last_ms;
    int64_t amount;
};

enum { SLIDING_RUNS_OWN = 2 };

struct sliding_log {
    int64_t sum;              /* of all amounts; capped at INT64_MAX */
    struct sliding_run *runs; /* a ring: `own`, or a larger one */
    uint16_t capacity;        /* of the ring; a power of two */
    uint16_t first;
    uint16_t count;
    struct sliding_run own[SLIDING_RUNS_OWN];
};

/* The log must not move in memory after this. */
void sliding_log_init(struct sliding_log *log);
void sliding_log_fini(struct sliding_log *log);

/* Forgets what has left the window. Returns the time to use for the next calls. Callers read the
 * clock themselves, so `now_ms` may be a little behind; then this is the time of the newest
 * taking. */
int64_t sliding_log_advance(struct sliding_log *log, int64_t window_ms, int64_t now_ms);

/* Call sliding_log_advance before each of the next four, and pass the time that it returned. */

void sliding_log_add(struct sliding_log *log, int64_t amount, int64_t window_ms, int64_t now_ms);
/* How long until at most `rest` is left, if nothing else is taken. */
int64_t sliding_log_wait_ms(const struct sliding_log *log, int64_t rest, int64_t window_ms,
                            int64_t now_ms);
/* How long until nothing is left. */
int64_t sliding_log_reset_ms(const struct sliding_log *log, int64_t window_ms, int64_t now_ms);
/* Gives back what was taken at taken_ms. Ignores what exceeds the rest of that taking. */
void sliding_log_give_back(struct sliding_log *log, int64_t amount, int64_t taken_ms);

#endif
