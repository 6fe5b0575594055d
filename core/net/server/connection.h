/* Inside net/: one accepted connection and its guard. See server.h for what the guard does.
 *
 * Life: made in listener.c's bevcb, bound to its evhttp_connection in the same loop turn, freed in
 * evhttp's close callback and nowhere else. */
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
    CONNECTION_PREFACE,   /* for the PROXY header of a trusted proxy */
    CONNECTION_WAITING,   /* for the first byte of a request */
    CONNECTION_HEAD,      /* some of a head is there */
    CONNECTION_BODY,      /* the head is good, the body is coming */
    CONNECTION_DELIVERED, /* evhttp has been given the canonical request, has not called back yet */
    CONNECTION_REPLYING,  /* the handler has it */
    CONNECTION_FLUSHING,  /* the handler is done, bytes are on their way */
    CONNECTION_LINGERING  /* reply sent and our side shut: waiting until the client has read it */
};

/* What a connection has of what all share (share.h). */
struct share {
    bool connection_counted;
    size_t body_bytes;    /* counted for the present body */
    struct id account_id; /* who answers for it */
};

struct connection {
    struct server *server;
    size_t slot;
    enum connection_state state;
    bool bound;
    bool emit_due;       /* the canonical request is to be put into evhttp's input */
    bool emitting;       /* we are changing evhttp's input ourselves */
    bool discard;        /* what comes in is thrown away: refused, or more than may be pipelined */
    bool linger;         /* after the reply, give the client time to read it */
    bool shaking;        /* no request has come yet, maybe not even the end of TLS's handshake */
    int64_t deadline_us; /* monotonic; 0: none */
    struct bufferevent *bev;
    struct evbuffer_cb_entry *tap;
    struct evhttp_connection *evcon;
    struct evhttp_request *evreq;     /* while REPLYING */
    bool past_evhttp;                 /* the next chunk of the reply may go past it */
    struct buffer head;               /* bytes of the head; request.head points into it */
    struct http_header *header_table; /* of request.head */
    size_t head_scanned;
    struct buffer body;
    bool admitted;         /* a large body of this request may be read */
    size_t body_counted;   /* what this body counts in the server's sum */
    int64_t window_end_us; /* until when the body must have grown */
    size_t window_bytes;   /* what it had when the window began */
    struct share share;
    struct chunked chunked;
    struct unpack *unpack; /* of a body that comes packed; else NULL */
    struct buffer ahead;   /* pipelined bytes that wait for the present reply to end */
    struct peer peer;
    struct http_request request;
};

/* The connection has been accepted. `expects_preface`: its first bytes are a PROXY header. */
void guard_begin(struct connection *connection, bool expects_preface);
/* Counts the connection in its client's share; false: it has been refused. */
bool guard_enter(struct connection *connection);
/* Takes what has come in; called from the evbuffer callback. */
void guard_feed(struct connection *connection, const char *data, size_t bytes);
/* After guard_feed: receives more of a body of known length, straight to where it stays. libevent
 * would bring 4 KB a turn, to be copied and wiped. */
void guard_receive(struct connection *connection);
/* Refuses the present request: the handler will be asked for the answer, then the connection
 * closes. */
void guard_refuse(struct connection *connection, struct refusal refusal);
/* The reply has ended and the connection stays: makes ready for the next request, which may wait
 * in `ahead`. */
void guard_next(struct connection *connection);
/* Compares the deadline. */
void guard_tick(struct connection *connection, int64_t now_us);
void guard_fini(struct connection *connection);

/* Writes bytes past evhttp at once, when nothing else is being sent (100 Continue).
 * connection.c */
void connection_send_now(struct connection *connection, const char *data, size_t bytes);
/* Receives past libevent, whose input must be empty: up to so many bytes, 0 when there are none or
 * under TLS. An end or error stays there for libevent to find. connection.c */
size_t connection_receive(struct connection *connection, char *to, size_t bytes);
/* Hands the canonical request to evhttp. listener.c */
void connection_deliver(struct connection *connection);
/* Whether a TLS connection's handshake is over. connection.c */
bool connection_is_established(const struct connection *connection);
/* Closes without a reply. listener.c */
void connection_close(struct connection *connection);
const struct server_options *connection_options(const struct connection *connection);
/* The one reply head and the one evbuffer of a server: empty between calls. listener.c */
struct reply_head *connection_reply_head(const struct connection *connection);
/* The value of Strict-Transport-Security, or NULL: nothing is told. */
const char *connection_hsts(const struct connection *connection);
struct evbuffer *connection_scratch(const struct connection *connection);
bool connection_admit_large(struct connection *connection, struct refusal *refusal);
/* The large body of this connection has so many bytes now: in the sum of the worker, and in its
 * client's share. False: *refusal. A body of 0 bytes is none. */
bool connection_count_body(struct connection *connection, size_t bytes, struct refusal *refusal);

#endif
