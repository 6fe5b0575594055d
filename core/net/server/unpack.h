/* Inside net/: a request's body that was sent with a Content-Encoding (gzip, deflate), unpacked as
 * it comes in: so what it becomes is bounded like any body, and no turn of the loop has more to do
 * than the bytes of one read. Owned by its connection, while the body comes. */
#ifndef NET_SERVER_UNPACK_H
#define NET_SERVER_UNPACK_H

#include "base/buffer.h"
#include "net/http1/head.h"

struct unpack;

struct unpack *unpack_new(void);
void unpack_free(struct unpack *unpack); /* NULL is allowed */

/* Packed bytes; what they become is appended to `out`. False: *refusal: they are garbled, become
 * more than `out` may have, or so much more than they are that they were made to. */
bool unpack_feed(struct unpack *unpack, struct slice data, struct buffer *out,
                 struct refusal *refusal);
/* All bytes have come: was their end among them? */
bool unpack_finish(const struct unpack *unpack, struct refusal *refusal);
size_t unpack_taken_bytes(const struct unpack *unpack);

#endif
