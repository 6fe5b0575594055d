/* Departure: what becomes of a call whose client leaves before its answer is whole, and who pays.
 *
 *   nothing was asked of a provider yet    the hold is voided, nothing is charged
 *   a call with an Idempotency-Key         runs on, detached: its retry will ask for the answer
 *   any other, by the provider's on_cancel:
 *     "charge"   not streamed: runs on, detached, and is charged as it ends;
 *                a stream: cancelled, and charged with its input and what has come; but read on
 *                for its counts, for some seconds, where its finish reason has come
 *     "read"     runs on, detached, streamed or not
 *     "free"     cancelled, and charged only where something of the answer has come
 *
 * A detached call counts for its concurrency limits until it ends. Of these a worker has at most
 * LIMIT_DETACHED, with bodies of LIMIT_DETACHED_BYTES; the next one is cancelled and charged by
 * what can have been generated meanwhile: a bound that is reached makes no call free.
 *
 * On the worker's thread. */
#ifndef EXCHANGE_DEPARTURE_H
#define EXCHANGE_DEPARTURE_H

#include <stdbool.h>
#include <stdint.h>

struct answer_error;
struct exchange;

/* The client has left. */
void departure_begin(struct exchange *exchange);
/* The hold, which was on its way when the call was to be charged, is durable. */
void departure_hold_durable(struct exchange *exchange);
/* Whether the client left, and no retry will ask for the answer. */
bool departure_is_abandoned(const struct exchange *exchange);
/* Ends a call before its answer has begun, with this error: what was asked of a provider is charged
 * all the same. Its hold is durable. */
void departure_refuse(struct exchange *exchange, const struct answer_error *error);
/* Ends a detached call whose answer nobody will ask for, because the gateway stops. False: it is
 * none. */
bool departure_cut(struct exchange *exchange);
/* Ends the wait for the counts of a stream whose client has left. */
void departure_tick(struct exchange *exchange, int64_t now_us);
/* Frees its place among the detached ones. */
void departure_fini(struct exchange *exchange);

#endif
