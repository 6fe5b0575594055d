/* Handles one event of a stream: counts it, pays for it and adds it to the output for the client,
 * without usage that the client did not ask for; or ends the stream. relay.c decides when output is
 * sent, and how a stream begins and is settled.
 *
 * It changes only the exchange. On the worker's thread. */
#ifndef EXCHANGE_EVENTS_H
#define EXCHANGE_EVENTS_H

#include <stdbool.h>

#include "base/slice.h"

struct exchange;
struct price_facts;

/* Takes a whole event of the exchange `arg`. Ignores it if the stream is done or has failed. */
void events_take(struct slice event, void *arg);
/* Takes from the front of *data, which must begin with an event, the events that are like one
 * before: none if the stream is done or has failed. */
void events_take_matching(struct exchange *exchange, struct slice *data);

/* ---- for answer_events.c ---- */

/* Takes a whole event if it is like one before. */
bool events_take_known(struct exchange *exchange, struct slice event);

/* Whether the event is one line of data and an empty line, which every client can read: some know
 * no events with a name or an id, some none of several lines. `named`: with an `event` line before
 * them. */
bool events_are_simple(struct slice event, struct slice data, bool named);
/* Takes an error event. Once something was said, the provider has answered. */
void events_fail(struct exchange *exchange, struct slice data);
/* The event is no part of an answer. */
void events_refuse(struct exchange *exchange, const char *detail);
/* Ends the stream: money or the limit has ended. */
void events_end_for_budget(struct exchange *exchange);
/* A stream may tell in any event, also in its usage, that it is served at another price than was
 * asked for. `before`: what it had said in front of this event. */
void events_note_terms(struct exchange *exchange, const struct price_facts *before);

#endif
