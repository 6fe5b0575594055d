/* Handles one event of a stream that does not go from OpenAI's chat to OpenAI's chat as it came
 * (events.h does that one): an event of another dialect, or one that is translated. It is counted,
 * paid and added to the output. What closes an answer waits until the charge is durable.
 *
 * It changes only the exchange. On the worker's thread. */
#ifndef EXCHANGE_ANSWER_EVENTS_H
#define EXCHANGE_ANSWER_EVENTS_H

#include "base/slice.h"

struct exchange;

/* Takes a whole event of the provider. Ignores it if the stream is done or has failed. */
void answer_events_take(struct slice event, void *arg);
/* Takes whole events that are in the client's dialect already. */
void answer_events_take_translated(struct exchange *exchange, struct slice events);
/* Tells the translation what has gone past it. */
void answer_events_tell_skipped(struct exchange *exchange);
/* The provider's stream has ended. What the translation owes the client goes out. */
void answer_events_end(struct exchange *exchange);

#endif
