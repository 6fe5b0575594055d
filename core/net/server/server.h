/* The server of one worker: evhttp on a SO_REUSEPORT socket, with a guard in front of its
 * parser.
 *
 * The guard takes every byte out of evhttp's input buffer before evhttp can look at it, checks
 * the head strictly (head.h), frames the body (chunked.h), enforces the limits and absolute
 * deadlines, and only then lets evhttp read a tiny canonical request of our own, "GET /SLOT
 * HTTP/1.1", where SLOT is the connection's place in our table. evhttp owns the connection and
 * writes the reply; what was asked is read from struct http_request. While a reply is under way,
 * what the client pipelines waits in the guard (bounded), so that its leaving is noticed and it
 * cannot flood us.
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
struct connection;
struct tls;
struct peer_trust;
struct tally;

/* What one client may have; shared by all workers, but for bodies_bytes_max. */
struct client_bounds {
    size_t address_connections_max;
    size_t address_bodies_bytes_max;
    size_t account_bodies_bytes_max;
    bool loopback_connections; /* this machine's own addresses are bounded as well: */
    bool loopback_bodies;      /* not where a proxy may stand that is not named */
};

struct server_options {
    const char *address;    /* "127.0.0.1", "::1", "0.0.0.0" */
    int port;               /* 0: the kernel chooses */
    struct tls *tls;        /* NULL: plain */
    int64_t hsts_max_age_s; /* told to clients whose side is https; 0: nothing is told */
    const struct peer_trust *trust;
    size_t connections_max;
    size_t refusals_max; /* connections beyond them that are told so; others are just closed */
    struct client_bounds bounds;
    struct tally *tally; /* shared by all workers */
    size_t body_bytes_max;
    size_t bodies_bytes_max;     /* the large ones of all connections together */
    size_t body_bytes_per_s_min; /* over body_window_ms */
    int64_t body_window_ms;
    int64_t head_timeout_ms;
    int64_t body_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t write_timeout_ms;
};

/* One request, from the moment its body is complete until its reply has ended or the client is
 * gone. Owned by the connection; everything in it stays where it is until then. */
struct http_request {
    struct http_head head;
    struct slice body;
    /* status != 0: it broke a rule of HTTP; answer it, then it is closed. `head` may be empty. */
    struct refusal refusal;
    const char *peer_address; /* the client's, behind trusted proxies */
    bool tls;                 /* on this connection */
    bool secure;              /* TLS at the client's side */
    struct connection *connection;
    /* For the handler: */
    void *user;
    void (*on_gone)(void *user);    /* the client has left; the request is no more, do not reply */
    void (*on_drained)(void *user); /* all that was written is on its way; may be NULL */
};

struct server_handler {
    /* A request is complete. The handler sets user, on_gone and on_drained, and replies now or
     * later. */
    void (*on_request)(struct http_request *request, void *arg);
    /* The head of a request whose body is large is there: may its body be read, and which account
     * answers for the memory? Refuse by filling *refusal. */
    bool (*on_large_body)(const struct http_head *head, struct id *account_id,
                          struct refusal *refusal, void *arg);
    void *arg;
};

/* The descriptors that are left decide how many connections there may be: before it runs. */
void server_bound_connections(struct server *server, size_t connections_max, size_t refusals_max,
                              size_t address_connections_max);

struct server *server_new(struct loop *loop, const struct server_options *options,
                          const struct server_handler *handler, struct fault *fault);
int server_port(const struct server *server);
/* Stops accepting; connections that idle are closed, the others after their reply (Connection:
 * close). */
void server_drain(struct server *server);
/* Whether a large body has gone since this was asked last. */
bool server_has_freed_bodies(struct server *server);
size_t server_connection_count(const struct server *server);
/* Closes what is left and frees. */
void server_free(struct server *server);

/* Moves the body out: *out owns it, request->body still shows it. Once. */
struct buffer;
void http_take_body(struct http_request *request, struct buffer *out);

/* Counts the body of a reply that need not be given now among the bodies of this worker
 * (bodies_bytes_max), until the client has it. False: there is no room, nothing is counted. */
bool http_reply_has_room(struct http_request *request, size_t bytes);

/* ---- replying: exactly one of http_reply, or http_reply_begin ... http_reply_end or _cut ---- */

/* Adds a header to the reply, right before it is made or begun: no other reply in between. The
 * value must have no CR, LF or NUL (checked: a bug). */
void http_reply_header(struct http_request *request, const char *name, const char *value);
void http_reply(struct http_request *request, int status, struct slice body);
void http_reply_begin(struct http_request *request, int status);
/* Appends to the body. Returns the bytes that wait to be sent; above LIMIT_OUTPUT_BYTES the
 * caller pauses its source until on_drained. */
size_t http_reply_write(struct http_request *request, struct slice data);
void http_reply_end(struct http_request *request, struct slice last); /* of the body, or none */
/* Instead of http_reply_end: closes the connection, so that the client sees that it is not all.
 * Never from on_drained. */
void http_reply_cut(struct http_request *request);

#endif
