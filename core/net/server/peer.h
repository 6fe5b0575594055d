/* The other end of a connection, and the client whose request it brings: they differ if the other
 * end is a trusted proxy. Part of a connection, on its loop's thread. */
#ifndef NET_SERVER_PEER_H
#define NET_SERVER_PEER_H

#include "net/server/forwarded.h"
#include "net/server/ip_address.h"
#include "net/server/proxy_header.h"

/* Which other machines are believed, on all connections of a server. */
struct peer_trust {
    struct ip_networks proxies;
    enum forwarded_header header;
    bool proxy_protocol; /* a trusted proxy begins each connection with a PROXY header */
};

struct peer {
    struct ip_address address; /* the other end, from the kernel or a PROXY header */
    bool trusted;              /* it is a trusted proxy */
    bool secure;               /* TLS on the connection, or a PROXY header that tells of TLS */
    /* For the present request: */
    struct ip_address client;
    bool client_secure;
    char client_text[IP_TEXT_BYTES];
};

/* `address` is the text that libevent has. */
void peer_init(struct peer *peer, const char *address, bool tls, const struct peer_trust *trust);
void peer_take_proxy_header(struct peer *peer, const struct proxy_header *header,
                            const struct peer_trust *trust);
/* Sets the other end as the client, until a head says otherwise. */
void peer_begin_request(struct peer *peer);
/* A trusted proxy's head tells whose request it is; the head of any other peer is not read. */
void peer_read_head(struct peer *peer, const struct http_head *head,
                    const struct peer_trust *trust);

#endif
