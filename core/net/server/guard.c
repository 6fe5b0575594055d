#include "net/server/connection.h"
#include "net/server/flow.h"
#include "net/server/share.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/secret.h"

/* More than one read brings. */
enum { FLOW_PIECE_BYTES = 1024 * 1024 };
enum {
    /* A head and the bytes that one read brings with it. */
    HEAD_BUFFER_BYTES = LIMIT_HEAD_BYTES + 4096,
    /* How much memory is reserved for a body before its bytes come. The first limit is for an
     * anonymous sender, the second for an authenticated customer. */
    AHEAD_BYTES = 16 * 1024,
    AHEAD_BYTES_LARGE = 256 * 1024
};

static int64_t deadline_in(int64_t timeout_ms)
{
    return clock_mono_us() + timeout_ms * 1000;
}

bool guard_enter(struct connection *connection)
{
    if (share_enter(connection))
        return true;
    if (connection->request.tls) { /* a reply would need a handshake, which may never come */
        connection->discard = true;
        connection->deadline_us = clock_mono_us(); /* the next tick closes it */
        return false;
    }
    guard_refuse(connection, (struct refusal){429, "rate_limit_exceeded",
                                              "your address has too many connections to this "
                                              "gateway; close some, or use fewer"});
    return false;
}

static void wait_for_request(struct connection *connection)
{
    connection->state = CONNECTION_WAITING;
    int64_t idle_timeout_ms =
        connection->discard ? 0 : connection_options(connection)->idle_timeout_ms;
    connection->deadline_us = deadline_in(idle_timeout_ms);
}

void guard_begin(struct connection *connection, bool expects_preface)
{
    const struct server_options *options = connection_options(connection);
    wait_for_request(connection);
    connection->shaking = connection->request.tls;
    if (connection->shaking || expects_preface)
        connection->deadline_us = deadline_in(options->head_timeout_ms);
    if (expects_preface && !connection->request.tls) {
        connection->state = CONNECTION_PREFACE;
        buffer_init(&connection->head, LIMIT_PROXY_HEADER_BYTES);
    }
}

void guard_refuse(struct connection *connection, struct refusal refusal)
{
    struct buffer *head = &connection->head;
    if (connection->state == CONNECTION_HEAD && connection->request.head.path.bytes == 0)
        head_find_path(head->data, head->bytes, &connection->request.head);
    connection->request.refusal = refusal;
    connection->discard = true;
    connection->linger = true;
    connection->deadline_us = 0;
    connection->request.head.close = true;
    connection->request.head.minor_version = 1;
    buffer_fini(&connection->ahead);
    connection_deliver(connection);
}

static void end_unpacking(struct connection *connection)
{
    unpack_free(connection->unpack);
    connection->unpack = NULL;
}

static void complete(struct connection *connection)
{
    end_unpacking(connection);
    connection->deadline_us = 0;
    connection->request.body = buffer_slice(&connection->body);
    connection_deliver(connection);
}

static bool body_expected(const struct http_head *head)
{
    return head->chunked || head->content_length > 0;
}

/* Decides whether a body may have `bytes` bytes: before it is read, and again when it turns out
 * larger than announced. Until the sender is known as a customer, it gets only a little of our
 * memory. */
bool guard_admit_body(struct connection *connection, size_t bytes, struct refusal *refusal)
{
    const struct server_options *options = connection_options(connection);
    if (connection->may_flow ? bytes > options->flow_bytes_max : bytes > options->body_bytes_max) {
        *refusal = (struct refusal){
            413, "request_too_large",
            connection->may_flow ? "the form is larger than this gateway takes (form_bytes_max)"
                                 : "the body is larger than this gateway takes (body_bytes_max)"};
        return false;
    }
    if (connection->admitted || bytes <= LARGE_BODY_BYTES)
        return true;
    connection->admitted = connection_admit_large(connection, refusal);
    return connection->admitted;
}

/* Counts the whole announced length for the client at once. So of many simultaneous bodies some
 * come complete, and the others are refused before the client has sent them in vain. */
static bool admit_length(struct connection *connection, size_t bytes, struct refusal *refusal)
{
    size_t counted = connection->may_flow ? FLOW_COUNTED_BYTES : bytes;
    return guard_admit_body(connection, bytes, refusal) &&
           (bytes <= LARGE_BODY_BYTES || share_body(connection, counted, refusal));
}

static size_t body_left(const struct connection *connection)
{
    size_t taken = connection->unpack != NULL ? unpack_taken_bytes(connection->unpack)
                                              : connection->body.bytes;
    return (size_t)connection->request.head.content_length - taken;
}

