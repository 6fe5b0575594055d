/* The load generator of `./dev bench`: one thread, one epoll, POST .../chat/completions with the
 * options of load_options.h.
 *
 * An open loop keeps its schedule whatever the server does: a request that finds no free connection
 * waits for one, and its time runs from when it was due. So a stall counts against every request
 * that it delayed. What belongs to the window: requests due (closed loop: sent) in it, for times;
 * answers and events that came in it, for rates and processor time. After the window all that is
 * under way is waited for: `answers` counts every good answer from the first to the last, which is
 * what a ledger must have.
 *
 * Prints one JSON object; "open" on a line of its own before, once every connection has begun to
 * receive a stream. Exit status 0 whatever the answers were, 2 when it could not do its work. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common.h"
#include "cpu.h"
#include "load_options.h"
#include "reply.h"
#include "samples.h"

enum { HEAD_BYTES_MAX = 512, FAILURES_SHOWN = 3 };

enum connection_state { UNCONNECTED, IDLE, SENDING, RECEIVING };

struct connection {
    struct connection *next; /* in the list of idle ones */
    int fd;
    enum connection_state state;
    bool in_window; /* its request is */
    bool was_open;  /* it has begun to receive some stream */
    int64_t due_ns;
    int64_t starts_ns; /* when it sends its first request */
    size_t sent;
    size_t head_bytes;
    char head[HEAD_BYTES_MAX];
    struct reply reply;
};

struct counts {
    int64_t answers; /* good ones, from the first to the last */
    int64_t failed;
    int64_t completed; /* good ones that ended in the window */
    int64_t events;    /* that came in the window */
    int64_t events_lost;
    int64_t incomplete; /* streams without a true end */
    int64_t unanswered; /* were under way when the patience ended */
    int64_t reconnects;
};

struct load {
    struct load_options options;
    struct counts counts;
    struct samples latency;
    struct samples first_byte;
    struct connection *connections;
    struct connection *idle; /* open loop: first in, first out */
    struct connection *idle_last;
    char **keys;
    size_t key_count;
    size_t next_key;
    char *body;
    size_t body_bytes;
    int epoll;
    int64_t start_ns;
    int64_t begin_ns; /* of the window */
    int64_t end_ns;
    int64_t measured_ns; /* its true length */
    int64_t now_ns;
    int64_t sent;     /* requests */
    size_t started;   /* connections whose time has come */
    size_t under_way; /* requests */
    size_t open;      /* connections that have begun to receive a stream */
    bool begun;
    bool ended;
};

/* ---- requests ---- */

static void read_keys(struct load *load)
{
    FILE *file = fopen(load->options.keys_path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    if (file == NULL)
        die("%s: %s", load->options.keys_path, strerror(errno));
    while ((bytes = getline(&line, &room, file)) > 0) {
        if (line[bytes - 1] == '\n')
            line[bytes - 1] = '\0';
        load->keys = realloc(load->keys, (load->key_count + 1) * sizeof *load->keys);
        if (load->keys == NULL || (load->keys[load->key_count++] = strdup(line)) == NULL)
            die("there is no memory");
    }
    (void)fclose(file);
    free(line);
    if (load->key_count == 0)
        die("%s has no key", load->options.keys_path);
}

/* As a client writes it: words, and a line break escaped now and then. */
static void make_body(struct load *load)
{
    static const char english[] =
        "Tell me once more, in \\\"plain\\\" words, how the ledger works. \\n";
    static const char korean[] =
        "장부가 어떻게 움직이는지 \\\"쉬운\\\" 말로 한 번 더 알려 주세요. \\n";
    const char *words = load->options.korean ? korean : english;
    size_t length = strlen(words);
    size_t room = load->options.prompt_bytes + 512;
    char *at = load->body = allocate(1, room);
    at += snprintf(at, room,
                   "{\"model\":\"%s\",%s\"messages\":[{\"role\":\"user\","
                   "\"content\":\"",
                   load->options.model, load->options.words > 0 ? "\"stream\":true," : "");
    for (size_t left = load->options.prompt_bytes; left > 0;) {
        size_t bytes = length;
        if (left < bytes) { /* not through an escape */
            memset(at, 'x', left);
            bytes = left;
        } else {
            memcpy(at, words, bytes);
        }
        at += bytes;
        left -= bytes;
    }
    at += snprintf(at, 64, "\"}],\"temperature\":0.7}");
    load->body_bytes = (size_t)(at - load->body);
}

static void make_head(struct load *load, struct connection *connection)
{
    const char *key = load->keys[load->next_key++ % load->key_count];
    int bytes = snprintf(connection->head, HEAD_BYTES_MAX,
                         "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
                         "Content-Type: application/json\r\nAccept: application/json\r\n"
                         "User-Agent: bench/1\r\nContent-Length: %zu\r\n\r\n",
                         load->options.path, load->options.port, key, load->body_bytes);
    if (bytes >= HEAD_BYTES_MAX)
        die("the path or a key is too long");
    connection->head_bytes = (size_t)bytes;
}

/* ---- connections ---- */

/* Loopback: the system answers at once, whatever the server is doing. */
static void connect_now(struct load *load, struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)load->options.port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("cannot connect: %s", strerror(errno));
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(load->epoll, connection->fd, EPOLLIN, connection);
}

