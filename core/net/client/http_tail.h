/* The tail of a request (upstream.h) on an HTTP/1.1 connection: as it comes, in chunks where its
 * length is not known. Only for this room. */
#ifndef NET_CLIENT_HTTP_TAIL_H
#define NET_CLIENT_HTTP_TAIL_H

#include "net/client/http_connection.h"
#include "net/client/upstream_tail.h"

struct http_tail {                    /* starts zeroed, but for `from` */
    const struct upstream_tail *from; /* NULL: there is none */
    char frame[24];                   /* what stands before the next data */
    size_t frame_bytes;
    size_t frame_sent;
    size_t chunk_left; /* data of the present chunk */
    bool begun;        /* a chunk has */
    bool last;         /* and it is the last one, which is empty */
    bool over;         /* all is sent */
};

/* Sends what there is. Returns whether more waits for the socket; false with *failed: it broke. */
bool http_tail_send(struct http_tail *tail, struct http_connection *connection, bool *failed);
static inline bool http_tail_is_sent(const struct http_tail *tail)
{
    return tail->from == NULL || tail->over;
}

#endif
