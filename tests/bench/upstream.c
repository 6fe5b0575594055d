/* The fastest provider that we can have, so that a benchmark measures the gateway: one thread, one
 * epoll, and an answer that was made beforehand, streamed when the request says `"stream":true`.
 * Usage: bench_upstream CHUNKS; prints the port that the kernel chose. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_BYTES_MAX = 1024 * 1024, REPLY_BYTES_MAX = 1024 * 1024, EVENTS_MAX = 256 };

struct reply {
    char *data;
    size_t bytes;
};

struct client {
    int fd;
    size_t bytes;
    char data[REQUEST_BYTES_MAX + 1];
};

static const char usage[] = "{\"prompt_tokens\":12,\"completion_tokens\":20,\"total_tokens\":32}";

static void add(struct reply *reply, const char *text)
{
    size_t bytes = strlen(text);

    if (reply->data == NULL || reply->bytes + bytes > REPLY_BYTES_MAX)
        exit(1); /* CHUNKS is too large */
    memcpy(reply->data + reply->bytes, text, bytes);
    reply->bytes += bytes;
}

static void add_event(struct reply *reply, const char *event)
{
    char size[24];

    (void)snprintf(size, sizeof(size), "%zx\r\n", strlen(event));
    add(reply, size);
    add(reply, event);
    add(reply, "\r\n");
}

static struct reply make_whole(void)
{
    struct reply reply = {malloc(REPLY_BYTES_MAX), 0};
    char body[512];
    char bytes[16];

    (void)snprintf(
        body, sizeof(body),
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,"
        "\"model\":\"bench\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
        "\"assistant\",\"content\":\"Hello\"},\"finish_reason\":\"stop\"}],\"usage\":%s}",
        usage);
    (void)snprintf(bytes, sizeof(bytes), "%zu", strlen(body));
    add(&reply, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ");
    add(&reply, bytes);
    add(&reply, "\r\n\r\n");
    add(&reply, body);
    return reply;
}

static struct reply make_stream(int chunks)
{
    static const char head[] = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
                               "\"created\":1,\"model\":\"bench\",\"choices\":";
    struct reply reply = {malloc(REPLY_BYTES_MAX), 0};
    char event[512];

    add(&reply, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    (void)snprintf(event, sizeof(event), "%s[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n",
                   head);
    for (int i = 0; i < chunks; i++)
        add_event(&reply, event);
    (void)snprintf(event, sizeof(event),
                   "%s[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", head);
    add_event(&reply, event);
    (void)snprintf(event, sizeof(event), "%s[],\"usage\":%s}\n\n", head, usage);
    add_event(&reply, event);
    add_event(&reply, "data: [DONE]\n\n");
    add(&reply, "0\r\n\r\n");
    return reply;
}

/* The bytes of the first whole request, 0 when it is not all there. */
static size_t request_bytes(struct client *client)
{
    client->data[client->bytes] = '\0';
    const char *end = strstr(client->data, "\r\n\r\n");
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - client->data) + 4;
    const char *length = strcasestr(client->data, "\r\ncontent-length:");
    size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return head + body <= client->bytes ? head + body : 0;
}

/* False: the client is gone. Replies are written whole: the socket's buffer holds them. */
static bool serve(struct client *client, const struct reply *whole, const struct reply *stream)
{
    ssize_t got =
        recv(client->fd, client->data + client->bytes, REQUEST_BYTES_MAX - client->bytes, 0);
    size_t bytes;

    if (got <= 0)
        return false;
    client->bytes += (size_t)got;
    while ((bytes = request_bytes(client)) > 0) {
        bool streamed = memmem(client->data, bytes, "\"stream\":true", 13) != NULL;
        const struct reply *reply = streamed ? stream : whole;
        for (size_t sent = 0; sent < reply->bytes;) {
            ssize_t n = send(client->fd, reply->data + sent, reply->bytes - sent, MSG_NOSIGNAL);
            if (n <= 0)
                return false;
            sent += (size_t)n;
        }
        client->bytes -= bytes;
        memmove(client->data, client->data + bytes, client->bytes);
    }
    return client->bytes < REQUEST_BYTES_MAX;
}

static void watch(int epoll, int fd, void *who)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = who};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        exit(1);
}

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
        exit(1);
    printf("%d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    struct reply whole = make_whole();
    struct reply stream = make_stream(argc > 1 ? (int)strtol(argv[1], NULL, 10) : 20);
    int listener = listen_anywhere();
    int epoll = epoll_create1(0);
    struct epoll_event events[EVENTS_MAX];
    int on = 1;

    watch(epoll, listener, NULL);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            if (client == NULL) {
                int fd = accept(listener, NULL, NULL);
                client = malloc(sizeof(*client));
                if (fd < 0 || client == NULL)
                    exit(1);
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
                client->fd = fd;
                client->bytes = 0;
                watch(epoll, fd, client);
            } else if (!serve(client, &whole, &stream)) {
                close(client->fd);
                free(client);
            }
        }
    }
}
