/* What http_client.h keeps from one request to the next: targets with their addresses, and idle
 * connections. A connection goes when its provider closes it, says something that nobody asked
 * for, or has not been used for KEPT_S; a target when nothing has used it for as long. Embedded in
 * the client; on the loop's thread. */
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
    /* The lookup that http_pool_resolve has begun is over; `why`: without a result. */
    void (*on_addresses)(struct http_target *target, const char *why, void *arg);
    void *arg;
};

void http_pool_init(struct http_pool *pool, struct loop *loop);
void http_pool_fini(struct http_pool *pool); /* no call is left */

/* The target of a URL; it stays while its `calls` are counted. NULL with *fault: no such URL. */
struct http_target *http_pool_target(struct http_pool *pool, const char *url, struct fault *fault);

/* Looks its name up, unless that is under way. False: there are too many lookups. */
bool http_pool_resolve(struct http_target *target);

/* A kept connection on which nothing has come, no longer the pool's; NULL when there is none. */
struct http_connection *http_pool_take(struct http_target *target);
/* Takes it over, its callback with it. */
void http_pool_keep(struct http_connection *connection);

void http_pool_tick(struct http_pool *pool, int64_t now_us); /* lets go what is old */

#endif
