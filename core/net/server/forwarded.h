/* Finds the client behind proxies: the last hop of X-Forwarded-For or Forwarded (RFC 7239) that is
 * no trusted proxy, and whether that client uses https. Only for a request from a trusted proxy:
 * any other client may write anything into these headers. Pure functions, any thread.
 *
 * The headers are read from their end, because each proxy appends to what it received. Whatever the
 * client wrote stands before the first address that a trusted proxy has seen, and is never read. A
 * hop that is no address ("unknown", a name, nonsense) ends the reading: then the proxy behind it
 * counts as the client. */
#ifndef NET_SERVER_FORWARDED_H
#define NET_SERVER_FORWARDED_H

#include "net/http1/head.h"
#include "net/server/ip_address.h"

enum forwarded_header {
    FORWARDED_ANY, /* X-Forwarded-For; if absent, Forwarded */
    FORWARDED_X,   /* X-Forwarded-For only */
    FORWARDED_RFC  /* Forwarded only */
};

struct forwarded {
    struct ip_address client;
    bool secure; /* the client uses https to the first proxy */
};

/* *out comes in with the trusted proxy that sent the request. What the headers do not tell stays
 * unchanged. */
void forwarded_read(const struct http_head *head, const struct ip_networks *trusted,
                    enum forwarded_header which, struct forwarded *out);

#endif
