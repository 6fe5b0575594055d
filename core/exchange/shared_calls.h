/* Identical calls that are under way: one of them, the leader, asks the provider, and the others
 * wait for its answer (as in Go's singleflight). For models whose entry says `share`.
 *
 * Shared by all workers, with one mutex. Who waits lends a job, which comes back when the leader
 * has ended. */
#ifndef EXCHANGE_SHARED_CALLS_H
#define EXCHANGE_SHARED_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/id.h"
#include "base/job.h"
#include "base/sha256.h"

struct shared_calls;
struct shared_call;

enum { SHARED_TYPE_BYTES = 96 };

/* What a provider has answered, as it came. */
struct shared_answer {
    uint64_t target; /* of the candidate that gave it (health.h) */
    int status;
    char content_type[SHARED_TYPE_BYTES]; /* without its parameters */
    struct buffer body;
};

/* One that waits. */
struct shared_waiter {
    struct job job; /* its reply_queue and `done` are set by the owner */
    struct shared_waiter *next;
};

struct shared_calls *shared_calls_new(void);
void shared_calls_free(struct shared_calls *calls); /* without a call; NULL is allowed */

/* Joins the calls with this key: a hash of all that an answer depends on. *leads: it is the first,
 * asks the provider, and must call shared_calls_end. Else `waiter` waits. Returns a reference. */
struct shared_call *shared_calls_join(struct shared_calls *calls, const char key[SHA256_HEX_BYTES],
                                      const struct id *exchange_id, struct shared_waiter *waiter,
                                      bool *leads);
/* The leader has ended: takes its answer, which is moved in; NULL: there is none to be shared. Its
 * reference stays. */
void shared_calls_end(struct shared_calls *calls, struct shared_call *call,
                      struct shared_answer *answer);
/* It waits no more. Returns false if its job is on the way back. */
bool shared_calls_withdraw(struct shared_calls *calls, struct shared_call *call,
                           struct shared_waiter *waiter);
void shared_calls_unref(struct shared_calls *calls, struct shared_call *call);

/* After the waiter's job came back. NULL: the leader had none. */
const struct shared_answer *shared_call_answer(const struct shared_call *call);
/* The exchange that leads. */
const struct id *shared_call_leader(const struct shared_call *call);

#endif
