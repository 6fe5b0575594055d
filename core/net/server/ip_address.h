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

/* An IPv6 address. An IPv4 address is stored as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that both
 * forms of it are equal. */
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

/* Reads "192.0.2.1" or "2001:db8::1", without brackets; ignores a '%' and what follows (an
 * interface). */
bool ip_address_parse(struct slice text, struct ip_address *out);
/* Does the same, and also takes a port and brackets, which the hops of proxy headers may have. */
bool ip_address_parse_hop(struct slice text, struct ip_address *out);
/* From four or sixteen bytes in network order. */
void ip_address_from_v4(const unsigned char *bytes, struct ip_address *out);
void ip_address_from_v6(const unsigned char *bytes, struct ip_address *out);
/* Writes IPv4 addresses in their usual form. */
void ip_address_format(const struct ip_address *address, char out[IP_TEXT_BYTES]);
bool ip_address_is_v4(const struct ip_address *address);
bool ip_address_is_loopback(const struct ip_address *address);

/* Reads addresses, networks (10.0.0.0/8) and the word `loopback`, separated by commas or spaces.
 * Returns false with *fault, which names the bad entry. */
bool ip_networks_parse(const char *text, struct ip_networks *out, struct fault *fault);
bool ip_networks_have(const struct ip_networks *networks, const struct ip_address *address);

#endif
