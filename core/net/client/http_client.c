#include "net/client/http_client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/secret.h"
#include "net/client/http_pool.h"
#include "net/client/http_tail.h"
#include "net/client/response.h"
#include "net/client/upstream_call.h"

enum {
    INPUT_BYTES = 64 * 1024,
    REPEATED_S = 5 /* a connection that was already closed ends sooner */
};

struct http_call {
    struct upstream_call base;
    struct http_client *client;
    struct http_target *target;
    LIST_ENTRY(http_call) link;         /* client->connecting, then client->running */
    struct http_connection *connection; /* NULL: not connected yet */
    struct upstream_events events;
    struct response response;
    char *head; /* of the request; freed when it can no longer be sent again */
    size_t head_bytes;
    const struct slice *body;
    size_t body_parts;
    size_t body_bytes;
    size_t sent_bytes; /* of head and body */
    struct http_tail tail;
    int64_t connect_timeout_ms;
    int64_t connect_until_us;
    int64_t repeated_until_us;
    int64_t address_until_us; /* after that the next address is tried */
    size_t address_at;        /* the next address to try */
    int connect_error;        /* of the last address tried */
    bool heard;               /* a byte of the answer has come */
    bool once;                /* not sent again if anything of it was sent */
    bool paused;
    bool delivering;       /* inside an event of this call */
    bool cancelled;        /* during that event: free the call after it */
    struct buffer rest;    /* bytes read, kept back by a pause */
    struct deferred later; /* ends a call that has failed; else passes on the rest */
    enum upstream_end end;
    char *failure; /* NULL: the call has not failed */
};

LIST_HEAD(http_calls, http_call);

struct http_client {
    struct loop *loop;
    struct http_pool pool;
    struct http_calls connecting;
    struct http_calls running;
    char input[INPUT_BYTES]; /* used only within one turn of an event */
};

/* ---- a call ends ---- */

static void drop_head(struct http_call *call)
{
    if (call->head == NULL)
        return;
    secret_wipe(call->head, call->head_bytes); /* it holds the provider's key */
    free(call->head);
    call->head = NULL;
}

static void drop_connection(struct http_call *call)
{
    if (call->connection != NULL)
        http_connection_close(call->connection);
    call->connection = NULL;
}

static void call_free(struct http_call *call)
{
    drop_connection(call);
    loop_cancel(call->client->loop, &call->later);
    LIST_REMOVE(call, link);
    call->target->calls--;
    response_fini(&call->response);
    buffer_fini(&call->rest);
    drop_head(call);
    free(call->failure);
    free(call);
}

/* Never call it from inside a function of upstream.h. */
static void finish(struct http_call *call, enum upstream_end end)
{
    const struct upstream_events events = call->events;
    char *failure = call->failure;
    call->failure = NULL;
    call_free(call);
    events.on_end(end, failure != NULL ? failure : "", events.arg);
    free(failure);
}

