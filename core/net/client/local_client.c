#include "net/client/local_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/http1/response_head.h"
#include "net/loop/unix_socket.h"

enum { WAIT_S = 10, STEP_BYTES = 16 * 1024 };

static bool send_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(fd, data, bytes, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        data += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

/* Until the other end closes. */
static bool receive_all(int fd, struct buffer *out)
{
    for (;;) {
        char *room = buffer_reserve(out, STEP_BYTES);
        if (room == NULL)
            return false;
        ssize_t got = recv(fd, room, STEP_BYTES, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        out->bytes += (size_t)got;
    }
}

static bool read_reply(struct slice reply, int *status, struct buffer *body)
{
    struct response_head head;
    const char *why;
    ptrdiff_t bytes = response_head_find_end(reply.data, reply.bytes, 0, &why);
    if (bytes <= 0 || !response_head_parse(reply.data, (size_t)bytes, &head, &why) ||
        head.content_length < 0 || (uint64_t)head.content_length != reply.bytes - (size_t)bytes)
        return false;
    *status = head.status;
    return buffer_append(body, reply.data + bytes, reply.bytes - (size_t)bytes) || body->bytes == 0;
}

bool local_client_ask(const char *socket_path, const char *method, const char *target, int *status,
                      struct buffer *body, struct fault *fault)
{
    char request[512];
    const struct timeval wait = {.tv_sec = WAIT_S};
    int fd = unix_socket_connect(socket_path, fault);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    int bytes = snprintf(request, sizeof request,
                         "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                         "Content-Length: 0\r\n\r\n",
                         method, target);
    struct buffer reply;
    buffer_init(&reply, body->bytes_max + STEP_BYTES);
    /* Who has no room for one more replies, or just closes, before it has read the request. */
    bool sent = bytes > 0 && (size_t)bytes < sizeof request && send_all(fd, request, (size_t)bytes);
    errno = 0;
    bool ended = receive_all(fd, &reply) || errno == ECONNRESET;
    bool late = errno == EAGAIN;
    bool good = ended && read_reply(buffer_slice(&reply), status, body);
    if (late)
        fault_set(fault, "silent", "%s: no answer within %d s", socket_path, (int)WAIT_S);
    else if (!good && reply.bytes == 0 && (ended || !sent))
        fault_set(fault, "dropped", "%s: the connection was closed without a reply", socket_path);
    else if (!good)
        fault_set(fault, "not_reached", "%s: no gateway answers there", socket_path);
    close(fd);
    buffer_fini(&reply);
    return good;
}
