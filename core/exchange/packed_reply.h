/* Answers of ours that are sent with gzip to clients that take it: lists and sums for the
 * dashboard, and files.
 *
 * Only for answers that hold no secret. The length of an encoded text tells what it has in common
 * with what somebody else put into it, so the handler says what may be encoded. */
#ifndef EXCHANGE_PACKED_REPLY_H
#define EXCHANGE_PACKED_REPLY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

struct exchange;
struct gzip_stream;

/* The coming reply may be encoded. */
void packed_reply_allow(struct exchange *exchange);

/* Encodes the body of a reply into `out` (of buffer_init) if that is allowed, wanted and saves
 * something. Returns whether it did; the reply says then that the body is encoded. */
bool packed_reply_make(struct exchange *exchange, int status, struct slice body,
                       struct buffer *out);

/* The same for a reply in pieces, whose headers are about to be sent. Returns what encodes it, for
 * gzip_stream_free; NULL: it is sent as it is. */
struct gzip_stream *packed_reply_begin(struct exchange *exchange);

#endif
