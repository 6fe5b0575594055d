/* An answer that passes byte for byte, as it comes: sound, or a text by itself. It is neither an
 * event stream nor JSON, so its end cannot say anything: the client sees that it is not complete
 * because its connection is cut. The last byte waits until the charge is durable.
 *
 * From its first byte on it is a stream: it is never in memory as a whole, a client that does not
 * read pauses the provider, and one that leaves pays for what has come. relay.c moves it along.
 * On the worker's thread. */
#ifndef EXCHANGE_OPAQUE_ANSWER_H
#define EXCHANGE_OPAQUE_ANSWER_H

#include "base/slice.h"

struct exchange;

/* Takes bytes of the provider into the output, and measures them. */
void opaque_answer_take(struct exchange *exchange, struct slice data);
/* The provider has ended it: nothing is missing. */
void opaque_answer_note_end(struct exchange *exchange);
/* Begins the reply. */
void opaque_answer_begin(struct exchange *exchange);
/* The charge is known: hands the rest of the copy for a retry to the settlement, or, if the answer
 * is not complete, the error that a retry gets. */
void opaque_answer_keep(struct exchange *exchange);
/* The charge is durable, or cannot be written: ends the reply or cuts it. The exchange is over. */
void opaque_answer_end(struct exchange *exchange);

#endif
