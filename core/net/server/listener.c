#include "net/server/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/log.h"
#include "net/server/connection.h"
#include "net/server/listen_address.h"
#include "net/server/reply_head.h"
#include "net/server/share.h"
#include "net/server/tls.h"

enum {
    LISTEN_BACKLOG = 1024,
    EMITTED_BYTES_MAX = 256,
    EVICT_LOOKS = 64,
    FIRST_REQUEST_US = 1000000, /* after a drain has begun */
    EVICT_IDLE_MS = 2000        /* a new client is about to send its request */
};

struct server {
    struct loop *loop;
    struct server_options options;
    struct server_handler handler;
    struct evhttp *http;
    struct evhttp_bound_socket *bound;
    struct evconnlistener *listener;
    int port;
    int64_t drained_us; /* when server_drain was called; 0: it was not */
    bool closing;       /* each connection after its reply */
    bool starved;       /* there was no free descriptor at the last tick */
    size_t bodies_bytes;
    bool bodies_freed;         /* since server_has_freed_bodies was called */
    struct connection **slots; /* NULL where free */
    size_t slot_count;
    size_t slot_hint; /* no slot below it is free */
    size_t connection_count;
    size_t evict_from; /* where the next search for an idle connection begins */
    struct deferred bind;
    /* Accepted in this turn, at most one: on_accept and bind alternate. */
    struct connection *unbound;
    struct evbuffer *scratch; /* empty between calls */
    struct reply_head reply_head;
    char hsts[sizeof "max-age=" + DECIMAL_BYTES];
};

static void on_request(struct evhttp_request *evreq, void *arg);
static void on_closed(struct evhttp_connection *evcon, void *arg);

/* ---- connections come ---- */

static size_t slot_take(struct server *server, struct connection *connection)
{
    size_t slot = server->slot_hint;
    while (slot < server->slot_count && server->slots[slot] != NULL)
        slot++;
    if (slot == server->slot_count) {
        size_t count = server->slot_count == 0 ? 64 : server->slot_count * 2;
        server->slots = realloc(server->slots, count * sizeof *server->slots);
        check(server->slots != NULL);
        memset(server->slots + server->slot_count, 0,
               (count - server->slot_count) * sizeof *server->slots);
        server->slot_count = count;
    }
    server->slots[slot] = connection;
    server->slot_hint = slot + 1;
    server->connection_count++;
    return slot;
}

static void slot_give(struct server *server, size_t slot)
{
    server->slots[slot] = NULL;
    if (slot < server->slot_hint)
        server->slot_hint = slot;
    server->connection_count--;
}

/* Puts the canonical request into evhttp's input. */
static void emit(struct connection *connection)
{
    const struct http_head *head = &connection->request.head;
    char line[96];
    bool bodiless = head->method == HTTP_HEAD && connection->request.refusal.status == 0;
    char *end = decimal_put(stpcpy(line, bodiless ? "HEAD /" : "GET /"), (int64_t)connection->slot);
    end = stpcpy(end, head->minor_version == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    end = stpcpy(end, head->close ? "Connection: close\r\n\r\n" : "\r\n");
    struct evbuffer *input = bufferevent_get_input(connection->bev);
    connection->emit_due = false;
    connection->emitting = true;
    evbuffer_unfreeze(input, 0); /* a socket's input is open at its end only while it reads */
    check(evbuffer_add(input, line, (size_t)(end - line)) == 0);
    if (connection->server->options.tls == NULL)
        evbuffer_freeze(input, 0);
    connection->emitting = false;
}

/* All bytes of a client pass here before evhttp sees them; evhttp gets only what we emit. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    struct connection *connection = arg;
    if (connection->emitting || info->n_added == 0)
        return;
    struct evbuffer_iovec part;
    connection->emitting = true; /* drain calls back, too */
    if (info->orig_size > 0) { /* our request, not yet read by evhttp: it lies before these bytes */
        evbuffer_drain(input, info->orig_size);
        connection->emit_due = true;
    }
    while (evbuffer_peek(input, -1, NULL, &part, 1) > 0 && part.iov_len > 0) {
        guard_feed(connection, part.iov_base, part.iov_len);
        evbuffer_drain(input, part.iov_len); /* libevent's memory is wiped when freed: library.c */
    }
    guard_receive(connection);
    connection->emitting = false;
    if (connection->emit_due)
        emit(connection);
}

