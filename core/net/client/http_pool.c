#include "net/client/http_pool.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

enum {
    KEPT_S = 60,
    ADDRESSES_S = 60 /* a name's addresses may change */
};

void http_pool_init(struct http_pool *pool, struct loop *loop)
{
    LIST_INIT(&pool->targets);
    pool->resolver = resolver_new(loop);
}

/* ---- connections ---- */

static void drop(struct http_connection *connection)
{
    struct http_target *target = connection->target;
    TAILQ_REMOVE(&target->kept, connection, kept);
    target->pool->kept_count--;
    http_connection_close(connection);
}

/* The provider has closed the connection, or sends data that we did not ask for. */
static void on_kept_event(struct http_connection *connection, enum http_connection_event event,
                          int error)
{
    (void)event;
    (void)error;
    drop(connection);
}

struct http_connection *http_pool_take(struct http_target *target)
{
    struct http_connection *connection;
    while ((connection = TAILQ_FIRST(&target->kept)) != NULL) {
        /* Data that came since the last look would be taken for the answer to the next request,
         * which may be another customer's. */
        if (!http_connection_is_silent(connection)) {
            drop(connection);
            continue;
        }
        TAILQ_REMOVE(&target->kept, connection, kept);
        target->pool->kept_count--;
        return connection;
    }
    return NULL;
}

void http_pool_keep(struct http_connection *connection)
{
    struct http_target *target = connection->target;
    if (target->pool->kept_count == LIMIT_CONNECTIONS_KEPT) {
        http_connection_close(connection);
        return;
    }
    connection->call = NULL;
    connection->on_event = on_kept_event;
    connection->used = true;
    connection->kept_since_us = clock_mono_us();
    TAILQ_INSERT_HEAD(&target->kept, connection, kept);
    target->pool->kept_count++;
    http_connection_read(connection, true);
}

/* ---- targets ---- */

struct http_target *http_pool_target(struct http_pool *pool, const char *url, struct fault *fault)
{
    struct http_target *target;
    LIST_FOREACH(target, &pool->targets, link)
    {
        if (strcmp(target->url, url) == 0)
            break;
    }
    if (target == NULL) {
        target = http_target_new(url, fault);
        if (target == NULL)
            return NULL;
        target->pool = pool;
        LIST_INSERT_HEAD(&pool->targets, target, link);
    }
    target->used_us = clock_mono_us();
    return target;
}

static void free_target(struct http_target *target)
{
    while (!TAILQ_EMPTY(&target->kept))
        drop(TAILQ_FIRST(&target->kept));
    if (target->lookup != NULL)
        resolver_cancel(target->lookup);
    LIST_REMOVE(target, link);
    http_target_free(target);
}

void http_pool_fini(struct http_pool *pool)
{
    while (!LIST_EMPTY(&pool->targets))
        free_target(LIST_FIRST(&pool->targets));
    resolver_free(pool->resolver);
}

static void on_lookup_done(const struct addresses *addresses, const char *why, void *arg)
{
    struct http_target *target = arg;
    target->lookup = NULL;
    if (addresses != NULL) {
        target->addresses = *addresses;
        target->addresses_until_us = clock_mono_us() + ADDRESSES_S * INT64_C(1000000);
    }
    target->pool->on_addresses(target, why, target->pool->arg);
}

bool http_pool_resolve(struct http_target *target)
{
    if (target->lookup == NULL)
        target->lookup = resolver_start(target->pool->resolver, target->host, target->port,
                                        on_lookup_done, target);
    return target->lookup != NULL;
}

void http_pool_tick(struct http_pool *pool, int64_t now_us)
{
    const int64_t old_us = now_us - KEPT_S * INT64_C(1000000);
    struct http_target *next;
    for (struct http_target *target = LIST_FIRST(&pool->targets); target != NULL; target = next) {
        next = LIST_NEXT(target, link);
        struct http_connection *last;
        while ((last = TAILQ_LAST(&target->kept, http_connections)) != NULL &&
               last->kept_since_us < old_us)
            drop(last);
        if (target->calls == 0 && target->used_us < old_us && TAILQ_EMPTY(&target->kept))
            free_target(target);
    }
}
