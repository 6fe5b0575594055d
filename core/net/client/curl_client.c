/* long: the callbacks of libcurl share what they know of a call. */
#include "net/client/curl_client.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/limits.h"
#include "net/client/curl_authorities.h"
#include "net/client/curl_body.h"
#include "net/client/curl_defaults.h"
#include "net/client/upstream_call.h"
#include "net/http1/field.h"

enum { IDLE_HANDLES_MAX = 1024 };

/* A socket of libcurl's, registered with the loop. The registration outlives CURL_POLL_REMOVE, so
 * that a request over a kept connection does not cost two epoll_ctl; it ends when libcurl closes
 * the socket. */
struct watch {
    struct curl_client *client;
    struct curl_call *call; /* the last call that used it, while that runs */
    curl_socket_t fd;
    struct event *event;
    short what;
    bool wanted; /* libcurl wants its events */
    bool ours;   /* a connection's, which we open and close; the resolver's sockets are not ours */
    ino_t inode; /* if ours: detects another socket with the same descriptor */
};

struct curl_client {
    struct loop *loop;
    CURLM *multi;
    struct event *timer;
    struct watch **watches; /* indexed by descriptor */
    size_t watch_count;
    CURL *idle[IDLE_HANDLES_MAX];
    size_t idle_count;
    unsigned depth; /* > 0: inside libcurl */
    struct curl_call *calls;
    struct deferred drain;
};

struct curl_call {
    struct upstream_call base;
    struct curl_client *client;
    struct curl_call *next;
    struct curl_call *previous;
    CURL *easy;
    curl_socket_t fd; /* of its connection, once libcurl has one */
    struct curl_slist *headers;
    struct curl_body body; /* of the request */
    struct upstream_events events;
    int status;
    char content_type[128]; /* with its parameters */
    struct retry_after retry_after;
    bool encoded;       /* its length is not that of what libcurl gives us */
    int64_t left_bytes; /* of the answer; -1: not known */
    size_t head_bytes;
    bool head_told;
    bool own_certificates; /* a ca_file has marked the handle: no other call may use it */
    bool cancelled;
    bool once;  /* not sent again over another connection */
    bool begun; /* libcurl has begun to send it */
    bool stale; /* libcurl wanted to send it again */
    bool pause_wanted;
    bool paused;
    char error[CURL_ERROR_SIZE];
};

/* ---- sockets and the timer ---- */

static void drain(struct curl_client *client);

static void act(struct curl_client *client, curl_socket_t fd, int bits)
{
    int running;
    client->depth++;
    curl_multi_socket_action(client->multi, fd, bits, &running);
    client->depth--;
    drain(client);
}

static void on_socket_event(evutil_socket_t fd, short what, void *arg)
{
    struct watch *watch = arg;
    if (!watch->wanted) {
        /* The provider has closed an idle connection. libcurl notices when it wants to use it. */
        event_del(watch->event);
        watch->what = 0;
        return;
    }
    int bits = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    act(watch->client, fd, bits);
}

static struct watch *watch_get(struct curl_client *client, curl_socket_t fd)
{
    size_t place = (size_t)fd;
    if (place >= client->watch_count) {
        size_t count = place + 64;
        client->watches = realloc(client->watches, count * sizeof(struct watch *));
        check(client->watches != NULL);
        memset(client->watches + client->watch_count, 0,
               (count - client->watch_count) * sizeof(struct watch *));
        client->watch_count = count;
    }
    if (client->watches[place] == NULL) {
        struct watch *watch = calloc(1, sizeof *watch);
        check(watch != NULL);
        watch->client = client;
        watch->fd = fd;
        client->watches[place] = watch;
    }
    return client->watches[place];
}

static void watch_free(struct curl_client *client, curl_socket_t fd)
{
    size_t place = (size_t)fd;
    if (place >= client->watch_count || client->watches[place] == NULL)
        return;
    if (client->watches[place]->call != NULL)
        client->watches[place]->call->fd = CURL_SOCKET_BAD;
    if (client->watches[place]->event != NULL)
        event_free(client->watches[place]->event);
    free(client->watches[place]);
    client->watches[place] = NULL;
}

/* libcurl 7.88.0 to 8.1 closes a socket that is not yet connected without calling us (its pull
 * request 11439). It cannot have happened after an answer, so it is not checked then. */
