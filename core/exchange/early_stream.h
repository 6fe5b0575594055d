/* An early stream: it begins before the answer. After some silence the client gets the head and
 * comments, because the client or a proxy may give up on a silent connection. Another candidate may
 * still answer until the provider says something. If none answers, the stream ends with an error.
 *
 * On the worker's thread. */
#ifndef EXCHANGE_EARLY_STREAM_H
#define EXCHANGE_EARLY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct answer_error;

/* Begins the early stream when it is time. */
void early_stream_tick(struct exchange *exchange, int64_t now_us);
/* Whether the client has the head, but nothing of an answer. */
bool early_stream_is_open(const struct exchange *exchange);
/* Ends the early stream with this error, in place of a reply. If the client has left and its call
 * runs on, this writes nothing. Returns false if there is no early stream. */
bool early_stream_refuse(struct exchange *exchange, const struct answer_error *error);

#endif