static void watch_for(struct load *load, struct connection *connection, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, connection->fd, &event) != 0)
        die("epoll_ctl: %s", strerror(errno));
}

static void disconnect(struct connection *connection)
{
    close(connection->fd);
    connection->state = UNCONNECTED;
}

static void put_idle(struct load *load, struct connection *connection)
{
    connection->next = NULL;
    if (load->idle == NULL)
        load->idle = connection;
    else
        load->idle_last->next = connection;
    load->idle_last = connection;
}

static struct connection *take_idle(struct load *load)
{
    struct connection *connection = load->idle;
    load->idle = connection->next;
    return connection;
}

/* ---- one request ---- */

static void fail(struct load *load, struct connection *connection, const char *why);

static void send_rest(struct load *load, struct connection *connection)
{
    size_t total = connection->head_bytes + load->body_bytes;
    bool waited = connection->sent > 0;
    while (connection->sent < total) {
        size_t in_head =
            connection->sent < connection->head_bytes ? connection->sent : connection->head_bytes;
        size_t in_body = connection->sent - in_head;
        struct iovec parts[2] = {{connection->head + in_head, connection->head_bytes - in_head},
                                 {load->body + in_body, load->body_bytes - in_body}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            if (connection->state != SENDING)
                watch_for(load, connection, EPOLLIN | EPOLLOUT);
            connection->state = SENDING;
            return;
        }
        if (sent < 0) {
            fail(load, connection, strerror(errno));
            return;
        }
        connection->sent += (size_t)sent;
    }
    if (waited)
        watch_for(load, connection, EPOLLIN);
    connection->state = RECEIVING;
}

static void begin(struct load *load, struct connection *connection, int64_t due_ns)
{
    if (connection->state == UNCONNECTED)
        connect_now(load, connection);
    connection->state = RECEIVING;
    connection->due_ns = due_ns;
    connection->in_window = due_ns >= load->begin_ns && due_ns < load->end_ns;
    connection->sent = 0;
    make_head(load, connection);
    reply_begin(&connection->reply);
    load->sent++;
    load->under_way++;
    send_rest(load, connection);
}

static bool wants_more(const struct load *load)
{
    const struct load_options *options = &load->options;
    return options->requests > 0 ? load->sent < options->requests : load->now_ns < load->end_ns;
}

/* What a connection does when its request is over. */
static void go_on(struct load *load, struct connection *connection)
{
    load->under_way--;
    if (connection->state != UNCONNECTED)
        connection->state = IDLE;
    if (load->options.rate > 0)
        put_idle(load, connection);
    else if (wants_more(load))
        begin(load, connection, now_ns());
}

static void count_stream(struct load *load, const struct reply *reply)
{
    if (!reply->streamed)
        return;
    load->counts.events_lost += reply->lost;
    if (reply->next_word < load->options.words)
        load->counts.events_lost += load->options.words - reply->next_word;
    if (!reply->done || reply->failed)
        load->counts.incomplete++;
}

