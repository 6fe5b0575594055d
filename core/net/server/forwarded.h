/* Who the client is behind proxies: the last hop of X-Forwarded-For or Forwarded (RFC 7239) that is
 * no trusted proxy, and whether it speaks https. Only for a request that a trusted proxy has sent:
 * anybody else may write anything into these headers. Pure functions, any thread.
 *
 * The headers are read from their end, for each proxy adds behind what it was given. What a client
 * wrote itself stands before the first address that a trusted proxy has seen, and is never looked
 * at. A hop that is no address ("unknown", a name, nonsense) ends the reading: the client is then
 * the hop behind it, a proxy. */
#ifndef NET_SERVER_FORWARDED_H
#define NET_SERVER_FORWARDED_H

#include "net/http1/head.h"
#include "net/server/ip_address.h"

enum forwarded_header {
    FORWARDED_ANY, /* X-Forwarded-For; without one, Forwarded */
    FORWARDED_X,   /* X-Forwarded-For only */
    FORWARDED_RFC  /* Forwarded only */
};

struct forwarded {
    struct ip_address client;
    bool secure; /* https between the client and the first proxy */
};

/* *out comes with the trusted proxy that has sent the request, and stays as it is as far as the
 * headers say nothing. */
void forwarded_read(const struct http_head *head, const struct ip_networks *trusted,
                    enum forwarded_header which, struct forwarded *out);

#endif
