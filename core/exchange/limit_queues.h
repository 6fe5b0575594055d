/* Calls that wait for a provider's rate limit, instead of being refused. A limit is a key with a
 * model, as in health.h; it has a queue while calls wait for it.
 *
 * Fair: calls are let through in turns by account, so that none waits for all the calls of another.
 * Where the queue is full, the account that has most in it gives up its newest.
 * A call that needs more tokens than are left waits for them when its turn has come: else small
 * calls would keep it from them for ever.
 * Gentle: at first one call is let through; each that is taken lets one more be under way, so a
 * round of them doubles that, and one that meets the limit again halves it (as slow start does, RFC
 * 5681, 3.1). So what has waited does not meet the limit again all at once.
 *
 * Shared by all workers, with one mutex, which is not taken while no call waits. The queue wakes no
 * exchange: each that waits looks every tick. */
#ifndef EXCHANGE_LIMIT_QUEUES_H
#define EXCHANGE_LIMIT_QUEUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id;
struct limit_room;
struct limit_queues;
/* A call's place in a queue. */
struct limit_ticket;

struct limit_queues *limit_queues_new(void);
void limit_queues_free(struct limit_queues *queues); /* empty ones; NULL is allowed */

/* Whether calls wait for this limit, so that a new one would overtake them. */
bool limit_queues_has(struct limit_queues *queues, uint64_t limit);
/* How many wait for any. */
size_t limit_queues_waiting(struct limit_queues *queues);

/* Waits behind the others of the account, with a call that may take so many tokens. Returns NULL if
 * `most` wait for this limit already, and no account has more of them than this one would have. */
struct limit_ticket *limit_queues_join(struct limit_queues *queues, uint64_t limit,
                                       const struct id *account_id, int64_t tokens, size_t most);

enum limit_turn {
    LIMIT_WAITS,
    LIMIT_GOES, /* it may ask now */
    LIMIT_LOST  /* it has made room for a call of another account */
};
/* `room`: as far as this call can see, the provider has that for calls; NULL: it takes none. */
enum limit_turn limit_queues_look(struct limit_queues *queues, struct limit_ticket *ticket,
                                  const struct limit_room *room);

enum limit_end {
    LIMIT_NOT_ASKED, /* it has given up, or asked elsewhere */
    LIMIT_TAKEN,
    LIMIT_MET /* the provider refused it for the limit */
};
/* Leaves in any state, and frees the ticket. */
void limit_queues_leave(struct limit_queues *queues, struct limit_ticket *ticket,
                        enum limit_end end);

#endif