static void fail(struct load *load, struct connection *connection, const char *why)
{
    const struct reply *reply = &connection->reply;
    if (load->counts.failed++ < FAILURES_SHOWN)
        (void)fprintf(stderr, "bench: a request failed: %s; status %d, %d events: %.300s\n", why,
                      reply->status, reply->words, reply->status == 200 ? "" : reply->line.data);
    count_stream(load, reply);
    disconnect(connection);
    load->counts.reconnects++;
    if (load->counts.reconnects > 1000 && load->counts.answers == 0)
        die("nothing is answered");
    go_on(load, connection);
}

static void complete(struct load *load, struct connection *connection)
{
    bool in_time = load->now_ns >= load->begin_ns && load->now_ns < load->end_ns;
    if (!reply_good(&connection->reply, load->options.words)) {
        fail(load, connection, "it is no good answer");
        return;
    }
    load->counts.answers++;
    load->counts.completed += in_time;
    if (connection->in_window)
        samples_add(&load->latency, load->now_ns - connection->due_ns);
    if (!connection->reply.stays_open) {
        disconnect(connection);
        load->counts.reconnects++;
    }
    go_on(load, connection);
}

static void note_first_byte(struct load *load, struct connection *connection)
{
    if (connection->in_window)
        samples_add(&load->first_byte, load->now_ns - connection->due_ns);
    if (load->options.words == 0 || connection->was_open)
        return;
    connection->was_open = true;
    if (++load->open == load->options.connections) {
        printf("open\n");
        (void)fflush(stdout);
    }
}

static void receive(struct load *load, struct connection *connection)
{
    static char scratch[SCRATCH_BYTES];
    struct reply *reply = &connection->reply;
    ssize_t got = recv(connection->fd, scratch, sizeof scratch, MSG_DONTWAIT);
    bool begun = reply->begun;
    int words = reply->words;
    load->now_ns = now_ns();
    if (got < 0 && errno == EAGAIN)
        return;
    if (connection->state == IDLE) { /* a server may close what is idle, and no more */
        if (got > 0)
            die("bytes came behind the end of a reply");
        disconnect(connection);
        load->counts.reconnects++;
        return;
    }
    if (got <= 0) {
        fail(load, connection, got == 0 ? "the connection was closed" : strerror(errno));
        return;
    }
    reply_feed(reply, scratch, (size_t)got);
    if (load->now_ns >= load->begin_ns && load->now_ns < load->end_ns)
        load->counts.events += reply->words - words;
    if (reply->begun && !begun)
        note_first_byte(load, connection);
    if (reply->state == REPLY_BROKEN)
        fail(load, connection, "the reply is no HTTP that we know");
    else if (reply->state == REPLY_COMPLETE)
        complete(load, connection);
}

/* ---- the schedule ---- */

static void read_cpus(struct load *load, int sign)
{
    for (size_t i = 0; i < load->options.watched_count; i++) {
        struct watched *watched = &load->options.watched[i];
        watched->cpu_ns += sign * cpu_ns(watched->pid);
    }
}

static void begin_window(struct load *load)
{
    load->begun = true;
    read_cpus(load, -1);
    load->measured_ns = -now_ns();
}

static void end_window(struct load *load)
{
    load->ended = true;
    read_cpus(load, 1);
    load->measured_ns += now_ns();
}

static int64_t due_of(const struct load *load, int64_t request)
{
    return load->start_ns +
           (int64_t)((double)request * (double)SECOND_NS / (double)load->options.rate);
}

/* Sends what is due; returns when it has to be called again. */
static int64_t follow_schedule(struct load *load)
{
    if (load->options.rate > 0) {
        int64_t due_ns = due_of(load, load->sent);
        while (due_ns <= load->now_ns && due_ns < load->end_ns && load->idle != NULL) {
            begin(load, take_idle(load), due_ns);
            due_ns = due_of(load, load->sent);
        }
        return due_ns < load->end_ns && load->idle != NULL ? due_ns : NEVER_NS;
    }
    while (load->started < load->options.connections && wants_more(load)) {
        struct connection *connection = &load->connections[load->started];
        if (connection->starts_ns > load->now_ns)
            return connection->starts_ns;
        load->started++;
        begin(load, connection, now_ns());
    }
    return NEVER_NS;
}

