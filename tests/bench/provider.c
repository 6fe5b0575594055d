/* A fake provider for `./dev bench`: one thread, one epoll, answers that were made beforehand.
 *
 *   bench_provider [--latency-us N] [--chunks N] [--pace-us N] [--answer-bytes N] [--fail-every N]
 *
 * prints the port that the kernel chose, and serves until it is killed. With --fail-every, each Nth
 * request is refused with 503, after the latency. A plain answer is a body of
 * `answer-bytes`, sent `latency` after the request. A streamed one (the request says
 * `"stream":true`) is `chunks` events with a numbered word each, the first `latency` after the
 * request, the others `pace` apart, then, another `pace` later, the finish reason, the usage (if
 * it was asked for) and [DONE]; with no pace, all at once. Times are kept by schedule: what comes
 * late does not put off what follows. Events have OpenAI's form: each with an `obfuscation` of
 * another length, and, where usage was asked for, `"usage":null` in all but the last.
 *
 * An answer's usage is always PROMPT_TOKENS and, for a stream, its chunks: the books that the
 * gateway keeps can be computed beforehand. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum {
    KEPT_BYTES = 4096, /* of a request: its head, and where it says how to answer */
    REPLY_BYTES_MAX = 8 * 1024 * 1024,
    PROMPT_TOKENS = 250,
    PLAIN_TOKENS = 150
};

struct text {
    char *data;
    size_t bytes;
    size_t capacity;
};

/* What all requests are answered with. */
struct answers {
    int64_t latency_ns;
    int64_t pace_ns;
    int chunks;
    size_t answer_bytes;
    int64_t fail_every; /* 0: never */
    int64_t requests;
    struct text plain;
    struct text refusal;
    /* Of a stream, each without and with usage. */
    struct text *parts[2]; /* head and first event, then each event */
    struct text last[2];   /* the end */
    struct text whole[2];  /* all in one piece */
};

struct client {
    struct client *next; /* in a queue, while it waits for its time */
    struct client *previous;
    int64_t due_ns;
    int fd;
    bool streamed;
    bool usage_asked;
    bool queued;
    int part;             /* of a stream: what is sent next */
    size_t request_bytes; /* of the present request, as far as it has come */
    size_t request_total; /* 0: its head is not whole yet */
    size_t kept_bytes;
    char kept[KEPT_BYTES + 1];
};

/* Clients in the order of their times, a ring; `head` is no client. Those in one queue wait equally
 * long, so a new one belongs at the end or close to it. */
struct queue {
    struct client head;
};

struct provider {
    struct answers answers;
    struct queue first; /* wait for the latency */
    struct queue paced;
    int epoll;
    int listener;
};

/* ---- answers, made beforehand ---- */

static void add(struct text *text, const char *data, size_t bytes)
{
    while (text->bytes + bytes > text->capacity) {
        text->capacity = text->capacity == 0 ? 1024 : text->capacity * 2;
        if (text->capacity > REPLY_BYTES_MAX)
            die("the answer is too large");
        text->data = realloc(text->data, text->capacity);
        if (text->data == NULL)
            die("there is no memory");
    }
    memcpy(text->data + text->bytes, data, bytes);
    text->bytes += bytes;
}

static void add_text(struct text *text, const char *data)
{
    add(text, data, strlen(data));
}

/* One event as one HTTP chunk. */
static void add_event(struct text *text, const char *event)
{
    char size[24];
    (void)snprintf(size, sizeof size, "%zx\r\n", strlen(event));
    add_text(text, size);
    add_text(text, event);
    add_text(text, "\r\n");
}

static void make_plain(struct answers *answers)
{
    static const char before[] =
        "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1764000000,"
        "\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
        "\"assistant\",\"content\":\"";
    static const char word[] = "and so it goes on ";
    char after[512];
    char head[256];
    size_t bytes;
    (void)snprintf(after, sizeof after,
                   "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
                   "\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d},"
                   "\"system_fingerprint\":\"fp_bench\"}",
                   PROMPT_TOKENS, PLAIN_TOKENS, PROMPT_TOKENS + PLAIN_TOKENS);
    bytes = sizeof before - 1 + strlen(after);
    if (bytes < answers->answer_bytes)
        bytes = answers->answer_bytes;
    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                   "x-request-id: req-bench\r\n\r\n",
                   bytes);
    add_text(&answers->plain, head);
    add_text(&answers->plain, before);
    bytes -= sizeof before - 1 + strlen(after);
    for (size_t i = 0; i < bytes; i++)
        add(&answers->plain, &word[i % (sizeof word - 1)], 1);
    add_text(&answers->plain, after);
}

static void make_refusal(struct answers *answers)
{
    static const char body[] = "{\"error\":{\"message\":\"busy\",\"type\":\"server_error\"}}";
    char head[128];
    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   sizeof body - 1);
    add_text(&answers->refusal, head);
    add_text(&answers->refusal, body);
}

