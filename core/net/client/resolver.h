/* Names to addresses, for http_client.h: getaddrinfo on threads of its own, so it answers as the
 * machine does (hosts file, search domains, order of addresses) and a slow name server stops no
 * worker. (libevent's own resolver reads its files once, knows no TCP, and its 2.1.12 has open
 * faults where a base is freed: issues 1278 and 1506.) The threads start with the first name.
 *
 * On the loop's thread. An answer comes through the loop's queue, never from inside
 * resolver_start; its memory is the lookup's, which goes after it. */
#ifndef NET_CLIENT_RESOLVER_H
#define NET_CLIENT_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/loop/loop.h"

enum { RESOLVER_ADDRESSES_MAX = 8 };

struct addresses {
    size_t count;
    struct sockaddr_storage at[RESOLVER_ADDRESSES_MAX]; /* with the port, in the order to try */
};

struct resolver;
struct resolver_lookup;

struct resolver *resolver_new(struct loop *loop);
/* Waits for lookups that run; theirs were cancelled before. */
void resolver_free(struct resolver *resolver);

/* A literal IPv4 or IPv6 address (with its %zone, without brackets); false when it is a name. */
bool resolver_literal(const char *host, const char *port, struct addresses *out);

/* `done` gets the addresses, or NULL and why there are none. NULL: too many wait, or there is no
 * thread. */
struct resolver_lookup *resolver_start(
    struct resolver *resolver, const char *host, const char *port,
    void (*done)(const struct addresses *addresses, const char *why, void *arg), void *arg);
void resolver_cancel(struct resolver_lookup *lookup); /* `done` is not called any more */

#endif
