/* One TCP connection of http_client.h. It is non-blocking and stays registered with the loop, so
 * that a request over a kept connection costs no epoll_ctl. It waits for writability only while it
 * connects and after an incomplete write.
 *
 * The client owns it, on the loop's thread, and may close it from inside its callback. */
#ifndef NET_CLIENT_HTTP_CONNECTION_H
#define NET_CLIENT_HTTP_CONNECTION_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/loop/loop.h"

enum http_connection_event {
    HTTP_CONNECTED,       /* or it failed: see `error` */
    HTTP_CONNECTION_READ, /* data has come, or the provider has closed it */
    HTTP_CONNECTION_WRITE
};

struct http_connection;
typedef void http_connection_callback(struct http_connection *connection,
                                      enum http_connection_event event, int error);

struct http_connection {
    int fd;
    bool connecting;
    bool reading;
    bool writing;
    struct event read_event;
    struct event write_event;
    http_connection_callback *on_event;
    /* Fields of the client: */
    void *call; /* NULL: the pool has it */
    struct http_target *target;
    bool used; /* it has carried an answer before */
    int64_t kept_since_us;
    TAILQ_ENTRY(http_connection) kept;
};

/* Begins to connect; the callback reports the result, never from inside this function. Returns NULL
 * with errno when it cannot begin. */
struct http_connection *http_connection_open(struct loop *loop,
                                             const struct sockaddr_storage *address,
                                             http_connection_callback *on_event);
void http_connection_close(struct http_connection *connection);

/* Like sendmsg and recv; -1 with EAGAIN is no failure. */
ssize_t http_connection_send(struct http_connection *connection, struct iovec *parts, int count);
ssize_t http_connection_receive(struct http_connection *connection, void *into, size_t bytes);

/* Returns true when no unread data is there and the provider has not closed the connection. */
bool http_connection_is_silent(const struct http_connection *connection);

/* Switch the callback's events on and off: data has come; more can be sent. */
void http_connection_read(struct http_connection *connection, bool wanted);
void http_connection_wait_to_send(struct http_connection *connection, bool wanted);

#endif
