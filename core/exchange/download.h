/* A download: a reply that a task writes piece by piece, so that it may be larger than memory. Only
 * exports use it. The bytes that the client has not taken yet are bounded; the task waits while
 * there are too many. A download that fails is cut, so that no client takes a part for the
 * whole.
 *
 * A download that may be packed (packed_reply.h) is sent with gzip to a client that takes it. */
#ifndef EXCHANGE_DOWNLOAD_H
#define EXCHANGE_DOWNLOAD_H

#include <stdbool.h>

#include "base/slice.h"

struct exchange;

/* Sends status 200 and the headers. The exchange frees what packs it. */
void download_begin(struct exchange *exchange, const char *content_type);
/* Returns true if the client is slow: the task then waits for exchange_wake before it writes
 * more. */
bool download_write(struct exchange *exchange, struct slice text);
void download_end(struct exchange *exchange);
bool download_is_open(const struct exchange *exchange);
/* Closes the connection in the middle of a download; `code` is for the log. Returns false if no
 * download runs. */
bool download_cut(struct exchange *exchange, const char *code);
/* The client has taken what was written. */
void download_drained(struct exchange *exchange);

#endif