static const char event_head[] =
    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,"
    "\"model\":\"gpt-4o-mini-2024-07-18\",\"system_fingerprint\":\"fp_bench\",\"choices\":";

/* An event with one choice, the `number`-th of its stream. */
static void add_choice(struct text *text, bool usage_asked, int number, const char *choice)
{
    static const char padding[] = "oB5fUsc4tIoN7pAdz";
    char event[512];
    (void)snprintf(event, sizeof event, "%s[{\"index\":0,%s}]%s,\"obfuscation\":\"%s\"}\n\n",
                   event_head, choice, usage_asked ? ",\"usage\":null" : "",
                   padding + number * 7 % (sizeof padding - 1));
    add_event(text, event);
}

static void make_last(struct answers *answers, bool usage_asked)
{
    const struct text *parts = answers->parts[usage_asked];
    struct text *last = &answers->last[usage_asked];
    char event[512];
    add_choice(last, usage_asked, answers->chunks,
               "\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"");
    (void)snprintf(event, sizeof event,
                   "%s[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,"
                   "\"total_tokens\":%d},\"obfuscation\":\"\"}\n\n",
                   event_head, PROMPT_TOKENS, answers->chunks, PROMPT_TOKENS + answers->chunks);
    if (usage_asked)
        add_event(last, event);
    add_event(last, "data: [DONE]\n\n");
    add_text(last, "0\r\n\r\n");
    for (int i = 0; i < answers->chunks; i++)
        add(&answers->whole[usage_asked], parts[i].data, parts[i].bytes);
    add(&answers->whole[usage_asked], last->data, last->bytes);
}

static void make_stream(struct answers *answers, bool usage_asked)
{
    struct text *parts = allocate((size_t)answers->chunks + 1, sizeof *parts);
    char choice[128];
    add_text(&parts[0], "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n"
                        "x-request-id: req-bench\r\n\r\n");
    for (int i = 0; i < answers->chunks; i++) {
        (void)snprintf(choice, sizeof choice,
                       "\"delta\":{%s\"content\":\" w%05d\"},\"logprobs\":null,"
                       "\"finish_reason\":null",
                       i == 0 ? "\"role\":\"assistant\"," : "", i);
        add_choice(&parts[i], usage_asked, i, choice);
    }
    answers->parts[usage_asked] = parts;
    make_last(answers, usage_asked);
}

/* ---- queues ---- */

static void queue_init(struct queue *queue)
{
    queue->head.next = queue->head.previous = &queue->head;
}

static void queue_put(struct queue *queue, struct client *client, int64_t due_ns)
{
    struct client *before = queue->head.previous;
    while (before != &queue->head && before->due_ns > due_ns)
        before = before->previous;
    client->due_ns = due_ns;
    client->queued = true;
    client->previous = before;
    client->next = before->next;
    before->next->previous = client;
    before->next = client;
}

static void queue_take(struct client *client)
{
    if (!client->queued)
        return;
    client->queued = false;
    client->previous->next = client->next;
    client->next->previous = client->previous;
}

static int64_t queue_due_ns(const struct queue *queue)
{
    return queue->head.next == &queue->head ? NEVER_NS : queue->head.next->due_ns;
}

/* ---- replying ---- */

/* A socket holds far more than a reader that reads leaves in it. */
static void send_text(struct client *client, const struct text *text)
{
    ssize_t sent = send(client->fd, text->data, text->bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == (ssize_t)text->bytes || (sent < 0 && (errno == EPIPE || errno == ECONNRESET)))
        return; /* or it has left, and epoll will say so */
    die("a client does not read its answer");
}

static void finish_request(struct client *client)
{
    client->request_bytes = client->request_total = client->kept_bytes = 0;
    client->part = 0;
}

/* Whether it is this request's turn to fail. */
static bool fails(struct answers *answers)
{
    return answers->fail_every > 0 && ++answers->requests % answers->fail_every == 0;
}

/* Its time has come. */
static void reply(struct provider *provider, struct client *client, int64_t due_ns)
{
    struct answers *answers = &provider->answers;
    if (client->part == 0 && fails(answers)) {
        send_text(client, &answers->refusal);
        finish_request(client);
    } else if (!client->streamed) {
        send_text(client, &answers->plain);
        finish_request(client);
    } else if (answers->pace_ns == 0) {
        send_text(client, &answers->whole[client->usage_asked]);
        finish_request(client);
    } else if (client->part < answers->chunks) {
        send_text(client, &answers->parts[client->usage_asked][client->part++]);
        queue_put(&provider->paced, client, due_ns + answers->pace_ns);
    } else {
        send_text(client, &answers->last[client->usage_asked]);
        finish_request(client);
    }
}

static void reply_due(struct provider *provider, struct queue *queue, int64_t now)
{
    while (queue_due_ns(queue) <= now) {
        struct client *client = queue->head.next;
        queue_take(client);
        reply(provider, client, client->due_ns);
    }
}

/* ---- requests ---- */

/* The size of the request, once its head is there; 0 before. */
static size_t total_bytes(struct client *client)
{
    const char *end;
    const char *length;
    client->kept[client->kept_bytes] = '\0';
    end = strstr(client->kept, "\r\n\r\n");
    if (end == NULL)
        return 0;
    length = strcasestr(client->kept, "\r\ncontent-length:");
    if (length == NULL || length > end)
        die("a request came without a Content-Length");
    return (size_t)(end - client->kept) + 4 + strtoul(length + 17, NULL, 10);
}

static bool says(const struct client *client, const char *words)
{
    return memmem(client->kept, client->kept_bytes, words, strlen(words)) != NULL;
}

static void take(struct provider *provider, struct client *client, const char *data, size_t bytes)
{
    size_t room = KEPT_BYTES - client->kept_bytes;
    size_t kept = bytes < room ? bytes : room;
    memcpy(client->kept + client->kept_bytes, data, kept);
    client->kept_bytes += kept;
    client->request_bytes += bytes;
    if (client->request_total == 0)
        client->request_total = total_bytes(client);
    if (client->request_total == 0 || client->request_bytes < client->request_total)
        return;
    if (client->request_bytes > client->request_total || client->queued)
        die("a request came before the one before it was answered");
    client->streamed = says(client, "\"stream\":true");
    client->usage_asked = says(client, "\"include_usage\":true");
    if (provider->answers.latency_ns == 0)
        reply(provider, client, now_ns());
    else
        queue_put(&provider->first, client, now_ns() + provider->answers.latency_ns);
}

static void leave(struct client *client)
{
    queue_take(client);
    close(client->fd);
    free(client);
}

static void receive(struct provider *provider, struct client *client)
{
    static char scratch[SCRATCH_BYTES];
    ssize_t got = recv(client->fd, scratch, sizeof scratch, MSG_DONTWAIT);
    if (got > 0)
        take(provider, client, scratch, (size_t)got);
    else if (got == 0 || errno != EAGAIN)
        leave(client);
}

static void accept_all(struct provider *provider)
{
    int on = 1;
    int fd;
    while ((fd = accept4(provider->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct client *client = allocate(1, sizeof *client);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        client->fd = fd;
        watch(provider->epoll, fd, EPOLLIN, client);
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        die("accept: %s", strerror(errno));
}

/* ---- life ---- */

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
        die("cannot listen: %s", strerror(errno));
    printf("%d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    return fd;
}

static void read_options(struct answers *answers, int argc, char **argv)
{
    answers->chunks = 100;
    for (int i = 1; i + 1 < argc; i += 2) {
        int64_t number = parse_number(argv[i], argv[i + 1]);
        if (strcmp(argv[i], "--latency-us") == 0)
            answers->latency_ns = number * 1000;
        else if (strcmp(argv[i], "--pace-us") == 0)
            answers->pace_ns = number * 1000;
        else if (strcmp(argv[i], "--chunks") == 0 && number > 0 && number <= 10000)
            answers->chunks = (int)number;
        else if (strcmp(argv[i], "--answer-bytes") == 0)
            answers->answer_bytes = (size_t)number;
        else if (strcmp(argv[i], "--fail-every") == 0)
            answers->fail_every = number;
        else
            die("%s %s is no option of the provider", argv[i], argv[i + 1]);
    }
    if (argc % 2 == 0)
        die("an option without its value");
}

int main(int argc, char **argv)
{
    struct provider provider = {0};
    struct epoll_event events[EVENTS_MAX];
    prepare_process();
    read_options(&provider.answers, argc, argv);
    make_plain(&provider.answers);
    make_refusal(&provider.answers);
    make_stream(&provider.answers, false);
    make_stream(&provider.answers, true);
    queue_init(&provider.first);
    queue_init(&provider.paced);
    provider.epoll = epoll_create1(EPOLL_CLOEXEC);
    provider.listener = listen_anywhere();
    watch(provider.epoll, provider.listener, EPOLLIN, NULL);
    for (;;) {
        int64_t first_ns = queue_due_ns(&provider.first);
        int64_t paced_ns = queue_due_ns(&provider.paced);
        int count = wait_until(provider.epoll, events, first_ns < paced_ns ? first_ns : paced_ns);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_all(&provider);
            else
                receive(&provider, events[i].data.ptr);
        }
        reply_due(&provider, &provider.first, now_ns());
        reply_due(&provider, &provider.paced, now_ns());
    }
}
