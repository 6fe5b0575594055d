/* Whom an address of the Internet belongs to. */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

enum { NETWORK_BYTES = 48 };

/* The text of the network that one subscriber has: an IPv4 address as it is, of IPv6 the first 64
 * bits, for who has one of these addresses has them all ("2001:db8:0:1::/64"). An IPv4 address
 * written as IPv6 is IPv4. What is no address stays as it is, cut. Returns `out`. */
const char *network_of(const char *address, char out[NETWORK_BYTES]);

#endif