static void on_preface(const struct proxy_header *header, void *arg)
{
    struct connection *connection = arg;
    peer_take_proxy_header(&connection->peer, header, connection->server->options.trust);
    (void)guard_enter(connection);
}

static bool idles(const struct connection *connection, int64_t now_us)
{
    const struct server_options *options = &connection->server->options;
    int64_t idle_ms = connection->shaking ? options->head_timeout_ms : options->idle_timeout_ms;
    return connection->state == CONNECTION_WAITING && connection->bound &&
           connection->deadline_us - now_us <= (idle_ms - EVICT_IDLE_MS) * 1000;
}

/* Closes an idle connection to make room for a new one. Looks at a bounded number of connections
 * and goes on from there the next time. */
static bool evict_idle(struct server *server)
{
    int64_t now_us = clock_mono_us();
    for (size_t looks = 0; looks < EVICT_LOOKS && looks < server->slot_count; looks++) {
        struct connection *connection = server->slots[server->evict_from++ % server->slot_count];
        if (connection == NULL || !idles(connection, now_us))
            continue;
        connection_close(connection);
        return true;
    }
    return false;
}

/* libevent accepts all waiting connections in one turn of the loop, and closes those that we refuse
 * at the turn's end: many at once would take every descriptor. So on_accept pauses when there is no
 * room, and on_closed resumes. */
static bool has_room_for_refusal(const struct server *server)
{
    return server->connection_count <=
           server->options.connections_max + server->options.refusals_max;
}

/* Returns whether there is room for the connection; if not, it has refused it. */
static bool find_room(struct server *server, struct connection *connection)
{
    const struct server_options *options = &server->options;
    if (server->connection_count <= options->connections_max || evict_idle(server))
        return true;
    /* A reply holds a descriptor until the client has read it; under TLS it also needs a handshake,
     * which may never come. */
    if (options->tls != NULL || !has_room_for_refusal(server))
        connection_close(connection);
    else
        guard_refuse(connection,
                     (struct refusal){503, "overloaded", "too many connections; try again soon"});
    return false;
}

/* Finds out who the other end is, and whether there is room. */
static void meet(struct connection *connection)
{
    const struct server_options *options = &connection->server->options;
    char *address;
    ev_uint16_t port;
    evhttp_connection_get_peer(connection->evcon, &address, &port);
    peer_init(&connection->peer, address, options->tls != NULL, options->trust);
    connection->request.peer_address = connection->peer.client_text;
    connection->request.secure = connection->peer.secure;
    bool preface = options->trust->proxy_protocol && connection->peer.trusted;
    guard_begin(connection, preface);
    if (!find_room(connection->server, connection))
        return;
    const struct tls_preface reader = {.on_header = on_preface, .arg = connection};
    if (preface && options->tls != NULL)
        check(tls_expect_preface(options->tls, connection->bev, &reader));
    if (!preface)
        (void)guard_enter(connection);
}

static void bind_connection(void *arg)
{
    struct server *server = arg;
    struct connection *connection = server->unbound;
    if (connection == NULL)
        return;
    server->unbound = NULL;
    void *evcon;
    bufferevent_getcb(connection->bev, NULL, NULL, NULL, &evcon);
    connection->evcon = evcon;
    connection->bound = true;
    evhttp_connection_set_closecb(connection->evcon, on_closed, connection);
    const struct timeval write_timeout = {.tv_sec = server->options.write_timeout_ms / 1000,
                                          .tv_usec =
                                              server->options.write_timeout_ms % 1000 * 1000};
    /* Set no read timeout: it would also fire while the client waits for us. The guard has absolute
     * deadlines. */
    bufferevent_set_timeouts(connection->bev, NULL, &write_timeout);
    meet(connection);
}

