#include "net/scripted_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/support.h"

enum { READ_BYTES = 1 << 16 };

static void send_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(fd, data, bytes, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the client has gone: the test sees that elsewhere */
        data += sent;
        bytes -= (size_t)sent;
    }
}

static size_t body_bytes(const char *head)
{
    const char *length = strcasestr(head, "\r\nContent-Length:");
    return length != NULL ? strtoul(length + 17, NULL, 10) : 0;
}

/* Reads until the end of the head, or of the body. */
static void read_request(struct scripted_server *server, int fd, bool with_body)
{
    char *text = NULL;
    size_t bytes = 0, capacity = 0;
    size_t wanted = SIZE_MAX;
    while (bytes < wanted) {
        if (bytes + READ_BYTES + 1 > capacity) {
            capacity = capacity * 2 + READ_BYTES + 1; /* ASan's realloc always copies */
            text = realloc(text, capacity);
        }
        if (text == NULL)
            abort();
        /* The head byte by byte, so that nothing behind it is taken. */
        size_t room = wanted == SIZE_MAX ? 1 : wanted - bytes;
        ssize_t got = recv(fd, text + bytes, room < READ_BYTES ? room : READ_BYTES, 0);
        if (got <= 0)
            break;
        bytes += (size_t)got;
        text[bytes] = '\0';
        if (wanted == SIZE_MAX && bytes >= 4 && memcmp(text + bytes - 4, "\r\n\r\n", 4) == 0)
            wanted = bytes + (with_body ? body_bytes(text) : 0);
    }
    free(server->request);
    server->request = text;
    server->request_bytes = bytes;
    if (bytes == wanted)
        server->requests++;
}

static void see_close(struct scripted_server *server, int fd)
{
    char into[4096];
    while (recv(fd, into, sizeof into, 0) > 0) {}
    server->closes++;
}

/* False: the connection is closed. */
static bool play(struct scripted_server *server, int fd, const struct step *step)
{
    const struct linger linger = {1, 0};
    struct slice data = step->text != NULL ? slice_of(step->text) : step->data;
    char byte;
    switch (step->kind) {
    case STEP_READ:
    case STEP_READ_HEAD:
        read_request(server, fd, step->kind == STEP_READ);
        return true;
    case STEP_SEND:
        send_all(fd, data.data, data.bytes);
        return true;
    case STEP_SEND_BYTEWISE:
        for (size_t i = 0; i < data.bytes; i++)
            send_all(fd, data.data + i, 1);
        return true;
    case STEP_SEE_CLOSE:
        see_close(server, fd);
        return true;
    case STEP_WAIT:
        return read(server->go[0], &byte, 1) == 1;
    case STEP_RESET:
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        return false;
    case STEP_CLOSE:
    case STEP_END:
        break;
    }
    return false;
}

static void *serve(void *arg)
{
    struct scripted_server *server = arg;
    const int on = 1;
    for (int at = 0; at < SERVER_CONNECTIONS_MAX; at++) {
        const struct step *step = server->script->steps[at];
        if (step->kind == STEP_END)
            break;
        int fd = accept(server->fd, NULL, NULL);
        if (fd < 0)
            break;
        server->connections++;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        while (play(server, fd, step))
            step++;
        close(fd);
        server->over++;
    }
    return NULL;
}

void scripted_server_start(struct scripted_server *server, const struct script *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    memset(server, 0, sizeof *server);
    server->script = script;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &bytes), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(listen(server->fd, 16), 0);
    assert_int_equal(pipe(server->go), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void scripted_server_go(struct scripted_server *server)
{
    assert_int_equal(write(server->go[1], "x", 1), 1);
}

void scripted_server_join(struct scripted_server *server)
{
    pthread_join(server->thread, NULL);
    close(server->fd);
    close(server->go[0]);
    close(server->go[1]);
}