static bool over(const struct load *load)
{
    const struct load_options *options = &load->options;
    bool all_sent =
        options->rate > 0 ? due_of(load, load->sent) >= load->end_ns : !wants_more(load);
    return all_sent && load->under_way == 0 && (load->ended || options->requests > 0);
}

static int64_t earliest(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static void run(struct load *load)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t patience_ns =
        load->end_ns == NEVER_NS ? NEVER_NS : load->end_ns + load->options.drain_ns;
    for (;;) {
        load->now_ns = now_ns();
        if (!load->begun && load->now_ns >= load->begin_ns)
            begin_window(load);
        if (!load->ended && load->now_ns >= load->end_ns)
            end_window(load);
        int64_t next_ns = follow_schedule(load);
        if (!load->begun)
            next_ns = earliest(next_ns, load->begin_ns);
        if (!load->ended)
            next_ns = earliest(next_ns, load->end_ns);
        if (over(load) || load->now_ns >= patience_ns)
            break;
        int count = wait_until(load->epoll, events, earliest(next_ns, patience_ns));
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (events[i].events & EPOLLOUT && connection->state == SENDING)
                send_rest(load, connection);
            else
                receive(load, connection);
        }
    }
    if (!load->ended)
        end_window(load);
    load->counts.unanswered = (int64_t)load->under_way;
}

/* ---- life ---- */

static void print_result(struct load *load)
{
    const struct counts *counts = &load->counts;
    const struct load_options *options = &load->options;
    printf("{\"seconds\":%.6f,\"answers\":%lld,\"failed\":%lld,\"unanswered\":%lld,"
           "\"completed\":%lld,\"events\":%lld,\"events_lost\":%lld,\"incomplete\":%lld,"
           "\"reconnects\":%lld,",
           (double)load->measured_ns / 1e9, (long long)counts->answers, (long long)counts->failed,
           (long long)counts->unanswered, (long long)counts->completed, (long long)counts->events,
           (long long)counts->events_lost, (long long)counts->incomplete,
           (long long)counts->reconnects);
    samples_print(&load->latency, "latency_us");
    printf(",");
    samples_print(&load->first_byte, "first_byte_us");
    printf(",\"cpu_us\":{");
    for (size_t i = 0; i < options->watched_count; i++)
        printf("%s\"%s\":%.1f", i > 0 ? "," : "", options->watched[i].name,
               (double)options->watched[i].cpu_ns / 1000);
    printf("}}\n");
}

/* Connections of an open loop stand before the first request is due. */
static void make_connections(struct load *load)
{
    size_t count = load->options.connections;
    load->connections = allocate(count, sizeof *load->connections);
    for (size_t i = 0; i < count && load->options.rate > 0; i++) {
        connect_now(load, &load->connections[i]);
        load->connections[i].state = IDLE;
        put_idle(load, &load->connections[i]);
    }
    load->start_ns = now_ns();
    for (size_t i = 0; i < count; i++)
        load->connections[i].starts_ns =
            load->start_ns + load->options.warmup_ns * (int64_t)i / (int64_t)count;
}

int main(int argc, char **argv)
{
    static struct load load;
    prepare_process();
    load_options_read(&load.options, argc, argv);
    read_keys(&load);
    make_body(&load);
    samples_init(&load.latency, 1 << 20);
    samples_init(&load.first_byte, 1 << 20);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    make_connections(&load);
    load.begin_ns =
        load.options.requests > 0 ? load.start_ns : load.start_ns + load.options.warmup_ns;
    load.end_ns =
        load.options.requests > 0 ? NEVER_NS : load.begin_ns + load.options.seconds * SECOND_NS;
    run(&load);
    print_result(&load);
    return 0;
}
