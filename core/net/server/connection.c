/* Uses a connection's socket directly, past libevent and evhttp. */
#include "net/server/connection.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "net/server/tls.h"

void connection_send_now(struct connection *connection, const char *data, size_t bytes)
{
    /* Do not use the bufferevent: evhttp's write callback may still belong to the end of the reply
     * before. Nothing else is being sent, so these few bytes fit into the socket; if they do not,
     * the client goes on after its own time-out. */
    SSL *ssl = connection->request.tls ? bufferevent_openssl_get_ssl(connection->bev) : NULL;
    if (ssl != NULL)
        (void)SSL_write(ssl, data, (int)bytes);
    else
        (void)!send(bufferevent_getfd(connection->bev), data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
}

size_t connection_receive(struct connection *connection, char *to, size_t bytes)
{
    if (connection->request.tls)
        return 0;
    ssize_t got = recv(bufferevent_getfd(connection->bev), to, bytes, MSG_DONTWAIT);
    return got > 0 ? (size_t)got : 0;
}

bool connection_is_established(const struct connection *connection)
{
    return !connection->request.tls || tls_is_established(connection->bev);
}

void connection_read(struct connection *connection, bool wanted)
{
    if (wanted)
        bufferevent_enable(connection->bev, EV_READ);
    else
        bufferevent_disable(connection->bev, EV_READ);
}