/* evhttp asks for the bufferevent of a connection that it has just accepted. evhttp's own object
 * for it does not exist yet; bind_connection runs later in this turn, before any byte can be
 * read. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
    struct server *server = arg;
    bind_connection(server); /* the connection accepted before, in the same turn */
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->bev = server->options.tls != NULL
                          ? tls_bufferevent(server->options.tls, base)
                          : bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (connection->bev == NULL) {
        free(connection);
        return NULL;
    }
    connection->server = server;
    connection->slot = slot_take(server, connection);
    connection->request.connection = connection;
    connection->request.tls = server->options.tls != NULL;
    connection->tap = evbuffer_add_cb(bufferevent_get_input(connection->bev), on_input, connection);
    check(connection->tap != NULL);
    server->unbound = connection;
    loop_defer(server->loop, &server->bind);
    if (!has_room_for_refusal(server))
        evconnlistener_disable(server->listener);
    return connection->bev;
}

/* ---- what the guard asks for ---- */

const struct server_options *connection_options(const struct connection *connection)
{
    return &connection->server->options;
}

struct reply_head *connection_reply_head(const struct connection *connection)
{
    return &connection->server->reply_head;
}

const char *connection_hsts(const struct connection *connection)
{
    const struct server *server = connection->server;
    return connection->request.secure && server->options.hsts_max_age_s > 0 ? server->hsts : NULL;
}

struct evbuffer *connection_scratch(const struct connection *connection)
{
    return connection->server->scratch;
}

bool connection_admit_large(struct connection *connection, struct refusal *refusal)
{
    const struct server_handler *handler = &connection->server->handler;
    return handler->on_large_body(&connection->request.head, &connection->share.account_id, refusal,
                                  handler->arg);
}

bool connection_may_flow(const struct connection *connection)
{
    const struct server_handler *handler = &connection->server->handler;
    return handler->on_flow != NULL && handler->on_flow(&connection->request.head, handler->arg);
}

/* Counts the bodies of all connections of this worker. */
static bool count_bodies(struct connection *connection, size_t bytes)
{
    struct server *server = connection->server;
    server->bodies_freed = server->bodies_freed || bytes < connection->body_counted;
    server->bodies_bytes += bytes - connection->body_counted;
    connection->body_counted = bytes;
    return server->bodies_bytes <= server->options.bodies_bytes_max;
}

bool connection_count_body(struct connection *connection, size_t bytes, struct refusal *refusal)
{
    bool fits = count_bodies(connection, bytes);
    if (bytes == 0) {
        share_end_body(connection);
        return true;
    }
    if (!fits)
        *refusal = (struct refusal){503, "overloaded",
                                    "too many large requests are being received; try again soon"};
    return fits && share_body(connection, bytes, refusal);
}