static void fail(struct http_call *call, enum upstream_end end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* May be called from anywhere: a deferred call reports the end. */
static void fail(struct http_call *call, enum upstream_end end, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    check(vasprintf(&call->failure, format, args) >= 0);
    va_end(args);
    call->end = end;
    drop_connection(call);
    loop_defer(call->client->loop, &call->later);
}

/* ---- the request goes out ---- */

static bool all_sent(const struct http_call *call)
{
    return call->sent_bytes == call->head_bytes + call->body_bytes &&
           http_tail_is_sent(&call->tail);
}

/* Adds the unsent bytes of `part` to `rest`. *sent is how much of this and the next parts is sent;
 * the part's share is taken off it. */
static int add_rest(struct iovec *rest, int count, struct slice part, size_t *sent)
{
    size_t over = *sent < part.bytes ? *sent : part.bytes;
    *sent -= over;
    if (over == part.bytes)
        return count;
    /* sendmsg only reads it */
    rest[count] = (struct iovec){(void *)(uintptr_t)(part.data + over), part.bytes - over};
    return count + 1;
}

/* Sends what is left of head and body. Returns false if that has failed. */
static bool send_front(struct http_call *call)
{
    struct iovec rest[1 + UPSTREAM_PARTS_MAX];
    size_t done = call->sent_bytes;
    int count = add_rest(rest, 0, (struct slice){call->head, call->head_bytes}, &done);
    for (size_t i = 0; i < call->body_parts; i++)
        count = add_rest(rest, count, call->body[i], &done);
    ssize_t sent = count > 0 ? http_connection_send(call->connection, rest, count) : 0;
    if (sent > 0)
        call->sent_bytes += (size_t)sent;
    return sent >= 0 || errno == EAGAIN;
}

static void send_rest(struct http_call *call)
{
    bool failed = !send_front(call);
    bool waits = call->sent_bytes < call->head_bytes + call->body_bytes;
    if (!failed && !waits && call->tail.from != NULL)
        waits = http_tail_send(&call->tail, call->connection, &failed);
    /* Even after a failure to send, the provider may have answered (413); reading will show. */
    http_connection_wait_to_send(call->connection, !failed && waits);
}

static void on_event(struct http_connection *connection, enum http_connection_event event,
                     int error);

static void attach(struct http_call *call, struct http_connection *connection)
{
    call->connection = connection;
    connection->call = call;
    connection->target = call->target;
    connection->on_event = on_event;
}

/* ---- connecting ---- */

/* Begins to connect to the next address. Its time is what is left, divided by the number of
 * addresses still to try. */
static void try_addresses(struct http_call *call)
{
    const struct addresses *addresses = &call->target->addresses;
    while (call->address_at < addresses->count) {
        int64_t now_us = clock_mono_us();
        int64_t left = (int64_t)(addresses->count - call->address_at);
        struct http_connection *connection =
            http_connection_open(call->client->loop, &addresses->at[call->address_at++], on_event);
        if (connection != NULL) {
            attach(call, connection);
            call->address_until_us = now_us + (call->connect_until_us - now_us) / left;
            return;
        }
        call->connect_error = errno;
    }
    fail(call, UPSTREAM_UNREACHABLE, "could not connect to %s port %s: %s", call->target->host,
         call->target->port, strerror(call->connect_error));
}

static void connect_call(struct http_call *call)
{
    struct http_target *target = call->target;
    int64_t now_us = clock_mono_us();
    LIST_INSERT_HEAD(&call->client->connecting, call, link);
    call->connect_until_us = now_us + call->connect_timeout_ms * 1000;
    call->address_at = 0;
    if (now_us < target->addresses_until_us)
        try_addresses(call);
    else if (!http_pool_resolve(target))
        fail(call, UPSTREAM_UNREACHABLE, "could not look up %s: too many lookups wait",
             target->host);
}

static void on_addresses(struct http_target *target, const char *why, void *arg)
{
    struct http_client *client = arg;
    struct http_call *call;
    LIST_FOREACH(call, &client->connecting, link)
    {
        if (call->target != target || call->connection != NULL || call->failure != NULL)
            continue;
        if (why != NULL)
            fail(call, UPSTREAM_UNREACHABLE, "could not look up %s: %s", target->host, why);
        else
            try_addresses(call);
    }
}

static void on_connected(struct http_call *call, int error)
{
    if (error != 0) {
        call->connect_error = error;
        drop_connection(call);
        try_addresses(call);
        return;
    }
    LIST_REMOVE(call, link);
    LIST_INSERT_HEAD(&call->client->running, call, link);
    http_connection_read(call->connection, !call->paused);
    send_rest(call);
}

static void on_tick(void *arg)
{
    struct http_client *client = arg;
    int64_t now_us = clock_mono_us();
    struct http_call *call;
    LIST_FOREACH(call, &client->connecting, link)
    {
        if (call->failure != NULL)
            continue;
        if (now_us >= call->connect_until_us) {
            fail(call, UPSTREAM_TIMED_OUT, "no connection to %s port %s within %lld ms",
                 call->target->host, call->target->port, (long long)call->connect_timeout_ms);
        } else if (call->connection != NULL && now_us >= call->address_until_us &&
                   call->address_at < call->target->addresses.count) {
            drop_connection(call);
            try_addresses(call);
        }
    }
    http_pool_tick(&client->pool, now_us);
}

/* ---- the answer comes in ---- */

static void finish_whole(struct http_call *call, bool nothing_behind)
{
    struct http_connection *connection = call->connection;
    if (connection != NULL && nothing_behind && all_sent(call) &&
        response_allows_another(&call->response)) {
        call->connection = NULL;
        http_pool_keep(connection);
    }
    finish(call, UPSTREAM_COMPLETE);
}

static struct slice field_of(const void *from, const char *name)
{
    const struct response_head *head = from;
    return response_head_field(head->fields, name);
}

static void tell_head(struct http_call *call)
{
    const struct response_head *from = &call->response.head;
    const struct upstream_head head = {.status = from->status,
                                       .content_type = from->content_type,
                                       .content_type_line = from->content_type_line,
                                       .retry_after_ms = from->retry_after.ms,
                                       .content_length =
                                           from->coding == CODING_NONE ? from->content_length : -1,
                                       .field = field_of,
                                       .from = from};
    call->events.on_head(&head, call->events.arg);
}

/* Passes on as much as it can; the call may be gone after it. */
static void deliver(struct http_call *call, struct slice input)
{
    enum response_step step = RESPONSE_DATA;
    struct slice data;
    call->delivering = true;
    while (!call->cancelled && !call->paused && (step == RESPONSE_HEAD || step == RESPONSE_DATA)) {
        step = response_next(&call->response, &input, &data);
        if (step == RESPONSE_HEAD)
            tell_head(call);
        else if (step == RESPONSE_DATA)
            call->events.on_data(data, call->events.arg);
    }
    call->delivering = false;
    if (call->cancelled)
        call_free(call);
    else if (step == RESPONSE_OVER)
        finish_whole(call, input.bytes == 0);
    else if (step == RESPONSE_BROKEN)
        fail(call, UPSTREAM_BROKEN, "%s", call->response.why);
    else if (!buffer_append_slice(&call->rest, input))
        fail(call, UPSTREAM_BROKEN, "there is no memory for the answer");
}

/* Returns whether the provider had closed the connection before it saw the request. After
 * repeated_until_us that is not sure: the provider may have worked on it, and would be paid
 * twice. */
static bool was_not_seen(const struct http_call *call)
{
    return !call->heard && call->connection->used && clock_mono_us() < call->repeated_until_us;
}

/* The connection has ended: with an error, or closed (0). */
static void on_closed(struct http_call *call, int error)
{
    bool stale = was_not_seen(call);
    if (stale && call->once && call->sent_bytes > 0) {
        fail(call, UPSTREAM_STALE, "a kept connection ended before an answer: %s",
             error != 0 ? strerror(error) : "it was closed");
        return;
    }
    if (stale) {
        drop_connection(call);
        call->sent_bytes = 0;
        LIST_REMOVE(call, link);
        connect_call(call);
        return;
    }
    if (error != 0)
        fail(call, UPSTREAM_BROKEN, "%s", strerror(error));
    else if (response_at_close(&call->response) == RESPONSE_OVER)
        finish_whole(call, true);
    else
        fail(call, UPSTREAM_BROKEN, "%s", call->response.why);
}

static void receive(struct http_call *call)
{
    struct http_client *client = call->client;
    if (call->rest.bytes > 0)
        return; /* the rest comes first, in this turn */
    ssize_t got = http_connection_receive(call->connection, client->input, sizeof client->input);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        on_closed(call, got < 0 ? errno : 0);
        return;
    }
    call->heard = true;
    if (all_sent(call))
        drop_head(call);
    deliver(call, (struct slice){client->input, (size_t)got});
}

