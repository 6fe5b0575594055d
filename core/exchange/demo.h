/* The built-in provider `demo`: a fixed answer with usage, streamed or not, without any network. So
 * the first call works on a machine that has no provider's key. It never replaces another model. On
 * the worker's thread. */
#ifndef EXCHANGE_DEMO_H
#define EXCHANGE_DEMO_H

#include <stdint.h>

#include "net/client/upstream.h"

struct model_request;
struct local_call;
struct loop;

struct demo_request {
    const struct model_request *asks; /* borrowed until the answer has ended */
    const char *exchange_id;          /* borrowed, too */
    const char *model;                /* borrowed, too */
    int64_t created_ms;
    int64_t output_tokens_max; /* 0: the whole answer */
};

/* Answers in a deferred call. */
struct local_call *demo_start(struct loop *loop, const struct demo_request *request,
                              const struct upstream_events *events);

#endif
