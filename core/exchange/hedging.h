/* Hedging: a plain call whose provider takes longer than nearly all of its answers do is asked of a
 * second provider, too. The first good answer goes to the client. Off unless the policy has
 * `hedge`.
 *
 * The second request is an exchange of its own (hedge.h), for an exchange has one attempt. When it
 * answers first, the two exchanges change their attempts: so the client's has the answer, and the
 * other one what is too late, whichever that is. That runs on to its end, for its provider bills it
 * all the same; the operator pays it.
 *
 * On the worker's thread. */
#ifndef EXCHANGE_HEDGING_H
#define EXCHANGE_HEDGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct candidate;
struct exchange;
struct exchange_task;

/* What the policy says, in millionths. */
struct hedge_terms {
    int64_t quantile_ppm; /* of the provider's times: after that it is late */
    int64_t extra_ppm;    /* the share of the model's calls that may be asked twice */
};

/* ---- for the task ---- */

/* Before the first attempt at these candidates. Returns false if such a call is never hedged: a
 * stream; what is not text for text; what might act on the world twice; what is kept. */
bool hedging_takes(const struct exchange *exchange);
/* Allows it. `task`: of the second request, moved in. */
void hedging_allow(struct exchange *exchange, struct candidate *const candidates[], size_t count,
                   const struct hedge_terms *terms, const struct exchange_task *task);
/* The task of the second request was woken. */
void hedging_woken(struct exchange *exchange);

/* ---- for the files that move an exchange along; each also of one that is not hedged ---- */

/* An attempt begins at this candidate. */
void hedging_attempt_begins(struct exchange *exchange, const struct candidate *candidate);
/* The attempt has failed. Returns whether the second request may still answer: then the exchange
 * waits for that. */
bool hedging_waits(struct exchange *exchange);
void hedging_tick(struct exchange *exchange, int64_t now_us);
/* The second request's answer is kept for no identical call (sharing.h) any more. */
void hedging_drop_record(struct exchange *exchange);
/* The candidate of that place (health.h) among those of the call; borrowed; NULL: none. */
struct candidate *hedging_candidate(const struct exchange *exchange, uint64_t target);
/* For the log: "won" (the second request has answered), "lost"; NULL: none was asked. */
const char *hedging_word(const struct exchange *exchange);
/* Whether the second request still uses what belongs to the exchange. */
bool hedging_is_busy(const struct exchange *exchange);
void hedging_fini(struct exchange *exchange);

#endif
