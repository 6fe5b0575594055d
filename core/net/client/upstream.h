/* Calls to providers, on a worker's loop: http:// with our own HTTP/1.1 client (http_client.h),
 * https:// with libcurl (curl_client.h), HTTP/2 where TLS negotiates it. Connections are kept and
 * reused. Locked down: http and https only, no redirects, TLS >= 1.2 with verification, no netrc,
 * no proxies from the environment, no cookies. A body is never changed, except that an encoding
 * (gzip) that nobody asked for is decoded.
 *
 * All on the loop's thread. Events may come from inside libcurl, where no call may be started: the
 * receiver notes what it needs and acts in a deferred call. It may call upstream_cancel and
 * upstream_pause at any time, and start a call from on_end. */
#ifndef NET_CLIENT_UPSTREAM_H
#define NET_CLIENT_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"
#include "net/loop/loop.h"

enum { UPSTREAM_PARTS_MAX = 28 };

struct upstream; /* a worker's pool */
struct upstream_call;
struct upstream_tail;

enum upstream_end {
    UPSTREAM_COMPLETE,    /* the whole answer arrived, whatever its status */
    UPSTREAM_UNREACHABLE, /* no connection: refused, unknown host, TLS failure */
    UPSTREAM_BROKEN,      /* cut, reset or garbled after the connection was made */
    UPSTREAM_STALE,       /* a kept connection ended before any byte, of what is sent `once` */
    UPSTREAM_TIMED_OUT    /* not connected in time (the caller has the other time-outs) */
};

struct upstream_head {
    int status;
    struct slice content_type;      /* without parameters, "" when there is none */
    struct slice content_type_line; /* the same with its parameters, as it came */
    int64_t retry_after_ms;         /* -1: not given */
    int64_t content_length;         /* of what on_data gives; -1: not told */
    /* Inside of on_head: the first field of that name. NULL: there are none. */
    struct slice (*field)(const void *from, const char *name);
    const void *from;
};

struct upstream_events {
    void (*on_head)(const struct upstream_head *head, void *arg);
    void (*on_data)(struct slice data, void *arg);
    /* The last event; the call is gone after it. `detail` is a text for the log. It never comes
     * from inside libcurl or a function of this file. */
    void (*on_end)(enum upstream_end end, const char *detail, void *arg);
    void *arg;
};

struct upstream_request {
    const char *url;
    const char *method; /* NULL: POST with a body, GET without; POST, GET and DELETE are known */
    const char *const *headers; /* "Name: value"; one with CR or LF is refused */
    size_t header_count;
    /* Sent part after part; only by POST. The parts and their bytes are borrowed until the end. */
    const struct slice *body;
    size_t body_parts;                /* at most UPSTREAM_PARTS_MAX; 0: none */
    const struct upstream_tail *tail; /* borrowed; or NULL */
    bool once;                        /* not sent again by itself, unless nothing of it was sent */
    bool fresh;                       /* over a new connection */
    int64_t connect_timeout_ms;
    const char *ca_file; /* NULL: the system's certificates */
};

struct upstream *upstream_new(struct loop *loop);
void upstream_free(struct upstream *upstream); /* cancels the running calls */

/* Returns NULL with *fault when the request cannot be made at all. */
struct upstream_call *upstream_start(struct upstream *upstream,
                                     const struct upstream_request *request,
                                     const struct upstream_events *events, struct fault *fault);
bool upstream_is_sent(const struct upstream_call *call);
/* Ends the call at once and closes its connection. No event follows. */
void upstream_cancel(struct upstream_call *call);
/* Stop and continue the flow of data. After upstream_pause libcurl may deliver one more buffer; for
 * http:// nothing more comes. */
void upstream_pause(struct upstream_call *call);
void upstream_resume(struct upstream_call *call);
/* The owner has moved, with the parts of the body. Not inside an event. */
void upstream_rebind(struct upstream_call *call, const struct slice *body, void *arg);

#endif
