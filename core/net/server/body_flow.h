/* A large body that its handler takes as it comes (http_request.flows): on_request is called when
 * its first bytes are here, and http_take_body gives these. On the loop's thread. */
#ifndef NET_SERVER_BODY_FLOW_H
#define NET_SERVER_BODY_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "net/http1/head.h"

struct http_request;

/* What comes, until the reply has ended. Nothing comes after `over` or after a failure, which the
 * handler answers. It must not reply from inside. */
struct body_events {
    void (*on_body)(struct slice data, bool over, void *user);
    void (*on_failed)(const struct refusal *refusal, void *user);
};

/* Stop and continue the flow. A little more may come after the stop. */
void http_pause_body(struct http_request *request);
void http_resume_body(struct http_request *request);
/* The handler holds so many bytes. Returns false with *refusal if there is no room for them. */
bool http_count_body(struct http_request *request, size_t bytes, struct refusal *refusal);

#endif
