/* Calls to providers, on a worker's loop: http:// by our own HTTP/1.1 client (http_client.h),
 * https:// by libcurl (curl_client.h), HTTP/2 where TLS negotiates it. Connections are kept alive
 * and reused. Locked down: http and https only, no redirects, TLS >= 1.2 with verification, no
 * netrc, no proxies from the environment, no cookies. Bodies are never touched but for an encoding
 * (gzip) that nobody asked for.
 *
 * All on the loop's thread. Events may come from inside libcurl, where no call may be started: the
 * receiver notes what it needs and acts in a deferred call (upstream_cancel, upstream_pause are
 * always fine; from on_end a call may be started). */
#ifndef NET_CLIENT_UPSTREAM_H
#define NET_CLIENT_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"
#include "net/loop/loop.h"

enum { UPSTREAM_PARTS_MAX = 16 };

struct upstream; /* the pool of a worker */
struct upstream_call;

enum upstream_end {
    UPSTREAM_COMPLETE,    /* the whole answer arrived, whatever its status */
    UPSTREAM_UNREACHABLE, /* no connection: refused, unknown host, TLS failure */
    UPSTREAM_BROKEN,      /* cut, reset or garbled after connecting */
    UPSTREAM_TIMED_OUT    /* no connection in time (other time-outs are the caller's) */
};

struct upstream_head {
    int status;
    struct slice content_type; /* without parameters, "" when there is none */
    int64_t retry_after_ms;    /* -1: not said */
};

struct upstream_events {
    void (*on_head)(const struct upstream_head *head, void *arg);
    void (*on_data)(struct slice data, void *arg);
    /* Last event; the call is gone after it. `detail` is words for the log. Never from inside
     * libcurl or another function of this file. */
    void (*on_end)(enum upstream_end end, const char *detail, void *arg);
    void *arg;
};

struct upstream_request {
    const char *url;
    const char *const *headers; /* "Name: value", no CR, LF (checked: refused) */
    size_t header_count;
    /* Sent by POST, its parts one behind the other; borrowed until the end, as what they show. */
    const struct slice *body;
    size_t body_parts; /* at most UPSTREAM_PARTS_MAX; 0: a GET */
    int64_t connect_timeout_ms;
    const char *ca_file; /* NULL: the system's certificates */
};

struct upstream *upstream_new(struct loop *loop);
void upstream_free(struct upstream *upstream); /* cancels what runs */

/* NULL with *fault when the request cannot be made at all. */
struct upstream_call *upstream_start(struct upstream *upstream,
                                     const struct upstream_request *request,
                                     const struct upstream_events *events, struct fault *fault);
/* Whether all of the request has gone out. */
bool upstream_is_sent(const struct upstream_call *call);
/* Ends the call at once, closing its connection. No event comes after. */
void upstream_cancel(struct upstream_call *call);
/* Stops and continues the flow of data. After pausing, what is already in libcurl's hands may
 * still come: at most one more buffer. (From http:// nothing comes any more.) */
void upstream_pause(struct upstream_call *call);
void upstream_resume(struct upstream_call *call);

#endif
