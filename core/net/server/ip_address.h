/* Network addresses, and lists of networks such as trusted_proxies. No state, any thread. */
#ifndef NET_SERVER_IP_ADDRESS_H
#define NET_SERVER_IP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "base/limits.h"
#include "base/slice.h"

enum {
    IP_ADDRESS_BYTES = 16,
    IP_TEXT_BYTES = 46 /* INET6_ADDRSTRLEN */
};

/* IPv6; an IPv4 address stands in it as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that it is the same
 * address however it came. */
struct ip_address {
    unsigned char bytes[IP_ADDRESS_BYTES];
};

struct ip_network {
    struct ip_address address;
    unsigned prefix_bits; /* of 128 */
};

struct ip_networks {
    struct ip_network list[LIMIT_TRUSTED_PROXIES];
    size_t count;
};

/* "192.0.2.1", "2001:db8::1", without brackets; what follows a '%' (an interface) is left out. */
bool ip_address_parse(struct slice text, struct ip_address *out);
/* The same with what the hops of a proxy's header have besides: a port, brackets. */
bool ip_address_parse_hop(struct slice text, struct ip_address *out);
/* From four or sixteen bytes as they stand in a packet. */
void ip_address_from_v4(const unsigned char *bytes, struct ip_address *out);
void ip_address_from_v6(const unsigned char *bytes, struct ip_address *out);
/* As people write it: IPv4 in its own form. */
void ip_address_format(const struct ip_address *address, char out[IP_TEXT_BYTES]);
bool ip_address_is_v4(const struct ip_address *address);
bool ip_address_is_loopback(const struct ip_address *address);

/* Addresses, networks (10.0.0.0/8) and the word `loopback`, with commas or spaces between them.
 * False: *fault names the entry. */
bool ip_networks_parse(const char *text, struct ip_networks *out, struct fault *fault);
bool ip_networks_have(const struct ip_networks *networks, const struct ip_address *address);

#endif
