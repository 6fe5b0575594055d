/* Private to net/: decodes a request's body with a Content-Encoding (gzip, deflate) as it comes in.
 * So the decoded body is bounded like any other, and no turn of the loop decodes more than the
 * bytes of one read. Its connection owns it, while the body comes. */
#ifndef NET_SERVER_UNPACK_H
#define NET_SERVER_UNPACK_H

#include "base/buffer.h"
#include "net/http1/head.h"

struct unpack;

struct unpack *unpack_new(void);
void unpack_free(struct unpack *unpack); /* NULL is allowed */

/* Decodes `data` and appends the result to `out`. Returns false with *refusal when the bytes are
 * garbled, the result is too large for `out`, or the ratio is so high that it must be an attack. */
bool unpack_feed(struct unpack *unpack, struct slice data, struct buffer *out,
                 struct refusal *refusal);
/* Call it after the last byte: returns whether the encoded end was there. */
bool unpack_finish(const struct unpack *unpack, struct refusal *refusal);
size_t unpack_taken_bytes(const struct unpack *unpack);

#endif
