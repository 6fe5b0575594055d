/* Replies: this file makes their heads, evhttp frames them; bytes that need not wait go out at
 * once. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "net/server/connection.h"
#include "net/server/output.h"
#include "net/server/phrase.h"
#include "net/server/reply_head.h"

enum { LINGER_MS = 1000, FLUSH_TIMEOUTS = 10 };

void http_reply_header(struct http_request *request, const char *name, const char *value)
{
    reply_head_add(connection_reply_head(request->connection), name, value);
}

/* A client that is still sending its body sees that the connection closes behind the reply. */
static void close_after(struct connection *connection)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(connection->evreq);
    evhttp_remove_header(headers, "Connection");
    evhttp_add_header(headers, "Connection", "close");
}

/* Gives evhttp our headers, and those that evhttp reads itself. */
static void give_head(struct connection *connection, const size_t *body_bytes)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(connection->evreq);
    const char *hsts = connection_hsts(connection);
    if (hsts != NULL)
        reply_head_add(connection_reply_head(connection), "Strict-Transport-Security", hsts);
    reply_head_give(connection_reply_head(connection), headers);
    if (body_bytes == NULL)
        return;
    char length[DECIMAL_BYTES + 1];
    *decimal_put(length, (int64_t)*body_bytes) = '\0';
    evhttp_add_header(headers, "Content-Length", length);
}

static void on_drained(struct evhttp_connection *evcon, void *arg)
{
    (void)evcon;
    struct connection *connection = arg;
    if (connection->state == CONNECTION_REPLYING && connection->request.on_drained != NULL)
        connection->request.on_drained(connection->request.user);
    if (connection->state != CONNECTION_FLUSHING)
        return;
    /* Closing with unread bytes would make the kernel send a reset, which can overtake our
     * reply. */
    connection->state = CONNECTION_LINGERING;
    connection->deadline_us = clock_mono_us() + LINGER_MS * 1000;
    if (!connection->request.tls)
        shutdown(bufferevent_getfd(connection->bev), SHUT_WR);
}

static void finish(struct connection *connection)
{
    connection->state = CONNECTION_FLUSHING;
    /* An absolute deadline: a client that reads a byte now and then must not keep us for ever. */
    connection->deadline_us =
        clock_mono_us() + connection_options(connection)->write_timeout_ms * FLUSH_TIMEOUTS * 1000;
    connection->request.on_gone = NULL;
    connection->request.on_drained = NULL;
    connection->request.body_events = NULL;
    guard_end_flow(connection);
}

/* Under TLS libevent sends the bytes, soon. */
static void send_now(struct connection *connection)
{
    if (!connection->request.tls)
        output_send(connection->bev);
}

static void reply_and_linger(struct connection *connection, int status, struct slice body)
{
    give_head(connection, &body.bytes);
    evhttp_send_reply_start(connection->evreq, status, phrase_of(status));
    evbuffer_add(connection_scratch(connection), body.data, body.bytes);
    finish(connection);
    evhttp_send_reply_chunk_with_cb(connection->evreq, connection_scratch(connection), on_drained,
                                    connection);
    send_now(connection);
}

void http_reply(struct http_request *request, int status, struct slice body)
{
    struct connection *connection = request->connection;
    struct evbuffer *scratch = connection_scratch(connection);
    guard_end_flow(connection);
    if (connection->linger) {
        close_after(connection);
        if (body.bytes > 0) {
            reply_and_linger(connection, status, body);
            return;
        }
    }
    bool bodiless = status == 204 || status == 304;
    give_head(connection, bodiless ? NULL : &body.bytes);
    if (body.bytes > 0 && request->head.method != HTTP_HEAD && !bodiless)
        evbuffer_add(scratch, body.data, body.bytes);
    finish(connection);
    evhttp_send_reply(connection->evreq, status, phrase_of(status), scratch);
    evbuffer_drain(scratch, evbuffer_get_length(scratch));
    send_now(connection);
}

static void begin(struct connection *connection, int status, const size_t *body_bytes)
{
    connection->past_evhttp = false;
    connection->reply_sized = body_bytes != NULL;
    if (connection->flowing)
        close_after(connection);
    give_head(connection, body_bytes);
    evhttp_send_reply_start(connection->evreq, status, phrase_of(status));
}

void http_reply_begin(struct http_request *request, int status)
{
    begin(request->connection, status, NULL);
}

void http_reply_begin_sized(struct http_request *request, int status, size_t body_bytes)
{
    begin(request->connection, status, &body_bytes);
}

/* Appends behind the bytes that wait. The head is one of them, so the first piece takes this way;
 * from then on evhttp knows the callback for the end. */
static void write_through_evhttp(struct connection *connection, struct slice data)
{
    const struct http_head *head = &connection->request.head;
    evbuffer_add(connection_scratch(connection), data.data, data.bytes);
    evhttp_send_reply_chunk_with_cb(connection->evreq, connection_scratch(connection), on_drained,
                                    connection);
    connection->past_evhttp = !connection->request.tls && !connection->reply_sized &&
                              head->minor_version > 0 && head->method != HTTP_HEAD;
}

size_t http_reply_write(struct http_request *request, struct slice data)
{
    struct connection *connection = request->connection;
    struct evbuffer *output = bufferevent_get_output(connection->bev);
    if (data.bytes == 0)
        return evbuffer_get_length(output);
    if (connection->past_evhttp && evbuffer_get_length(output) == 0) {
        output_send_chunk(connection->bev, data);
    } else {
        write_through_evhttp(connection, data);
        send_now(connection);
    }
    return evbuffer_get_length(output);
}

void http_reply_end(struct http_request *request, struct slice last)
{
    struct connection *connection = request->connection;
    if (last.bytes > 0)
        write_through_evhttp(connection, last);
    finish(connection);
    /* A reply with nothing to send that is not chunked ends inside this call, and the connection
     * may end with it. */
    bool sends =
        evbuffer_get_length(bufferevent_get_output(connection->bev)) > 0 || connection->past_evhttp;
    evhttp_send_reply_end(connection->evreq);
    if (sends)
        send_now(connection);
}

void http_reply_cut(struct http_request *request)
{
    struct connection *connection = request->connection;
    request->on_gone = NULL;
    request->on_drained = NULL;
    connection_close(connection);
}
