/* Private to net/: one accepted connection and its guard. See server.h for the guard's work.
 *
 * Life: on_accept in listener.c makes it, the same loop turn binds it to its evhttp_connection, and
 * only evhttp's close callback frees it. */
#ifndef NET_SERVER_CONNECTION_H
#define NET_SERVER_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "net/http1/chunked.h"
#include "net/server/peer.h"
#include "net/server/server.h"
#include "net/server/tally.h"
#include "net/server/unpack.h"

struct bufferevent;
struct evbuffer;
struct evbuffer_cb_entry;
struct evhttp_connection;
struct evhttp_request;
struct reply_head;

enum connection_state {
    CONNECTION_PREFACE,   /* waits for the PROXY header of a trusted proxy */
    CONNECTION_WAITING,   /* waits for the first byte of a request */
    CONNECTION_HEAD,      /* has a part of a head */
    CONNECTION_BODY,      /* has a good head, receives the body */
    CONNECTION_DELIVERED, /* evhttp has the canonical request and has not called back yet */
    CONNECTION_REPLYING,  /* the handler has the request */
    CONNECTION_FLUSHING,  /* the handler is done, bytes are still to be sent */
    CONNECTION_LINGERING  /* reply sent and our side shut; waits until the client has read it */
};

/* What the connection counts in its client's shares (share.h). */
struct share {
    bool connection_counted;
    size_t body_bytes;    /* counted for the present body */
    struct id account_id; /* the account that the memory is counted for */
};

struct connection {
    struct server *server;
    size_t slot;
    enum connection_state state;
    bool bound;
    bool emit_due;       /* the canonical request must still go into evhttp's input */
    bool emitting;       /* we are changing evhttp's input ourselves */
    bool discard;        /* incoming bytes are thrown away: refused, or too many ahead */
    bool linger;         /* after the reply the client gets time to read it */
    bool shaking;        /* no request has come yet; TLS's handshake may not be over */
    int64_t deadline_us; /* monotonic; 0: none */
    struct bufferevent *bev;
    struct evbuffer_cb_entry *tap;
    struct evhttp_connection *evcon;
    struct evhttp_request *evreq;     /* while REPLYING */
    bool past_evhttp;                 /* the next chunk of the reply may bypass evhttp */
    bool reply_sized;                 /* its length is in its head: there are no chunks */
    struct buffer head;               /* bytes of the head; request.head points into it */
    struct http_header *header_table; /* of request.head */
    size_t head_scanned;
    struct buffer body;
    bool has_asked;        /* a request has come on it */
    bool admitted;         /* the handler allows a large body for this request */
    bool may_flow;         /* its handler takes the body as it comes */
    bool flowing;          /* it does so now; the body is not over */
    bool paused;           /* the handler wants no more of it for now */
    size_t flow_bytes;     /* what has come of it */
    size_t body_counted;   /* this body's part of the server's sum */
    int64_t window_end_us; /* until then the body must have grown enough */
    size_t window_bytes;   /* the body's size when the window began */
    struct share share;
    struct chunked chunked;
    struct unpack *unpack; /* NULL unless the body has a Content-Encoding */
    struct buffer ahead;   /* pipelined bytes that wait until the present reply ends */
    struct peer peer;
    struct http_request request;
};

/* A connection was accepted. `expects_preface`: its first bytes are a PROXY header. */
void guard_begin(struct connection *connection, bool expects_preface);
/* Counts the connection for its client; returns false when it has refused it. */
bool guard_enter(struct connection *connection);
/* Takes bytes that have come in; the evbuffer callback calls it. */
void guard_feed(struct connection *connection, const char *data, size_t bytes);
/* Call it after guard_feed: receives more of a body of known length directly into the body's
 * buffer. libevent would bring 4 KB a turn, which must be copied and wiped. */
void guard_receive(struct connection *connection);
/* Decides whether a body may have so many bytes. Else fills *refusal. */
bool guard_admit_body(struct connection *connection, size_t bytes, struct refusal *refusal);
/* The reply has ended before the body: the rest of it is thrown away. */
void guard_end_flow(struct connection *connection);
/* Refuses the present request: the handler makes the answer, then the connection closes. */
void guard_refuse(struct connection *connection, struct refusal refusal);
/* The reply has ended and the connection stays: prepares for the next request, which may wait in
 * `ahead`. */
void guard_next(struct connection *connection);
/* Acts when the deadline has passed. */
void guard_tick(struct connection *connection, int64_t now_us);
void guard_fini(struct connection *connection);

/* Writes bytes past evhttp at once, while nothing else is being sent (100 Continue).
 * connection.c */
void connection_send_now(struct connection *connection, const char *data, size_t bytes);
/* Receives up to `bytes` past libevent, whose input must be empty. Returns 0 when there are none,
 * or under TLS. It leaves an end or an error for libevent to find. connection.c */
size_t connection_receive(struct connection *connection, char *to, size_t bytes);
/* Hands the canonical request to evhttp. listener.c */
void connection_deliver(struct connection *connection);
/* Returns whether a TLS connection's handshake is over. connection.c */
bool connection_is_established(const struct connection *connection);
/* Closes without a reply. listener.c */
void connection_close(struct connection *connection);
const struct server_options *connection_options(const struct connection *connection);
/* The server's only reply head and only evbuffer: both are empty between calls. listener.c */
struct reply_head *connection_reply_head(const struct connection *connection);
/* The value of Strict-Transport-Security; NULL: the header is not sent. */
const char *connection_hsts(const struct connection *connection);
struct evbuffer *connection_scratch(const struct connection *connection);
bool connection_admit_large(struct connection *connection, struct refusal *refusal);
/* Whether its handler takes such a body as it comes. */
bool connection_may_flow(const struct connection *connection);
/* Stops and continues to read what the client sends. connection.c */
void connection_read(struct connection *connection, bool wanted);
/* Sets the size of this connection's large body, 0 for none, in the worker's sum and in its
 * client's shares. Returns false with *refusal. */
bool connection_count_body(struct connection *connection, size_t bytes, struct refusal *refusal);

#endif
