/* A stream that begins before its answer: after a while of silence the client gets the head and
 * comments, for it and the proxies before it may give up where nothing comes. Until something was
 * said another candidate may still answer; where none does, the stream ends with an error.
 *
 * On the worker's thread. */
#ifndef EXCHANGE_EARLY_STREAM_H
#define EXCHANGE_EARLY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct answer_error;

/* Begins it, when it is time. */
void early_stream_tick(struct exchange *exchange, int64_t now_us);
/* Whether the client has a head, and nothing that was said. */
bool early_stream_is_open(const struct exchange *exchange);
/* Ends it with this error, in place of a reply. False: there is none. */
bool early_stream_refuse(struct exchange *exchange, const struct answer_error *error);

#endif
