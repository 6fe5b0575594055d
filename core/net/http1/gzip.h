/* Replies that are sent with gzip (RFC 1952) to clients that take it. Any thread. */
#ifndef NET_HTTP1_GZIP_H
#define NET_HTTP1_GZIP_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "net/http1/head.h"

/* Returns whether Accept-Encoding names gzip, and not with a weight of 0. */
bool gzip_is_taken(const struct http_head *head);

/* A body that is encoded piece by piece, however long it is. One thread at a time. */
struct gzip_stream;
/* NULL: there is no memory for it (a quarter of a megabyte). */
struct gzip_stream *gzip_stream_new(void);
void gzip_stream_free(struct gzip_stream *stream);
/* Hands on all that has been put in until now, in pieces that live as long as the call. `last`: the
 * body ends with it, and nothing may follow. */
typedef void gzip_write(void *arg, struct slice piece);
void gzip_stream_put(struct gzip_stream *stream, struct slice text, bool last, gzip_write *write,
                     void *arg);

/* Appends the whole text, encoded. The buffer keeps a failure. */
void gzip_append(struct slice text, struct buffer *out);

#endif