static void on_event(struct http_connection *connection, enum http_connection_event event,
                     int error)
{
    struct http_call *call = connection->call;
    switch (event) {
    case HTTP_CONNECTED:
        on_connected(call, error);
        return;
    case HTTP_CONNECTION_READ:
        receive(call);
        return;
    case HTTP_CONNECTION_WRITE:
        send_rest(call);
        return;
    }
}

static void act_later(void *arg)
{
    struct http_call *call = arg;
    if (call->failure != NULL) {
        finish(call, call->end);
        return;
    }
    struct buffer rest = call->rest;
    buffer_init(&call->rest, INPUT_BYTES);
    deliver(call, buffer_slice(&rest));
    buffer_fini(&rest);
}

/* ---- the outside ---- */

static bool is_sent(const struct upstream_call *base)
{
    return all_sent((const struct http_call *)(const void *)base);
}

static void more(struct upstream_call *base)
{
    struct http_call *call = (struct http_call *)base;
    if (call->connection != NULL && !call->connection->connecting)
        send_rest(call);
}

static void cancel(struct upstream_call *base)
{
    struct http_call *call = (struct http_call *)base;
    if (call->delivering)
        call->cancelled = true;
    else
        call_free(call);
}

static void pause_call(struct upstream_call *base)
{
    struct http_call *call = (struct http_call *)base;
    call->paused = true;
    if (call->connection != NULL && !call->connection->connecting)
        http_connection_read(call->connection, false);
}

static void resume(struct upstream_call *base)
{
    struct http_call *call = (struct http_call *)base;
    if (!call->paused)
        return;
    call->paused = false;
    if (call->connection != NULL && !call->connection->connecting)
        http_connection_read(call->connection, true);
    loop_defer(call->client->loop, &call->later);
}

