/* The built-in provider `demo`: a deterministic answer, streamed or not, with usage, made
 * without any network, so that the first call works on a machine that has no provider's key. It
 * never stands in for another model. On the worker's thread. */
#ifndef EXCHANGE_DEMO_H
#define EXCHANGE_DEMO_H

#include <stdint.h>

#include "net/client/upstream.h"

struct chat_request;
struct demo;
struct loop;

struct demo_request {
    const struct chat_request *chat; /* borrowed until the answer has ended */
    const char *exchange_id;         /* the same */
    const char *model;               /* the same */
    int64_t created_ms;
    int64_t output_tokens_max; /* 0: as many as it has */
};

/* Answers with the same events as a provider would, in a deferred call. */
struct demo *demo_start(struct loop *loop, const struct demo_request *request,
                        const struct upstream_events *events);
/* Ends it, also in the middle of its events; NULL: nothing. */
void demo_free(struct demo *demo);

#endif
