/* Departure: what happens to a call whose client leaves before the answer is complete, and who
 * pays.
 *
 *   nothing was asked of a provider yet    the hold is voided, nothing is charged
 *   a call with an Idempotency-Key         runs on, detached: its retry will ask for the answer
 *   any other, by the provider's on_cancel:
 *     "charge"   not streamed, or a picture: runs on, detached, and is charged as usual;
 *                a stream: cancelled; its input and what has come are charged; if its finish
 *                reason has come, it is read on for its counts for some seconds
 *     "read"     runs on, detached, streamed or not
 *     "free"     cancelled, and charged only if a part of the answer has come
 *
 * An opaque answer (opaque_answer.h) is a stream from its first byte on.
 *
 * A detached call counts for its concurrency limits until it ends. A worker has at most
 * LIMIT_DETACHED of them, with bodies of LIMIT_DETACHED_BYTES together. The next one is cancelled
 * and charged for what the provider can have generated until then: so a full bound makes no call
 * free.
 *
 * On the worker's thread. */
#ifndef EXCHANGE_DEPARTURE_H
#define EXCHANGE_DEPARTURE_H

#include <stdbool.h>
#include <stdint.h>

struct answer_error;
struct exchange;

/* Call it when the client has left. */
void departure_begin(struct exchange *exchange);
/* The hold is durable. It was still on its way when the call was to be charged. */
void departure_hold_durable(struct exchange *exchange);
/* Whether the client left, and no retry will ask for the answer. */
bool departure_is_abandoned(const struct exchange *exchange);
/* Ends a call with this error before its answer has begun. What was asked of a provider is charged
 * all the same. The hold must be durable. */
void departure_refuse(struct exchange *exchange, const struct answer_error *error);
/* Ends a detached call whose answer no client will ask for, because the gateway stops. Returns
 * false if the call is not such a one. */
bool departure_cut(struct exchange *exchange);
/* Ends the wait for the counts of a stream whose client has left, when its time is over. */
void departure_tick(struct exchange *exchange, int64_t now_us);
/* Frees the exchange's place among the detached calls. */
void departure_fini(struct exchange *exchange);

#endif
