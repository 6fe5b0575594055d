/* Replies that are sent with gzip (RFC 1952) to clients that take it. Any thread. */
#ifndef NET_HTTP1_GZIP_H
#define NET_HTTP1_GZIP_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "net/http1/head.h"

/* Returns whether Accept-Encoding names gzip, and not with a weight of 0. */
bool gzip_is_taken(const struct http_head *head);

/* Appends the whole text, encoded. The buffer keeps a failure. */
void gzip_append(struct slice text, struct buffer *out);

#endif
