/* Limits per window: requests, tokens, money; and concurrency. Each is counted under a text
 * ("key:key_01...", "user:...", "signin:a@b.c"). Shared by all workers, in memory: a hash table in
 * shards, each with a mutex. Old entries make room for new ones, so memory is bounded; an attacker
 * with many names only makes the limiter forget sooner. Windows slide: each taking counts for the
 * length of the window (sliding_log.h). So no window ever has more than its limit, and no caller
 * waits longer than its length. */
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
    int64_t reset_ms;       /* until the whole limit is free again */
    int64_t retry_after_ms; /* when refused: until the same amount fits; at least 1 */
    bool never;             /* when refused: the amount is more than the limit and never fits */
    int64_t held;           /* by this taking: limiter_hold_at */
};

struct limiter *limiter_new(size_t entries_max);
void limiter_free(struct limiter *limiter);
/* How often a name that still counted something was dropped for another: since the start. Any
 * thread. */
int64_t limiter_forgotten(struct limiter *limiter);

/* The place where a name is counted. A caller that counts a name more than once saves the
 * hashing. */
struct limit_slot {
    uint64_t low;
    uint64_t high;
};

/* window_ms: 0 for concurrency. */
struct limit_slot limiter_slot(const struct limiter *limiter, struct slice name, int64_t window_ms);

/* Takes `amount` out of `limit` per window, if it fits. Returns whether it did. Any thread. now_ms:
 * clock_wall_ms. */
bool limiter_take(struct limiter *limiter, struct slice name, int64_t amount, int64_t limit,
                  int64_t window_ms, int64_t now_ms, struct limit_state *out);
/* Says what limiter_take would say, without taking. */
bool limiter_peek(struct limiter *limiter, struct slice name, int64_t amount, int64_t limit,
                  int64_t window_ms, int64_t now_ms, struct limit_state *out);

/* The same by place. A place must always be counted with the same window length, or with none. */
bool limiter_take_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                     int64_t limit, int64_t window_ms, int64_t now_ms, struct limit_state *out);
bool limiter_peek_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                     int64_t limit, int64_t window_ms, int64_t now_ms, struct limit_state *out);
/* Takes likewise, and holds up to `more` of what is left: what the caller may yet use. It is part
 * of what is used, until limiter_let_go_at with out->held. */
bool limiter_hold_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                     int64_t more, int64_t limit, int64_t window_ms, int64_t now_ms,
                     struct limit_state *out);
void limiter_let_go_at(struct limiter *limiter, const struct limit_slot *place, int64_t held);
/* Adds without a check: after an estimate that was too low, or to count a failure. */
void limiter_add_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                    int64_t window_ms, int64_t now_ms);
/* Gives back a part of what was taken at taken_ms. */
void limiter_give_back_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                          int64_t window_ms, int64_t taken_ms, int64_t now_ms);
/* Concurrency: at most `limit` at once. Each successful enter needs one leave. An entry in use is
 * never dropped. */
bool limiter_enter_at(struct limiter *limiter, const struct limit_slot *place, int64_t limit,
                      struct limit_state *out);
/* Says what limiter_enter_at would say, without entering. */
bool limiter_could_enter_at(struct limiter *limiter, const struct limit_slot *place, int64_t limit,
                            struct limit_state *out);
void limiter_leave_at(struct limiter *limiter, const struct limit_slot *place);

#endif
