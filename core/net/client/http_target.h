/* Where requests of http_client.h go: a URL, taken apart once (by libcurl's parser, so that every
 * form of address means what it means for https), and what was learnt about it: its addresses and
 * the connections that are kept. Owned by the client, on the loop's thread. */
#ifndef NET_CLIENT_HTTP_TARGET_H
#define NET_CLIENT_HTTP_TARGET_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/fault.h"
#include "base/slice.h"
#include "net/client/http_connection.h"
#include "net/client/resolver.h"

TAILQ_HEAD(http_connections, http_connection);

struct http_pool;

struct http_target {
    LIST_ENTRY(http_target) link;
    struct http_pool *pool;
    char *url;  /* as asked for */
    char *host; /* a name, or an address without brackets */
    char *port;
    char *head; /* how each request goes on behind its method: Host, what we always say */
    struct addresses addresses;
    int64_t addresses_until_us;     /* they are asked for again then; a literal's never */
    struct resolver_lookup *lookup; /* NULL: none runs */
    struct http_connections kept;   /* the one used last in front */
    size_t calls;                   /* that are on their way */
    int64_t used_us;                /* by the last one */
};

/* NULL with *fault when that is no http URL, or one with a user or password in it. */
struct http_target *http_target_new(const char *url, struct fault *fault);
void http_target_free(struct http_target *target); /* its connections were closed before */

#endif
