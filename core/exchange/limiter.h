/* Limits on how much at a time: requests, tokens, money and concurrency, counted under any key
 * text ("key:key_01...", "user:...", "signin:a@b.c"). In memory, shared by all workers: a hash
 * table in shards, each with a mutex; old entries make room for new ones, so memory is bounded
 * and an attacker with many names only shortens memory. Windows slide: each taking counts until a
 * window's length after it (sliding_log.h), so none ever has more than its limit, and none has to
 * wait longer than its length. */
#ifndef EXCHANGE_LIMITER_H
#define EXCHANGE_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct limiter;

struct limit_state {
    int64_t limit;
    int64_t remaining;      /* after this taking; >= 0 */
    int64_t reset_ms;       /* until all of it is there again */
    int64_t retry_after_ms; /* when refused: until the same amount would fit; at least 1 */
    bool never;             /* refused: it is more than the limit, so it does not fit at any time */
};

struct limiter *limiter_new(size_t entries_max);
void limiter_free(struct limiter *limiter);

/* Where a name is counted. For who counts one more than once: only the finding of it, the hashing,
 * is saved. */
struct limit_slot {
    uint64_t low;
    uint64_t high;
};

/* window_ms: 0 for concurrency. */
struct limit_slot limiter_place(const struct limiter *limiter, struct slice name,
                                int64_t window_ms);

/* Takes `amount` out of `limit` per window when it fits. Returns whether it did. Any thread.
 * now_ms: clock_wall_ms. */
bool limiter_take(struct limiter *limiter, struct slice name, int64_t amount, int64_t limit,
                  int64_t window_ms, int64_t now_ms, struct limit_state *out);
/* What a take of `amount` would say, without taking. */
bool limiter_peek(struct limiter *limiter, struct slice name, int64_t amount, int64_t limit,
                  int64_t window_ms, int64_t now_ms, struct limit_state *out);

/* The same for a place. Each place is counted under one window length only, or none. */
bool limiter_take_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                     int64_t limit, int64_t window_ms, int64_t now_ms, struct limit_state *out);
bool limiter_peek_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                     int64_t limit, int64_t window_ms, int64_t now_ms, struct limit_state *out);
/* Adds without asking: an estimate was too low, a failure is counted. */
void limiter_add_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                    int64_t window_ms, int64_t now_ms);
/* Gives back of what was taken at taken_ms. */
void limiter_give_back_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                          int64_t window_ms, int64_t taken_ms, int64_t now_ms);
/* Concurrency: at most `limit` at once. Each successful enter needs one leave. An entry that is in
 * use is never dropped. */
bool limiter_enter_at(struct limiter *limiter, const struct limit_slot *place, int64_t limit,
                      struct limit_state *out);
void limiter_leave_at(struct limiter *limiter, const struct limit_slot *place);

#endif