/* Reserves the body's memory in one piece, as far as an announcement alone is worth it: a body that
 * moves while it grows leaves copies behind. */
static char *reserve_body(struct connection *connection)
{
    size_t ahead = connection->admitted ? AHEAD_BYTES_LARGE : AHEAD_BYTES;
    size_t left = body_left(connection);
    return buffer_reserve(&connection->body, left < ahead ? left : ahead);
}

static void judge_body(struct connection *connection, struct refusal refusal)
{
    const struct http_head *head = &connection->request.head;
    size_t bytes = connection->body.bytes;
    if (refusal.status == 0 && guard_admit_body(connection, bytes, &refusal) &&
        bytes > LARGE_BODY_BYTES)
        (void)connection_count_body(connection, bytes, &refusal);
    if (refusal.status != 0) {
        guard_refuse(connection, refusal);
        return;
    }
    bool over =
        head->chunked ? connection->chunked.state == CHUNKED_END : body_left(connection) == 0;
    if (!over && connection->may_flow && bytes >= flow_from(connection)) {
        flow_begin(connection);
        return;
    }
    if (over && connection->unpack != NULL && !unpack_finish(connection->unpack, &refusal))
        guard_refuse(connection, refusal);
    else if (over)
        complete(connection);
}

/* feed_body for a body with a Content-Encoding. */
static size_t feed_packed(struct connection *connection, const char *data, size_t bytes,
                          struct refusal *refusal)
{
    struct buffer packed;
    if (!connection->request.head.chunked) {
        size_t left = body_left(connection);
        size_t used = bytes < left ? bytes : left;
        (void)unpack_feed(connection->unpack, (struct slice){data, used}, &connection->body,
                          refusal);
        return used;
    }
    buffer_init(&packed, bytes);
    size_t used = chunked_feed(&connection->chunked, data, bytes, &packed, refusal);
    if (refusal->status == 0)
        (void)unpack_feed(connection->unpack, buffer_slice(&packed), &connection->body, refusal);
    buffer_wipe_fini(&packed);
    return used;
}

/* Returns how many of the bytes belong to the body. */
static size_t feed_body(struct connection *connection, const char *data, size_t bytes)
{
    struct refusal refusal = {0};
    struct http_request *request = &connection->request;
    size_t used;
    if (connection->unpack != NULL) {
        used = feed_packed(connection, data, bytes, &refusal);
    } else if (request->head.chunked) {
        used = chunked_feed(&connection->chunked, data, bytes, &connection->body, &refusal);
    } else {
        size_t left = body_left(connection);
        used = bytes < left ? bytes : left;
        if (!buffer_append(&connection->body, data, used))
            refusal = (struct refusal){503, "overloaded", "there is no memory for the body"};
    }
    judge_body(connection, refusal);
    return connection->discard ? bytes : used;
}

void guard_receive(struct connection *connection)
{
    if (connection->flowing && !connection->paused && connection->state == CONNECTION_REPLYING) {
        flow_receive(connection);
        return;
    }
    if (connection->state != CONNECTION_BODY || connection->request.head.chunked ||
        connection->unpack != NULL)
        return;
    char *to = reserve_body(connection);
    if (to == NULL)
        return; /* feed_body will find the lack of memory */
    struct buffer *body = &connection->body;
    body->bytes += connection_receive(connection, to, body->capacity_bytes - body->bytes);
    judge_body(connection, (struct refusal){0});
}

static bool begin_unpacking(struct connection *connection, struct refusal *refusal)
{
    switch (connection->request.head.coding) {
    case CODING_NONE:
        return true;
    case CODING_OTHER:
        *refusal = (struct refusal){415, "unsupported_content_encoding",
                                    "the body comes in a Content-Encoding that is not known here; "
                                    "send it as it is, or with gzip or deflate"};
        return false;
    case CODING_ZLIB:
        break;
    }
    connection->unpack = unpack_new();
    if (connection->unpack == NULL)
        *refusal = (struct refusal){503, "overloaded", "there is no memory for the body"};
    return connection->unpack != NULL;
}

