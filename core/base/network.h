/* The network that an Internet address belongs to. */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

enum { NETWORK_BYTES = 48 };

/* Writes the network of one subscriber: an IPv4 address as it is; of an IPv6 address the first 64
 * bits ("2001:db8:0:1::/64"), because a subscriber has all addresses of such a network. An IPv4
 * address written as IPv6 is IPv4. A text that is no address is copied, cut if too long. Returns
 * `out`. */
const char *network_of(const char *address, char out[NETWORK_BYTES]);

#endif
