/* The server of one worker: evhttp on a SO_REUSEPORT socket, with a guard in front of its parser.
 *
 * The guard takes every byte out of evhttp's input buffer before evhttp reads it. It checks the
 * head strictly (head.h), frames the body (chunked.h) and enforces limits and absolute deadlines.
 * Only then evhttp reads a canonical request of ours, "GET /SLOT HTTP/1.1": SLOT is the
 * connection's place in our table. evhttp owns the connection and writes the reply; the
 * client's is in struct http_request. During a reply, pipelined bytes wait in the guard (bounded):
 * we notice when the client leaves, and it cannot flood us.
 *
 * All on the loop's thread. */
#ifndef NET_SERVER_SERVER_H
#define NET_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/id.h"
#include "base/slice.h"
#include "net/http1/head.h"
#include "net/loop/loop.h"

struct server;
struct body_events;
struct connection;
struct tls;
struct peer_trust;
struct tally;

/* What one client may have; all workers share it, except bodies_bytes_max. */
struct client_bounds {
    size_t address_connections_max;
    size_t address_bodies_bytes_max;
    size_t account_bodies_bytes_max;
    bool loopback_connections; /* the bounds also hold for this machine's own addresses; */
    bool loopback_bodies;      /* false where an unnamed proxy may run on this machine */
};

struct server_options {
    const char *address;    /* "127.0.0.1", "::1", "0.0.0.0" */
    int port;               /* 0: the kernel chooses */
    int listen_fd;          /* shared; 0: it makes its own */
    struct tls *tls;        /* NULL: no TLS */
    int64_t hsts_max_age_s; /* for clients that use https; 0: the header is not sent */
    const struct peer_trust *trust;
    size_t connections_max;
    size_t refusals_max; /* further connections that get a 503; others are just closed */
    struct client_bounds bounds;
    struct tally *tally; /* shared by all workers */
    size_t body_bytes_max;
    size_t flow_from_bytes; /* body_flow.h */
    size_t flow_bytes_max;
    size_t bodies_bytes_max;     /* large bodies of all connections together */
    size_t body_bytes_per_s_min; /* over body_window_ms */
    int64_t body_window_ms;
    int64_t head_timeout_ms;
    int64_t body_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t write_timeout_ms;
};

/* One request, from the moment its body is complete, or flows, until its reply has ended or the
 * client has left. The connection owns it and moves nothing. */
struct http_request {
    struct http_head head;
    struct slice body;
    /* status != 0: the request broke a rule of HTTP; answer it, then the connection closes. `head`
     * may be empty. */
    struct refusal refusal;
    const char *peer_address; /* the client's, also behind trusted proxies */
    bool tls;                 /* on this connection */
    bool secure;              /* TLS at the client's side */
    struct connection *connection;
    /* Set by the handler: */
    void *user;
    void (*on_gone)(void *user);    /* the client has left and the request is gone: do not reply */
    void (*on_drained)(void *user); /* all written bytes are on their way; may be NULL */
    const struct body_events *body_events;
    bool flows;
};

struct server_handler {
    /* A request is complete. The handler sets user, on_gone and on_drained, and replies now or
     * later. */
    void (*on_request)(struct http_request *request, void *arg);
    /* A head announces a large body. Returns whether it may be read and, in *account_id, the
     * account that its memory is counted for. Refuses with *refusal. */
    bool (*on_large_body)(const struct http_head *head, struct id *account_id,
                          struct refusal *refusal, void *arg);
    /* or NULL */
    bool (*on_flow)(const struct http_head *head, void *arg);
    void *arg;
};

/* Before the loop runs: how many there may be, by the descriptors that are left. */
void server_bound_connections(struct server *server, size_t connections_max, size_t refusals_max,
                              size_t address_connections_max);

struct server *server_new(struct loop *loop, const struct server_options *options,
                          const struct server_handler *handler, struct fault *fault);
int server_port(const struct server *server);
/* Stops accepting. Closes idle connections now, the others after their reply (Connection:
 * close). */
void server_drain(struct server *server);
void server_close_after_replies(struct server *server, bool closing);
/* Returns whether a large body was freed since the last call. */
bool server_has_freed_bodies(struct server *server);
size_t server_connection_count(const struct server *server);
/* Closes what is left. */
void server_free(struct server *server);

/* Moves the body to *out, which then owns it; request->body still points to it. Call it once. */
struct buffer;
void http_take_body(struct http_request *request, struct buffer *out);

/* Counts the body of an optional reply among this worker's bodies (bodies_bytes_max), until the
 * client has it. Returns false, and counts nothing, when there is no room. */
bool http_reply_has_room(struct http_request *request, size_t bytes);

/* ---- replying: exactly one of http_reply, or http_reply_begin ... http_reply_end or _cut ---- */

/* Adds a header to the next reply; add all of them right before http_reply or http_reply_begin. The
 * value must have no CR, LF or NUL (checked: it would be a bug). */
void http_reply_header(struct http_request *request, const char *name, const char *value);
void http_reply(struct http_request *request, int status, struct slice body);
void http_reply_begin(struct http_request *request, int status);
/* The same for a body of so many bytes, which the client is told. The caller writes just as many,
 * or cuts the reply. */
void http_reply_begin_sized(struct http_request *request, int status, size_t body_bytes);
/* Appends to the body. Returns how many bytes wait to be sent; above LIMIT_OUTPUT_BYTES the caller
 * pauses its source until on_drained. */
size_t http_reply_write(struct http_request *request, struct slice data);
/* Of the body; may be empty. */
void http_reply_end(struct http_request *request, struct slice last);
/* Replaces http_reply_end: closes the connection, so that the client sees that the body is not
 * complete. Never call it from on_drained. */
void http_reply_cut(struct http_request *request);

#endif