static bool is_closed(const struct watch *watch)
{
    struct stat now;
    if (watch->call != NULL && watch->call->head_told)
        return false;
    return fstat(watch->fd, &now) != 0 || now.st_ino != watch->inode;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)socket_arg;
    struct curl_client *client = arg;
    struct watch *watch = watch_get(client, fd);
    watch->wanted = what != CURL_POLL_REMOVE;
    if (!watch->wanted) {
        if (!watch->ours || is_closed(watch))
            watch_free(client, fd);
        return 0;
    }
    struct curl_call *call = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
    if (call != NULL && watch->ours) {
        if (watch->call != NULL)
            watch->call->fd = CURL_SOCKET_BAD;
        if (call->fd != CURL_SOCKET_BAD) /* libcurl tries a second address beside the first */
            client->watches[call->fd]->call = NULL;
        call->fd = fd;
        watch->call = call;
    }
    short bits = EV_PERSIST;
    if (what & CURL_POLL_IN)
        bits |= EV_READ;
    if (what & CURL_POLL_OUT)
        bits |= EV_WRITE;
    if (watch->what == bits)
        return 0;
    struct event_base *base = loop_base(client->loop);
    if (watch->event != NULL)
        event_free(watch->event);
    watch->event = event_new(base, fd, bits, on_socket_event, watch);
    check(watch->event != NULL && event_add(watch->event, NULL) == 0);
    watch->what = bits;
    return 0;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct stat made;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    check(fstat(fd, &made) == 0);
    watch_free(arg, fd); /* for an earlier socket that was closed before libcurl showed it to us */
    struct watch *watch = watch_get(arg, fd);
    watch->ours = true;
    watch->inode = made.st_ino;
    return fd;
}

static int on_close_socket(void *arg, curl_socket_t fd)
{
    watch_free(arg, fd);
    return close(fd);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct curl_client *client = arg;
    if (timeout_ms < 0) {
        event_del(client->timer);
        return 0;
    }
    const struct timeval interval = {.tv_sec = timeout_ms / 1000,
                                     .tv_usec = timeout_ms % 1000 * 1000};
    event_add(client->timer, &interval);
    return 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- an answer comes in ---- */

/* Without its parameters, where there is no room for them. */
static void note_type(struct curl_call *call, struct slice type)
{
    if (type.bytes >= sizeof call->content_type)
        type = field_media_type(type);
    if (type.bytes >= sizeof call->content_type)
        return;
    memcpy(call->content_type, type.data, type.bytes);
    call->content_type[type.bytes] = '\0';
}

static int64_t length_of(const struct curl_call *call)
{
    curl_off_t length = -1;
    curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return call->encoded ? -1 : (int64_t)length;
}

static void note_header(struct curl_call *call, const char *line, size_t bytes)
{
    struct slice name;
    struct slice value;
    const char *why;
    while (bytes > 0 && (line[bytes - 1] == '\n' || line[bytes - 1] == '\r'))
        bytes--;
    if (bytes == 0 || !field_parse((struct slice){line, bytes}, &name, &value, &why))
        return; /* no header that we read */
    if (slice_equals_nocase(name, "content-type"))
        note_type(call, slice_trim(value));
    if (slice_equals_nocase(name, "content-encoding"))
        call->encoded = true;
    field_note_retry_after(name, slice_trim(value), &call->retry_after);
}

static struct slice field_of(const void *from, const char *name)
{
    struct curl_header *header;
    CURL *easy = (CURL *)(uintptr_t)from;
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return slice_of("");
    return slice_trim(slice_of(header->value));
}

/* The answer is an error, or complete: what is still to be sent would change nothing. */
static void stop_sending(struct curl_call *call)
{
    if (curl_body_stop(&call->body))
        curl_easy_pause(call->easy, call->paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct curl_call *call = arg;
    size_t bytes = size * count;
    if (call->head_told)
        return bytes; /* a trailer */
    call->head_bytes += bytes;
    if (call->cancelled || call->head_bytes > LIMIT_UPSTREAM_HEAD_BYTES)
        return 0;
    if (bytes > 5 && memcmp(line, "HTTP/", 5) == 0) {
        call->content_type[0] = '\0';
        call->retry_after = (struct retry_after){.ms = -1};
        call->encoded = false;
        return bytes;
    }
    if (bytes > 2) {
        note_header(call, line, bytes);
        return bytes;
    }
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200)
        return bytes; /* an informational answer, such as 100 Continue */
    call->head_told = true;
    call->left_bytes = length_of(call);
    if (status >= 300 || call->left_bytes == 0)
        stop_sending(call);
    const struct upstream_head head = {.status = (int)status,
                                       .content_type =
                                           field_media_type(slice_of(call->content_type)),
                                       .content_type_line = slice_of(call->content_type),
                                       .retry_after_ms = call->retry_after.ms,
                                       .content_length = call->left_bytes,
                                       .field = field_of,
                                       .from = call->easy};
    call->events.on_head(&head, call->events.arg);
    return call->cancelled ? 0 : bytes;
}

static size_t on_write(char *data, size_t size, size_t count, void *arg)
{
    struct curl_call *call = arg;
    size_t bytes = size * count;
    if (call->cancelled)
        return 0;
    if (call->left_bytes > 0 && (call->left_bytes -= (int64_t)bytes) <= 0)
        stop_sending(call);
    call->client->depth++;
    call->events.on_data((struct slice){data, bytes}, call->events.arg);
    call->client->depth--;
    if (call->cancelled)
        return 0;
    if (call->pause_wanted && !call->paused) {
        call->paused = true;
        curl_easy_pause(call->easy, CURLPAUSE_RECV);
    }
    return bytes;
}

/* Before each time that libcurl sends the request: it does so again by itself when a kept
 * connection has ended before any byte of the answer. */
static int on_before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct curl_call *call = arg;
    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    call->stale = call->once && call->begun;
    call->begun = true;
    return call->stale ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- handles ---- */

static void set_options(struct curl_client *client, CURL *easy)
{
    curl_defaults_set(easy, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* Asks for no encoding, but still decodes one that comes: so usage can be read even if a
     * careless proxy packs the answer with gzip. */
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, client);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, client);
}