static void begin_body(struct connection *connection, bool nothing_came_with_it)
{
    const struct http_head *head = &connection->request.head;
    struct refusal refusal = {0};
    if (!body_expected(head)) {
        complete(connection);
        return;
    }
    connection->admitted = false;
    connection->may_flow = flow_may_begin(connection);
    if (!begin_unpacking(connection, &refusal)) {
        guard_refuse(connection, refusal);
        return;
    }
    if (!head->chunked && !admit_length(connection, (size_t)head->content_length, &refusal)) {
        guard_refuse(connection, refusal);
        return;
    }
    connection->state = CONNECTION_BODY;
    connection->deadline_us = deadline_in(connection_options(connection)->body_timeout_ms);
    flow_begin_window(connection, clock_mono_us());
    chunked_init(&connection->chunked);
    if (head->chunked || connection->unpack != NULL) {
        size_t most = connection_options(connection)->body_bytes_max;
        if (connection->may_flow) /* the piece with which it becomes one that passes */
            most += FLOW_PIECE_BYTES;
        buffer_init(&connection->body, most);
        /* Large enough for any body with a password: a body that moves while it grows leaves copies
         * behind. */
        (void)buffer_reserve(&connection->body, most < AHEAD_BYTES ? most : AHEAD_BYTES);
    } else {
        buffer_init(&connection->body, (size_t)head->content_length);
        (void)reserve_body(connection); /* if memory is short, the append will fail */
    }
    if (head->expects_continue && nothing_came_with_it) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        connection_send_now(connection, go_on, sizeof go_on - 1);
    }
}

/* Empty lines before a request line are ignored (RFC 9112, 2.2). */
static size_t skip_blank_lines(const char *data, size_t bytes)
{
    size_t at = 0;
    while (at < 4 && at < bytes && (data[at] == '\r' || data[at] == '\n'))
        at++;
    return at;
}

/* Allocates only as many headers as the head has: most have a dozen, and streams keep them for
 * long. */
static bool parse_head(struct connection *connection, size_t bytes, struct refusal *refusal)
{
    const char *data = connection->head.data;
    size_t count = head_count_headers(data, bytes);
    connection->header_table = calloc(count + 1, sizeof *connection->header_table);
    check(connection->header_table != NULL);
    return head_parse(data, bytes, connection->header_table, count, &connection->request.head,
                      refusal);
}

/* Keeps the bytes, and returns where the head ends. 0: more of it must come; below 0: it is
 * refused. Most heads come whole, with the body behind them. They are found where they lie, and
 * only their own bytes are kept. */
static ptrdiff_t keep_head(struct connection *connection, const char *data, size_t bytes,
                           struct refusal *refusal)
{
    struct buffer *head = &connection->head;
    bool whole = head->bytes == 0;
    ptrdiff_t end = whole ? head_find_end(data, bytes, 0, refusal) : 0;
    if (end < 0)
        return end;
    if (!buffer_append(head, data, end > 0 ? (size_t)end : bytes)) {
        *refusal = (struct refusal){503, "overloaded", "there is no memory left"};
        return -1;
    }
    if (whole)
        return end;
    return head_find_end(head->data, head->bytes, connection->head_scanned, refusal);
}

/* Returns how many of the bytes belong to the head. */
static size_t feed_head(struct connection *connection, const char *data, size_t bytes)
{
    struct buffer *head = &connection->head;
    struct refusal refusal = {0};
    size_t before = head->bytes;
    size_t place = HEAD_BUFFER_BYTES - before;
    size_t take = bytes < place ? bytes : place;
    ptrdiff_t end = keep_head(connection, data, take, &refusal);
    if (end == 0) {
        connection->head_scanned = head->bytes;
        return take;
    }
    if (end < 0 || !parse_head(connection, (size_t)end, &refusal)) {
        guard_refuse(connection, refusal);
        return bytes;
    }
    peer_read_head(&connection->peer, &connection->request.head,
                   connection_options(connection)->trust);
    connection->request.secure = connection->peer.client_secure;
    secret_wipe(head->data + end, head->bytes - (size_t)end);
    head->bytes = (size_t)end;
    size_t used = (size_t)end - before;
    begin_body(connection, used == bytes);
    return used;
}

/* Returns how many of the bytes belong to the PROXY header. A bad one ends the connection: the
 * sender is no proxy that could read an answer. */
static size_t feed_preface(struct connection *connection, const char *data, size_t bytes)
{
    struct buffer *gathered = &connection->head;
    struct proxy_header header;
    size_t needed;
    size_t used = 0;
    enum proxy_progress progress =
        proxy_header_parse(gathered->data, gathered->bytes, &header, &needed);
    while (progress == PROXY_MORE && used < bytes) {
        size_t wanted = needed - gathered->bytes;
        size_t take = bytes - used < wanted ? bytes - used : wanted;
        if (!buffer_append(gathered, data + used, take))
            break;
        used += take;
        progress = proxy_header_parse(gathered->data, gathered->bytes, &header, &needed);
    }
    if (progress == PROXY_MORE && !gathered->failed)
        return used;
    buffer_fini(gathered);
    if (progress != PROXY_DONE) {
        connection->discard = true;
        connection->deadline_us = clock_mono_us(); /* the next tick closes it */
        return bytes;
    }
    peer_take_proxy_header(&connection->peer, &header, connection_options(connection)->trust);
    wait_for_request(connection);
    (void)guard_enter(connection);
    return used;
}

