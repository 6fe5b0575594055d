#include "net/server/peer.h"

#include <string.h>

static void set_client(struct peer *peer, const struct ip_address *client, bool secure)
{
    peer->client_secure = secure;
    if (peer->client_text[0] != '\0' && memcmp(&peer->client, client, sizeof *client) == 0)
        return;
    peer->client = *client;
    ip_address_format(client, peer->client_text);
}

static void set_address(struct peer *peer, const struct peer_trust *trust)
{
    peer->trusted = ip_networks_have(&trust->proxies, &peer->address);
    set_client(peer, &peer->address, peer->secure);
}

void peer_init(struct peer *peer, const char *address, bool tls, const struct peer_trust *trust)
{
    *peer = (struct peer){.secure = tls};
    (void)ip_address_parse(slice_of(address), &peer->address);
    set_address(peer, trust);
}

void peer_take_proxy_header(struct peer *peer, const struct proxy_header *header,
                            const struct peer_trust *trust)
{
    if (header->has_address)
        peer->address = header->address;
    if (header->secure != PROXY_SECURE_UNSAID)
        peer->secure = header->secure == PROXY_SECURE_YES;
    set_address(peer, trust);
}

void peer_begin_request(struct peer *peer)
{
    if (peer->trusted)
        set_client(peer, &peer->address, peer->secure);
}

void peer_read_head(struct peer *peer, const struct http_head *head, const struct peer_trust *trust)
{
    if (!peer->trusted)
        return;
    struct forwarded found = {.client = peer->address, .secure = peer->secure};
    forwarded_read(head, &trust->proxies, trust->header, &found);
    set_client(peer, &found.client, found.secure);
}