struct http_client *http_client_new(struct loop *loop)
{
    struct http_client *client = calloc(1, sizeof *client);
    check(client != NULL);
    client->loop = loop;
    LIST_INIT(&client->connecting);
    LIST_INIT(&client->running);
    http_pool_init(&client->pool, loop);
    client->pool.on_addresses = on_addresses;
    client->pool.arg = client;
    loop_on_tick(loop, on_tick, client);
    return client;
}

void http_client_free(struct http_client *client)
{
    while (!LIST_EMPTY(&client->connecting))        /* call_free removes it from the list */
        call_free(LIST_FIRST(&client->connecting)); /* NOLINT(clang-analyzer-unix.Malloc) */
    while (!LIST_EMPTY(&client->running))
        call_free(LIST_FIRST(&client->running)); /* NOLINT(clang-analyzer-unix.Malloc) */
    http_pool_fini(&client->pool);
    free(client);
}

/* Where the body goes out in chunks, what is there already is the first one. */
static const char *first_chunk(struct http_call *call, int64_t tail_bytes, char out[24])
{
    out[0] = '\0';
    call->tail.begun = tail_bytes < 0 && call->body_bytes > 0;
    if (call->tail.begun)
        snprintf(out, 24, "%zx\r\n", call->body_bytes);
    return out;
}

static void write_head(struct http_call *call, const struct upstream_request *request)
{
    const char *method = upstream_method(request);
    char length[48] = "";
    char chunk[24];
    char *end = length;
    int64_t tail_bytes = request->tail != NULL ? request->tail->bytes : 0;
    if (tail_bytes < 0) {
        end = stpcpy(length, "Transfer-Encoding: chunked\r\n");
    } else if (strcmp(method, "POST") == 0) {
        end =
            decimal_put(stpcpy(length, "Content-Length: "), (int64_t)call->body_bytes + tail_bytes);
        end = stpcpy(end, "\r\n");
    }
    size_t bytes = strlen(method) + strlen(call->target->head) + (size_t)(end - length) + 2 +
                   strlen(first_chunk(call, tail_bytes, chunk));
    for (size_t i = 0; i < request->header_count; i++)
        bytes += strlen(request->headers[i]) + 2;
    call->head = malloc(bytes + 1);
    check(call->head != NULL);
    char *at = stpcpy(stpcpy(stpcpy(call->head, method), call->target->head), length);
    for (size_t i = 0; i < request->header_count; i++)
        at = stpcpy(stpcpy(at, request->headers[i]), "\r\n");
    at = stpcpy(stpcpy(at, "\r\n"), chunk);
    call->head_bytes = (size_t)(at - call->head);
    check(call->head_bytes == bytes);
}

static void rebind(struct upstream_call *base, const struct slice *body, void *arg)
{
    struct http_call *call = (struct http_call *)base;
    call->body = body;
    call->events.arg = arg;
}

struct upstream_call *http_client_start(struct http_client *client,
                                        const struct upstream_request *request,
                                        const struct upstream_events *events, struct fault *fault)
{
    static const struct upstream_ops ops = {is_sent, more, cancel, pause_call, resume, rebind};
    struct http_target *target = http_pool_target(&client->pool, request->url, fault);
    if (target == NULL)
        return NULL;
    struct http_call *call = calloc(1, sizeof *call);
    check(call != NULL);
    call->base.ops = &ops;
    call->client = client;
    call->target = target;
    target->calls++;
    call->events = *events;
    call->body = request->body;
    call->body_parts = request->body_parts;
    for (size_t i = 0; i < request->body_parts; i++)
        call->body_bytes += request->body[i].bytes;
    call->tail.from = request->tail;
    call->connect_timeout_ms = request->connect_timeout_ms;
    call->later = (struct deferred){.call = act_later, .arg = call};
    response_init(&call->response);
    buffer_init(&call->rest, INPUT_BYTES);
    write_head(call, request);
    call->once = request->once;
    bool kept = request->tail == NULL && !request->fresh;
    struct http_connection *connection = kept ? http_pool_take(target) : NULL;
    if (connection == NULL) {
        connect_call(call);
        return &call->base;
    }
    call->repeated_until_us = target->used_us + REPEATED_S * INT64_C(1000000);
    LIST_INSERT_HEAD(&client->running, call, link);
    attach(call, connection);
    send_rest(call);
    return &call->base;
}
