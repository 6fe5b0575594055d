/* What an event of a stream does: it is counted, paid for, and put among what is ready for the
 * client, without the usage that he did not ask for; or it ends the stream. When anything goes out,
 * and how a stream begins and is settled, is the relay's.
 *
 * All that it changes is the exchange's; the worker's thread. */
#ifndef EXCHANGE_EVENTS_H
#define EXCHANGE_EVENTS_H

#include "base/slice.h"

struct exchange;

/* Takes a whole event of the exchange `arg`; nothing, once the stream is done or has failed. */
void events_take(struct slice event, void *arg);
/* Takes those events off the front of *data that are like one before; *data begins an event. The
 * exchange's stream is neither done nor has it failed. */
void events_take_matching(struct exchange *exchange, struct slice *data);

#endif
