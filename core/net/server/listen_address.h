/* The address where the gateway listens: "127.0.0.1", "::1", "0.0.0.0" and a port. No state, any
 * thread. */
#ifndef NET_SERVER_LISTEN_ADDRESS_H
#define NET_SERVER_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/fault.h"

/* Returns false with *fault when `address` is not valid. */
bool listen_address_parse(const char *address, int port, struct sockaddr_storage *out,
                          socklen_t *bytes, struct fault *fault);

/* Returns false with *fault when `address` is not valid or another process listens there:
 * SO_REUSEPORT would let two gateways share a port silently. Port 0 is always free. */
bool listen_address_check_free(const char *address, int port, struct fault *fault);

/* Makes a socket there, which several threads may do (SO_REUSEPORT); it does not listen yet. -1:
 * *fault. */
int listen_address_open(const char *address, int port, struct fault *fault);

/* A descriptor of its own for a socket that listens: closing it leaves the socket to its other
 * holders, with the connections that wait in it. -1: *fault. */
int listen_address_share(int listen_fd, struct fault *fault);

/* The port of a bound socket; 0: it has none. */
int listen_address_port(int fd);

#endif
