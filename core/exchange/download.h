/* A reply that a task writes piece by piece, so that it may be larger than memory: exports. What a
 * client has not yet taken is bounded; the task waits until it has. A download that cannot be
 * finished is cut, so that nobody takes half of it for the whole. */
#ifndef EXCHANGE_DOWNLOAD_H
#define EXCHANGE_DOWNLOAD_H

#include <stdbool.h>

#include "base/slice.h"

struct exchange;

/* The headers and status 200. */
void download_begin(struct exchange *exchange, const char *content_type);
/* True: the client is slow; the task waits for exchange_wake before it writes more. */
bool download_write(struct exchange *exchange, struct slice text);
void download_end(struct exchange *exchange);
/* Whether one has begun and not ended. */
bool download_is_open(const struct exchange *exchange);
/* Closes the connection in the middle, if a download is under way; `code` is for the log. False:
 * there is none. */
bool download_cut(struct exchange *exchange, const char *code);
/* The client has taken what was written. */
void download_drained(struct exchange *exchange);

#endif