static CURL *easy_take(struct curl_client *client)
{
    if (client->idle_count > 0)
        return client->idle[--client->idle_count];
    CURL *easy = curl_easy_init();
    check(easy != NULL);
    set_options(client, easy);
    return easy;
}

static void easy_give(struct curl_client *client, CURL *easy, bool reusable)
{
    if (!reusable || client->idle_count == IDLE_HANDLES_MAX) {
        curl_easy_cleanup(easy);
        return;
    }
    /* The handle must not keep pointers to borrowed memory. */
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, NULL);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
    curl_body_unset(easy);
    client->idle[client->idle_count++] = easy;
}

static void call_free(struct curl_call *call)
{
    struct curl_client *client = call->client;
    if (call->fd != CURL_SOCKET_BAD)
        client->watches[call->fd]->call = NULL; /* the two point to each other, or neither does */
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        client->calls = call->next;
    if (call->next != NULL)
        call->next->previous = call->previous;
    curl_multi_remove_handle(client->multi, call->easy);
    easy_give(client, call->easy, !call->own_certificates);
    curl_slist_free_all(call->headers);
    curl_body_fini(&call->body);
    free(call);
}

static enum upstream_end end_of(CURLcode result)
{
    switch (result) {
    case CURLE_OK:
        return UPSTREAM_COMPLETE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
        return UPSTREAM_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        return UPSTREAM_TIMED_OUT;
    default:
        return UPSTREAM_BROKEN;
    }
}

static void finish(struct curl_call *call, CURLcode result)
{
    static const char untrusted[] = "the server's certificate is not trusted (one of your own "
                                    "needs ca_file): ";
    struct upstream_events events = call->events;
    bool tell = !call->cancelled;
    char detail[sizeof untrusted + CURL_ERROR_SIZE];
    const char *words = call->error[0] != '\0' ? call->error : curl_easy_strerror(result);
    enum upstream_end end = call->stale ? UPSTREAM_STALE : end_of(result);
    if (call->stale)
        words = "a kept connection ended before an answer";
    bool distrusted = result == CURLE_PEER_FAILED_VERIFICATION;
    snprintf(detail, sizeof detail, "%s%s", distrusted ? untrusted : "", words);
    call_free(call);
    if (tell)
        events.on_end(end, detail, events.arg);
}

/* Ends the calls that are done, and those that were cancelled inside libcurl. Only at depth 0. */
static void drain(struct curl_client *client)
{
    if (client->depth > 0) {
        loop_defer(client->loop, &client->drain);
        return;
    }
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct curl_call *call;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        finish(call, result);
    }
}

static void drain_later(void *arg)
{
    drain(arg);
}

/* ---- the outside ---- */

