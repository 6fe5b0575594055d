/* The target of requests of http_client.h: a URL and what was learnt about it, its addresses and
 * kept connections. libcurl's parser splits the URL once, so that an address means the same as for
 * https. The client owns it, on the loop's thread. */
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
    char *url;  /* as the caller gave it */
    char *host; /* a name, or an address without brackets */
    char *port;
    char *head; /* each request after its method: path, Host, our fixed headers */
    struct addresses addresses;
    int64_t addresses_until_us;     /* look them up again then; a literal's are always valid */
    struct resolver_lookup *lookup; /* NULL: no lookup runs */
    struct http_connections kept;   /* last used first */
    size_t calls;                   /* running calls */
    int64_t used_us;                /* when the last call used it */
};

/* Returns NULL with *fault when the text is no http URL, or has a user or password. */
struct http_target *http_target_new(const char *url, struct fault *fault);
void http_target_free(struct http_target *target); /* its connections must be closed */

#endif
