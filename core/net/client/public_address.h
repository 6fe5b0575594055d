/* Which Internet addresses a stranger may have us connect to. Pure. */
#ifndef NET_CLIENT_PUBLIC_ADDRESS_H
#define NET_CLIENT_PUBLIC_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether the address is one of the whole Internet: no loopback, private, link-local, shared,
 * multicast, reserved or documentation address by the registries of IANA, nor an IPv6 address that
 * stands for such an IPv4 address (mapped, 6to4, NAT64). What is no address of IPv4 or IPv6 is
 * not. */
bool public_address_is(const struct sockaddr *address);

#endif