struct curl_client *curl_client_new(struct loop *loop)
{
    struct curl_client *client = calloc(1, sizeof *client);
    check(client != NULL);
    client->loop = loop;
    client->multi = curl_multi_init();
    check(client->multi != NULL);
    client->timer = event_new(loop_base(loop), -1, 0, on_timer, client);
    check(client->timer != NULL);
    client->drain = (struct deferred){.call = drain_later, .arg = client};
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING); /* see cancel */
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)LIMIT_CONNECTIONS_KEPT);
    return client;
}

void curl_client_free(struct curl_client *client)
{
    while (client->calls != NULL) /* call_free removes it from the list */
        call_free(client->calls); /* NOLINT(clang-analyzer-unix.Malloc) */
    for (size_t i = 0; i < client->idle_count; i++)
        curl_easy_cleanup(client->idle[i]);
    curl_multi_cleanup(client->multi);
    loop_cancel(client->loop, &client->drain);
    event_free(client->timer);
    for (size_t i = 0; i < client->watch_count; i++)
        watch_free(client, (curl_socket_t)i);
    free(client->watches);
    free(client);
}

static void append_headers(struct curl_call *call, const struct upstream_request *request)
{
    /* libcurl adds Expect on its own unless told not to; it would cost a round trip. */
    call->headers = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; i < request->header_count; i++)
        call->headers = curl_slist_append(call->headers, request->headers[i]);
    check(call->headers != NULL);
}

static bool is_sent(const struct upstream_call *base)
{
    const struct curl_call *call = (const struct curl_call *)(const void *)base;
    curl_off_t connected_us = 0;
    if (!curl_body_is_given(&call->body))
        return false;
    curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    return connected_us > 0; /* the kernel has the rest of the request, or soon will */
}

static void cancel(struct upstream_call *base)
{
    struct curl_call *call = (struct curl_call *)base;
    /* libcurl 7.88 keeps back the frame that resets an HTTP/2 stream until something else happens
     * on the connection: the provider would go on generating. So the connection is closed with the
     * call. No other stream uses it: multiplexing is off for this reason. */
    curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 1L);
    if (call->client->depth > 0) {
        /* We are inside libcurl: its next callback for this call fails, and drain frees the
         * call. */
        call->cancelled = true;
        return;
    }
    call_free(call);
}

static void go_on(struct curl_call *call, int paused)
{
    struct curl_client *client = call->client;
    client->depth++;
    curl_easy_pause(call->easy, paused);
    client->depth--;
    loop_defer(client->loop, &client->drain);
    /* Data that libcurl had kept has just cancelled the call; libcurl leaves such a call as it
     * is. */
    if (call->cancelled)
        cancel(&call->base);
}

static void more(struct upstream_call *base)
{
    struct curl_call *call = (struct curl_call *)base;
    if (!call->body.waits || call->client->depth > 0)
        return;
    go_on(call, call->paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

static void pause_call(struct upstream_call *base)
{
    struct curl_call *call = (struct curl_call *)base;
    call->pause_wanted = true;
}

static void resume(struct upstream_call *base)
{
    struct curl_call *call = (struct curl_call *)base;
    call->pause_wanted = false;
    if (!call->paused)
        return;
    call->paused = false;
    go_on(call, CURLPAUSE_CONT);
}

/* Of the body only bytes are kept. */
static void rebind(struct upstream_call *base, const struct slice *body, void *arg)
{
    (void)body;
    ((struct curl_call *)base)->events.arg = arg;
}

struct upstream_call *curl_client_start(struct curl_client *client,
                                        const struct upstream_request *request,
                                        const struct upstream_events *events)
{
    static const struct upstream_ops ops = {is_sent, more, cancel, pause_call, resume, rebind};
    check(client->depth == 0);
    struct curl_call *call = calloc(1, sizeof *call);
    check(call != NULL);
    call->base.ops = &ops;
    call->client = client;
    call->events = *events;
    call->retry_after = (struct retry_after){.ms = -1};
    call->fd = CURL_SOCKET_BAD;
    append_headers(call, request);
    CURL *easy = call->easy = easy_take(client);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_body_set(&call->body, easy, request, &call->headers, &call->cancelled);
    call->once = request->once;
    if (request->fresh)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    call->own_certificates = request->ca_file != NULL;
    if (call->own_certificates)
        curl_authorities_set(easy, request->ca_file);
    call->next = client->calls;
    if (call->next != NULL)
        call->next->previous = call;
    client->calls = call;
    check(curl_multi_add_handle(client->multi, easy) == CURLM_OK);
    return &call->base;
}
