/* What was taken within the last window, and when: the times themselves, so that no window of that
 * length, wherever it begins, ever has more than its limit. The first few takings of a window are
 * kept to the millisecond; where there are more, those of the same 64th of the window count until
 * the last of them has gone, so memory is bounded and a taking is forgotten at most that much too
 * late, never too early. No locks: the owner has one. */
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
    int64_t sum;              /* of all amounts; at most INT64_MAX */
    struct sliding_run *runs; /* a ring: `own`, or as many as are needed */
    uint16_t capacity;        /* of the ring: a power of two */
    uint16_t first;
    uint16_t count;
    struct sliding_run own[SLIDING_RUNS_OWN];
};

/* The log stays where it is from then on. */
void sliding_log_init(struct sliding_log *log);
void sliding_log_fini(struct sliding_log *log);

/* Forgets what has left the window. Returns the time to go by: callers bring their own reading of
 * the clock, which may be a little behind another's; then it is the newest taking's. */
int64_t sliding_log_advance(struct sliding_log *log, int64_t window_ms, int64_t now_ms);

/* The next four follow sliding_log_advance, with the time that it has returned. */

void sliding_log_add(struct sliding_log *log, int64_t amount, int64_t window_ms, int64_t now_ms);
/* How long until at most `rest` is left when nothing else is taken. */
int64_t sliding_log_wait_ms(const struct sliding_log *log, int64_t rest, int64_t window_ms,
                            int64_t now_ms);
/* How long until nothing is left of it. */
int64_t sliding_log_reset_ms(const struct sliding_log *log, int64_t window_ms, int64_t now_ms);
/* Gives back what was taken at taken_ms; beyond what is left of that it is forgotten. */
void sliding_log_give_back(struct sliding_log *log, int64_t amount, int64_t taken_ms);

#endif
