/* The relay: sends an answer from the provider to the client as it came, but for the usage that the
 * client did not ask for and the cost that we add. It feeds the meter, and holds back the last
 * bytes until the settlement is durable. */
#ifndef EXCHANGE_RELAY_H
#define EXCHANGE_RELAY_H

#include <stdint.h>

#include "base/slice.h"
#include "net/client/upstream.h"

struct exchange;

/* Bytes of a stream. */
void relay_feed(struct exchange *exchange, struct slice data);
/* Bytes of an answer that passes as it is (opaque_answer.h). */
void relay_feed_opaque(struct exchange *exchange, struct slice data);
/* Whole events in the client's dialect: a plain answer that was translated into a stream. */
void relay_feed_translated(struct exchange *exchange, struct slice events);
void relay_upstream_ended(struct exchange *exchange, enum upstream_end end, const char *detail);
/* The task asks for the relay of the answer. */
void relay_start(struct exchange *exchange);
/* The hold's job is back. */
void relay_hold_decided(struct exchange *exchange);
/* The charge is known: hands the copy for a retry to the settlement. */
void relay_keep(struct exchange *exchange);
/* The settlement is durable. */
void relay_settled(struct exchange *exchange);
/* The client has taken what was written. */
void relay_drained(struct exchange *exchange);
/* The provider fails in the middle of the answer: the stream ends with this error, unless the whole
 * answer is there. */
void relay_provider_failed(struct exchange *exchange, const char *code, const char *message);
/* Ends a stream that has begun with an error of ours: a time-out, or the gateway stops. */
void relay_fail(struct exchange *exchange, const char *code, const char *message);
void relay_tick(struct exchange *exchange, int64_t now_us);

#endif
