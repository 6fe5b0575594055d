/* Who is at the other end of a connection, and whose request it brings: not the same where the
 * other end is a trusted proxy. Part of a connection, on its loop's thread. */
#ifndef NET_SERVER_PEER_H
#define NET_SERVER_PEER_H

#include "net/server/forwarded.h"
#include "net/server/ip_address.h"
#include "net/server/proxy_header.h"

/* What of other machines is believed, of all connections of a server. */
struct peer_trust {
    struct ip_networks proxies;
    enum forwarded_header header;
    bool proxy_protocol; /* a trusted proxy begins each connection with a PROXY header */
};

struct peer {
    struct ip_address address; /* the connection's: as the kernel or a PROXY header says */
    bool trusted;              /* it is a trusted proxy */
    bool secure;               /* TLS on the connection, or before the balancer that says so */
    /* Of the present request: */
    struct ip_address client;
    bool client_secure;
    char client_text[IP_TEXT_BYTES];
};

/* With the address as text, as libevent has it. */
void peer_init(struct peer *peer, const char *address, bool tls, const struct peer_trust *trust);
void peer_take_proxy_header(struct peer *peer, const struct proxy_header *header,
                            const struct peer_trust *trust);
/* The client is the other end itself, until a head says otherwise. */
void peer_begin_request(struct peer *peer);
/* A trusted proxy's head says whose request it is; anybody else's is not looked at. */
void peer_read_head(struct peer *peer, const struct http_head *head,
                    const struct peer_trust *trust);

#endif
