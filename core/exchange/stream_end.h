/* What a stream ends with, once its charge is known: why it is short, its usage with the cost for
 * who asked, the error by which it has failed, and [DONE]. On the exchange's worker. */
#ifndef EXCHANGE_STREAM_END_H
#define EXCHANGE_STREAM_END_H

#include "base/buffer.h"

struct exchange;

/* Appends it as whole events; a failure is kept by the buffer. */
void stream_end_append(const struct exchange *exchange, struct buffer *out);

#endif
