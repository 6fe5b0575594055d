/* The end of a stream, once its charge is known: why it is short, the usage with the cost if the
 * client asked for it, the error by which it failed, and [DONE]. On the exchange's worker. */
#ifndef EXCHANGE_STREAM_END_H
#define EXCHANGE_STREAM_END_H

#include "base/buffer.h"
#include "dialect/answer_close.h"

struct exchange;

/* What the answer shows of its charge. */
struct answer_bill stream_end_bill(const struct exchange *exchange);
enum { STREAM_END_MESSAGE_BYTES = 704 };

/* Why the stream failed, and what was charged: agents show their user only the message of an
 * error. */
void stream_end_message(const struct exchange *exchange, char out[STREAM_END_MESSAGE_BYTES]);
/* Appends the end as whole events. The buffer remembers a failure. */
void stream_end_append(const struct exchange *exchange, struct buffer *out);

#endif
