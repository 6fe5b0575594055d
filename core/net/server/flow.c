#include "net/server/flow.h"

#include "base/clock.h"
#include "base/secret.h"
#include "net/server/body_flow.h"
#include "net/server/connection.h"

enum { RECEIVED_BYTES = 32 * 1024 };

/* ---- how fast it comes ---- */

static size_t come_bytes(const struct connection *connection)
{
    return connection->flowing ? connection->flow_bytes : connection->body.bytes;
}

void flow_begin_window(struct connection *connection, int64_t now_us)
{
    connection->window_end_us = now_us + connection_options(connection)->body_window_ms * 1000;
    connection->window_bytes = come_bytes(connection);
}

static bool is_fast(const struct connection *connection)
{
    const struct server_options *options = connection_options(connection);
    size_t wanted = options->body_bytes_per_s_min * (size_t)options->body_window_ms / 1000;
    return come_bytes(connection) - connection->window_bytes >= wanted;
}

static void pass_on(struct connection *connection, struct slice data, bool over,
                    const struct refusal *refusal);

void flow_judge_window(struct connection *connection, int64_t now_us)
{
    static const struct refusal slow = {
        408, "request_timeout", "the body comes too slowly (body_bytes_per_s_min, body_window_ms)"};
    if (connection->paused) /* it is we who do not read */
        flow_begin_window(connection, now_us);
    if (now_us < connection->window_end_us)
        return;
    if (is_fast(connection))
        flow_begin_window(connection, now_us);
    else if (connection->flowing)
        pass_on(connection, (struct slice){"", 0}, false, &slow);
    else
        guard_refuse(connection, slow);
}

/* ---- a body that flows ---- */

/* One that is packed is unpacked as a whole. */
bool flow_may_begin(const struct connection *connection)
{
    const struct http_head *head = &connection->request.head;
    size_t from = connection_options(connection)->flow_from_bytes;
    bool large = head->chunked || (uint64_t)head->content_length > from;
    return large && head->coding == CODING_NONE && connection_may_flow(connection);
}

/* One of unknown length flows when it turns out large; else its head has said so. */
size_t flow_from(const struct connection *connection)
{
    size_t from = connection_options(connection)->flow_from_bytes;
    return connection->request.head.chunked || from < LARGE_BODY_BYTES ? from : LARGE_BODY_BYTES;
}

void flow_begin(struct connection *connection)
{
    connection->flowing = true;
    connection->flow_bytes = connection->body.bytes;
    connection->deadline_us = 0;
    flow_begin_window(connection, clock_mono_us());
    connection->request.flows = true;
    connection->request.body = buffer_slice(&connection->body);
    connection_deliver(connection);
}

/* What comes before the handler knows of the request lies with what came before. */
static void keep(struct connection *connection, struct slice data, const struct refusal *refusal)
{
    struct refusal full = {503, "overloaded", "there is no memory for the body"};
    connection->request.flows = connection->flowing;
    if (refusal->status != 0)
        guard_refuse(connection, *refusal);
    else if (!buffer_append_slice(&connection->body, data))
        guard_refuse(connection, full);
    else
        connection->request.body = buffer_slice(&connection->body);
}

/* Gives on what has come, or why nothing more will. */
static void pass_on(struct connection *connection, struct slice data, bool over,
                    const struct refusal *refusal)
{
    struct http_request *request = &connection->request;
    connection->flow_bytes += data.bytes;
    connection->flowing = !over && refusal->status == 0;
    if (!connection->flowing) /* behind a stop, too: only a read shows that the client leaves */
        http_resume_body(request);
    if (connection->state == CONNECTION_DELIVERED) {
        keep(connection, data, refusal);
        return;
    }
    if (refusal->status != 0)
        connection->discard = connection->linger = true;
    if (request->body_events == NULL)
        return;
    if (refusal->status != 0)
        request->body_events->on_failed(refusal, request->user);
    else
        request->body_events->on_body(data, over, request->user);
}

static size_t feed_chunks(struct connection *connection, const char *data, size_t bytes)
{
    struct refusal refusal = {0};
    struct buffer plain;
    buffer_init(&plain, bytes);
    size_t used = chunked_feed(&connection->chunked, data, bytes, &plain, &refusal);
    if (refusal.status == 0)
        (void)guard_admit_body(connection, connection->flow_bytes + plain.bytes, &refusal);
    pass_on(connection, buffer_slice(&plain), connection->chunked.state == CHUNKED_END, &refusal);
    buffer_wipe_fini(&plain);
    return used;
}

size_t flow_feed(struct connection *connection, const char *data, size_t bytes)
{
    const struct http_head *head = &connection->request.head;
    const struct refusal none = {0};
    if (head->chunked)
        return feed_chunks(connection, data, bytes);
    size_t left = (size_t)head->content_length - connection->flow_bytes;
    size_t used = bytes < left ? bytes : left;
    pass_on(connection, (struct slice){data, used}, used == left, &none);
    return used;
}

void flow_receive(struct connection *connection)
{
    char data[RECEIVED_BYTES];
    size_t bytes = connection_receive(connection, data, sizeof data);
    if (bytes > 0)
        guard_feed(connection, data, bytes);
    secret_wipe(data, bytes);
}

void guard_end_flow(struct connection *connection)
{
    if (connection->flowing)
        connection->discard = connection->linger = true;
    connection->flowing = false;
    http_resume_body(&connection->request);
}

/* ---- what its handler says ---- */

void http_pause_body(struct http_request *request)
{
    struct connection *connection = request->connection;
    if (!connection->flowing || connection->paused)
        return;
    connection->paused = true;
    connection_read(connection, false);
}

void http_resume_body(struct http_request *request)
{
    struct connection *connection = request->connection;
    if (!connection->paused)
        return;
    connection->paused = false;
    connection_read(connection, true);
}

bool http_count_body(struct http_request *request, size_t bytes, struct refusal *refusal)
{
    return connection_count_body(request->connection, bytes, refusal);
}