static void start_head(struct connection *connection)
{
    peer_begin_request(&connection->peer);
    connection->request.secure = connection->peer.client_secure;
    connection->shaking = false;
    connection->state = CONNECTION_HEAD;
    connection->deadline_us = deadline_in(connection_options(connection)->head_timeout_ms);
    connection->head_scanned = 0;
    buffer_init(&connection->head, HEAD_BUFFER_BYTES);
}

static void hold_unapplied(struct connection *connection, const char *data, size_t bytes)
{
    if (connection->ahead.bytes_max == 0)
        buffer_init(&connection->ahead, LIMIT_PIPELINED_BYTES);
    if (buffer_append(&connection->ahead, data, bytes))
        return;
    /* The client pipelines too much: answer the present request, then close. */
    connection->discard = true;
    connection->linger = true;
    buffer_fini(&connection->ahead);
}

void guard_feed(struct connection *connection, const char *data, size_t bytes)
{
    size_t at = 0;
    while (at < bytes && !connection->discard) {
        switch (connection->state) {
        case CONNECTION_PREFACE:
            at += feed_preface(connection, data + at, bytes - at);
            break;
        case CONNECTION_WAITING:
            at += skip_blank_lines(data + at, bytes - at);
            if (at < bytes)
                start_head(connection);
            break;
        case CONNECTION_HEAD:
            at += feed_head(connection, data + at, bytes - at);
            break;
        case CONNECTION_BODY:
            at += feed_body(connection, data + at, bytes - at);
            break;
        case CONNECTION_DELIVERED:
        case CONNECTION_REPLYING:
            if (connection->flowing) {
                at += flow_feed(connection, data + at, bytes - at);
                break;
            }
            hold_unapplied(connection, data + at, bytes - at);
            return;
        case CONNECTION_FLUSHING:
        case CONNECTION_LINGERING:
            hold_unapplied(connection, data + at, bytes - at);
            return;
        }
    }
}

static void clear_request(struct connection *connection)
{
    (void)connection_count_body(connection, 0, NULL);
    end_unpacking(connection);
    /* The head holds the client's key: it must not be found in memory later. */
    buffer_wipe_fini(&connection->head);
    buffer_wipe_fini(&connection->body);
    struct http_head *head = &connection->request.head;
    free(connection->header_table);
    connection->header_table = head->headers = NULL;
    head->header_count = 0;
    head->method_text = head->path = head->query = (struct slice){0}; /* lay in the head */
    connection->request.refusal = (struct refusal){0};
    connection->request.body = (struct slice){0};
    connection->request.user = NULL;
    connection->request.on_gone = NULL;
    connection->request.on_drained = NULL;
    connection->request.flows = false;
    connection->request.body_events = NULL;
    connection->flowing = false;
    connection->paused = false;
}

void guard_next(struct connection *connection)
{
    clear_request(connection);
    wait_for_request(connection);
    if (connection->ahead.bytes == 0 || connection->discard)
        return;
    struct buffer ahead = connection->ahead;
    connection->ahead = (struct buffer){0};
    guard_feed(connection, ahead.data, ahead.bytes);
    buffer_wipe_fini(&ahead);
}

void guard_tick(struct connection *connection, int64_t now_us)
{
    bool flowing = connection->flowing && connection->state == CONNECTION_REPLYING;
    if (flowing || (connection->state == CONNECTION_BODY && now_us < connection->deadline_us))
        flow_judge_window(connection, now_us);
    if (connection->deadline_us == 0 || now_us < connection->deadline_us)
        return;
    switch (connection->state) {
    case CONNECTION_HEAD:
        guard_refuse(connection,
                     (struct refusal){408, "request_timeout",
                                      "the head did not arrive in time (head_timeout_ms)"});
        return;
    case CONNECTION_BODY:
        guard_refuse(connection,
                     (struct refusal){408, "request_timeout",
                                      "the body did not arrive in time (body_timeout_ms)"});
        return;
    case CONNECTION_WAITING:
        if (connection->shaking && !connection->discard && connection_is_established(connection)) {
            connection->shaking = false;
            wait_for_request(connection);
            return;
        }
        connection_close(connection);
        return;
    case CONNECTION_PREFACE:
    case CONNECTION_FLUSHING:
    case CONNECTION_LINGERING:
        connection_close(connection);
        return;
    case CONNECTION_DELIVERED:
    case CONNECTION_REPLYING:
        return;
    }
}

void guard_fini(struct connection *connection)
{
    share_leave(connection);
    clear_request(connection);
    buffer_wipe_fini(&connection->ahead);
}