void connection_deliver(struct connection *connection)
{
    connection->state = CONNECTION_DELIVERED;
    connection->emit_due = true;
    if (connection->emitting)
        return; /* on_input emits when the raw bytes are gone, and libevent then calls evhttp */
    emit(connection);
    /* After a time-out nothing else makes evhttp read. */
    bufferevent_trigger(connection->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

void connection_close(struct connection *connection)
{
    evhttp_connection_free(connection->evcon);
}

/* ---- requests ---- */

/* Returns NULL for a request past the guard: on_accept had no memory for its connection, so evhttp
 * made a bufferevent of its own. */
static struct connection *connection_of(struct server *server, struct evhttp_request *evreq)
{
    const char *uri = evhttp_request_get_uri(evreq);
    size_t slot = uri != NULL && uri[0] == '/' ? strtoul(uri + 1, NULL, 10) : SIZE_MAX;
    struct connection *connection = slot < server->slot_count ? server->slots[slot] : NULL;
    bool ours = connection != NULL && connection->evcon == evhttp_request_get_connection(evreq);
    return ours ? connection : NULL;
}

static void on_reply_sent(struct evhttp_request *evreq, void *arg)
{
    (void)evreq;
    struct connection *connection = arg;
    connection->evreq = NULL;
    guard_next(connection);
}

static void on_request(struct evhttp_request *evreq, void *arg)
{
    struct server *server = arg;
    struct connection *connection = connection_of(server, evreq);
    if (connection == NULL) {
        evhttp_send_error(evreq, 503, NULL);
        return;
    }
    check(connection->state == CONNECTION_DELIVERED);
    connection->state = CONNECTION_REPLYING;
    connection->evreq = evreq;
    evhttp_request_set_on_complete_cb(evreq, on_reply_sent, connection);
    /* While evhttp waits for our reply it does not read, so it would not notice that the client
     * leaves. So we read without evhttp: a client may pipeline (RFC 9112, 9.3.2), and those bytes
     * wait in the guard. */
    bufferevent_event_cb on_event;
    bufferevent_data_cb on_write;
    void *evcon;
    bufferevent_getcb(connection->bev, NULL, &on_write, &on_event, &evcon);
    bufferevent_setcb(connection->bev, NULL, on_write, on_event, evcon);
    bufferevent_enable(connection->bev, EV_READ);
    connection->has_asked = true;
    if (server->drained_us > 0 || server->closing)
        evhttp_add_header(evhttp_request_get_output_headers(evreq), "Connection", "close");
    server->handler.on_request(&connection->request, server->handler.arg);
}

/* evhttp is about to free the connection: it ended or broke, or the client left. */
static void on_closed(struct evhttp_connection *evcon, void *arg)
{
    (void)evcon;
    struct connection *connection = arg;
    struct server *server = connection->server;
    struct http_request *request = &connection->request;
    struct evhttp_request *evreq = connection->evreq;
    connection->evreq = NULL;
    if (connection->state == CONNECTION_REPLYING && request->on_gone != NULL)
        request->on_gone(request->user);
    /* evhttp gave up a request that we had not ended: we must free it. */
    if (evreq != NULL && evhttp_request_get_connection(evreq) == NULL)
        evhttp_request_free(evreq);
    evbuffer_remove_cb_entry(bufferevent_get_input(connection->bev), connection->tap);
    guard_fini(connection);
    slot_give(server, connection->slot);
    free(connection);
    if (server->listener != NULL)
        evconnlistener_enable(server->listener); /* the next connection gets its descriptor */
}

void http_take_body(struct http_request *request, struct buffer *out)
{
    *out = request->connection->body;
    request->connection->body = (struct buffer){0};
}

bool http_reply_has_room(struct http_request *request, size_t bytes)
{
    struct connection *connection = request->connection;
    size_t counted = connection->body_counted;
    if (count_bodies(connection, counted + bytes))
        return true;
    (void)count_bodies(connection, counted);
    return false;
}

/* ---- the server ---- */

static bool has_free_descriptor(void)
{
    int fd = eventfd(0, EFD_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* on_accept_error cannot tell us that it has paused the listener, so each tick checks. */
static void resume_accepting(struct server *server)
{
    if (server->listener == NULL)
        return;
    bool starved = !has_free_descriptor();
    if (starved && !server->starved)
        log_event(LOG_ERROR, "no descriptor is left: connections wait until one is free; raise "
                             "the limit of open files (ulimit -n)");
    else if (server->starved && !starved)
        log_event(LOG_INFO, "descriptors are free again");
    server->starved = starved;
    if (!starved)
        evconnlistener_enable(server->listener);
}

/* Whether a connection waits for nothing that a drain must wait for. A client that has connected a
 * moment ago is about to ask, and would not ask again. */
static bool is_idle(const struct connection *connection, int64_t now_us)
{
    bool fresh = now_us - connection->server->drained_us < FIRST_REQUEST_US;
    return connection->state == CONNECTION_WAITING && (connection->has_asked || !fresh);
}

static void on_tick(void *arg)
{
    struct server *server = arg;
    int64_t now_us = clock_mono_us();
    resume_accepting(server);
    for (size_t i = 0; i < server->slot_count; i++) {
        struct connection *connection = server->slots[i];
        if (connection == NULL)
            continue;
        if (server->drained_us > 0 && is_idle(connection, now_us))
            connection_close(connection);
        else
            guard_tick(connection, now_us);
    }
}

/* Descriptors have run out, most likely: to accept again at once would spin. So it pauses until a
 * connection ends, or the next tick finds a free descriptor. `arg` is evhttp's own: of our objects
 * only the listener can be reached here. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    (void)arg;
    int why = EVUTIL_SOCKET_ERROR();
    if (why != EMFILE && why != ENFILE)
        log_event(LOG_ERROR, "cannot accept a connection",
                  log_text("reason", evutil_socket_error_to_string(why)));
    evconnlistener_disable(listener);
}

static bool listen_on(struct server *server, struct fault *fault)
{
    const struct server_options *options = &server->options;
    bool shared = options->listen_fd > 0;
    int fd = shared ? listen_address_share(options->listen_fd, fault)
                    : listen_address_open(options->address, options->port, fault);
    int one = 1;
    if (fd < 0)
        return false;
    /* Accepted sockets inherit it; without it a TLS reply waits 40 ms for the client's ACK. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    server->listener =
        evconnlistener_new(loop_base(server->loop), NULL, NULL, LEV_OPT_CLOSE_ON_FREE,
                           shared ? 0 : LISTEN_BACKLOG /* 0: it listens already */, fd);
    if (server->listener == NULL) {
        close(fd);
        return fault_set(fault, "listen_failed", "cannot listen on %s port %d: %s",
                         options->address, options->port, strerror(errno));
    }
    server->port = listen_address_port(fd);
    server->bound = evhttp_bind_listener(server->http, server->listener);
    check(server->bound != NULL);
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    return true;
}

struct server *server_new(struct loop *loop, const struct server_options *options,
                          const struct server_handler *handler, struct fault *fault)
{
    struct server *server = calloc(1, sizeof *server);
    check(server != NULL);
    server->loop = loop;
    server->options = *options;
    server->handler = *handler;
    server->bind = (struct deferred){.call = bind_connection, .arg = server};
    server->scratch = evbuffer_new();
    reply_head_init(&server->reply_head);
    *decimal_put(stpcpy(server->hsts, "max-age="), options->hsts_max_age_s) = '\0';
    server->http = evhttp_new(loop_base(loop));
    check(server->scratch != NULL && server->http != NULL);
    evhttp_set_bevcb(server->http, on_accept, server);
    evhttp_set_gencb(server->http, on_request, server);
    evhttp_set_default_content_type(server->http, NULL);
    evhttp_set_max_headers_size(server->http, EMITTED_BYTES_MAX); /* it reads only what we emit */
    evhttp_set_max_body_size(server->http, 0);
    if (!listen_on(server, fault)) {
        server_free(server);
        return NULL;
    }
    loop_on_tick(loop, on_tick, server);
    return server;
}

void server_bound_connections(struct server *server, size_t connections_max, size_t refusals_max,
                              size_t address_connections_max)
{
    server->options.connections_max = connections_max;
    server->options.refusals_max = refusals_max;
    server->options.bounds.address_connections_max = address_connections_max;
}

int server_port(const struct server *server)
{
    return server->port;
}

bool server_has_freed_bodies(struct server *server)
{
    bool freed = server->bodies_freed;
    server->bodies_freed = false;
    return freed;
}

void server_close_after_replies(struct server *server, bool closing)
{
    server->closing = closing;
}

size_t server_connection_count(const struct server *server)
{
    return server->connection_count;
}

void server_drain(struct server *server)
{
    if (server->drained_us > 0)
        return;
    server->drained_us = clock_mono_us();
    bind_connection(server);
    evhttp_del_accept_socket(server->http, server->bound);
    server->listener = NULL;
    for (size_t i = 0; i < server->slot_count; i++) {
        struct connection *connection = server->slots[i];
        if (connection == NULL)
            continue;
        if (is_idle(connection, server->drained_us))
            connection_close(connection);
        else if (connection->state == CONNECTION_REPLYING)
            evhttp_add_header(evhttp_request_get_output_headers(connection->evreq), "Connection",
                              "close");
    }
}

void server_free(struct server *server)
{
    bind_connection(server);
    for (size_t i = 0; i < server->slot_count; i++) {
        if (server->slots[i] != NULL)
            connection_close(server->slots[i]);
    }
    loop_cancel(server->loop, &server->bind);
    evhttp_free(server->http);
    evbuffer_free(server->scratch);
    reply_head_fini(&server->reply_head);
    free(server->slots);
    free(server);
}
