/* Looks up names for http_client.h: getaddrinfo on threads of its own. So it answers as the machine
 * does (hosts file, search domains, order of addresses), and a slow name server stops no worker.
 * (libevent's own resolver reads its files once and has no TCP; its 2.1.12 has open bugs when a
 * base is freed: issues 1278 and 1506.) The threads start with the first name.
 *
 * On the loop's thread. An answer comes through the loop's queue, never from inside resolver_start;
 * it is valid until `done` returns. */
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
/* Waits for the lookups that run; the caller has cancelled them before. */
void resolver_free(struct resolver *resolver);

/* Reads a literal IPv4 or IPv6 address (with its %zone, without brackets); false: it is a name. */
bool resolver_literal(const char *host, const char *port, struct addresses *out);

/* `done` gets the addresses, or NULL and the reason. Returns NULL when too many lookups wait or no
 * thread can start. */
struct resolver_lookup *resolver_start(
    struct resolver *resolver, const char *host, const char *port,
    void (*done)(const struct addresses *addresses, const char *why, void *arg), void *arg);
void resolver_cancel(struct resolver_lookup *lookup); /* `done` will not be called */

#endif
