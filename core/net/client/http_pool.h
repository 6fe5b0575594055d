/* What http_client.h keeps between requests: targets with their addresses, and idle connections. A
 * connection is closed when the provider closes it, when it sends data that nobody asked for, or
 * after KEPT_S without use; a target is freed after the same time without use. Embedded in the
 * client; on the loop's thread. */
#ifndef NET_CLIENT_HTTP_POOL_H
#define NET_CLIENT_HTTP_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/client/http_target.h"

struct http_pool {
    LIST_HEAD(http_targets, http_target) targets;
    struct resolver *resolver;
    size_t kept_count;
    /* A lookup of http_pool_resolve has ended; `why` is set if it found nothing. */
    void (*on_addresses)(struct http_target *target, const char *why, void *arg);
    void *arg;
};

void http_pool_init(struct http_pool *pool, struct loop *loop);
void http_pool_fini(struct http_pool *pool); /* no call may be running */

/* Returns the target of a URL; it stays while its `calls` is above 0. Returns NULL with *fault for
 * a URL that is not valid. */
struct http_target *http_pool_target(struct http_pool *pool, const char *url, struct fault *fault);

/* Looks up the target's name, unless a lookup runs already. Returns false when there are too many
 * lookups. */
bool http_pool_resolve(struct http_target *target);

/* Takes a silent kept connection out of the pool; NULL when there is none. */
struct http_connection *http_pool_take(struct http_target *target);
/* Takes over the connection and sets its own callback; a full pool closes it. */
void http_pool_keep(struct http_connection *connection);

void http_pool_tick(struct http_pool *pool, int64_t now_us); /* drops what is too old */

#endif
