/* Handles one event of a stream: counts it, pays for it and adds it to the output for the client,
 * without usage that the client did not ask for; or ends the stream. relay.c decides when output is
 * sent, and how a stream begins and is settled.
 *
 * It changes only the exchange. On the worker's thread. */
#ifndef EXCHANGE_EVENTS_H
#define EXCHANGE_EVENTS_H

#include "base/slice.h"

struct exchange;

/* Takes a whole event of the exchange `arg`. Ignores it if the stream is done or has failed. */
void events_take(struct slice event, void *arg);
/* Takes from the front of *data the events that are like one before. *data must begin with an
 * event; the exchange's stream must be neither done nor failed. */
void events_take_matching(struct exchange *exchange, struct slice *data);

#endif
