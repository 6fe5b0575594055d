#include "net/client/http_connection.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"

enum { KEEPALIVE_S = 60 }; /* between two probes of a silent connection */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http_connection *connection = arg;
    connection->on_event(connection, HTTP_CONNECTION_READ, 0);
}

static void on_connected(struct http_connection *connection)
{
    int error = 0;
    socklen_t bytes = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
    connection->connecting = false;
    http_connection_wait_to_send(connection, false);
    if (error == 0)
        http_connection_read(connection, true);
    connection->on_event(connection, HTTP_CONNECTED, error);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http_connection *connection = arg;
    if (connection->connecting)
        on_connected(connection);
    else
        connection->on_event(connection, HTTP_CONNECTION_WRITE, 0);
}

static int socket_new(const struct sockaddr_storage *address)
{
    const int on = 1;
    const int seconds = KEEPALIVE_S;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    return fd;
}

struct http_connection *http_connection_open(struct loop *loop,
                                             const struct sockaddr_storage *address,
                                             http_connection_callback *on_event)
{
    socklen_t bytes =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket_new(address);
    if (fd < 0)
        return NULL;
    if (connect(fd, (const struct sockaddr *)address, bytes) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        errno = error;
        return NULL;
    }
    struct http_connection *connection = calloc(1, sizeof *connection);
    check(connection != NULL);
    connection->fd = fd;
    connection->connecting = true;
    connection->on_event = on_event;
    struct event_base *base = loop_base(loop);
    check(event_assign(&connection->read_event, base, fd, EV_READ | EV_PERSIST, on_readable,
                       connection) == 0);
    check(event_assign(&connection->write_event, base, fd, EV_WRITE | EV_PERSIST, on_writable,
                       connection) == 0);
    http_connection_wait_to_send(connection, true); /* also if it is connected at once */
    return connection;
}

void http_connection_close(struct http_connection *connection)
{
    http_connection_read(connection, false);
    http_connection_wait_to_send(connection, false);
    close(connection->fd);
    free(connection);
}

ssize_t http_connection_send(struct http_connection *connection, struct iovec *parts, int count)
{
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    ssize_t sent;
    do
        sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t http_connection_receive(struct http_connection *connection, void *into, size_t bytes)
{
    ssize_t got;
    do
        got = recv(connection->fd, into, bytes, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

bool http_connection_is_silent(const struct http_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

static void want(struct event *event, bool *is_wanted, bool wanted)
{
    if (*is_wanted == wanted)
        return;
    *is_wanted = wanted;
    check((wanted ? event_add(event, NULL) : event_del(event)) == 0);
}

void http_connection_wait_to_send(struct http_connection *connection, bool wanted)
{
    want(&connection->write_event, &connection->writing, wanted);
}

void http_connection_read(struct http_connection *connection, bool wanted)
{
    want(&connection->read_event, &connection->reading, wanted);
}
