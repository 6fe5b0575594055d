#include "net/client/resolver.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/thread_pool.h"

enum { THREADS = 2, HOST_BYTES_MAX = 256, PORT_BYTES_MAX = 8 };

struct resolver {
    struct loop *loop;
    struct thread_pool *pool; /* NULL until the first name */
};

struct resolver_lookup {
    struct job job;
    char host[HOST_BYTES_MAX];
    char port[PORT_BYTES_MAX];
    int error; /* getaddrinfo's; 0: found */
    struct addresses found;
    void (*done)(const struct addresses *addresses, const char *why, void *arg);
    void *arg;
    bool cancelled;
};

struct resolver *resolver_new(struct loop *loop)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    check(resolver != NULL);
    resolver->loop = loop;
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver->pool != NULL)
        thread_pool_free(resolver->pool);
    free(resolver);
}

/* Returns getaddrinfo's error; 0: there is at least one address. */
static int ask(const char *host, const char *port, int flags, struct addresses *out)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    struct addrinfo *list;
    out->count = 0;
    int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0)
        return error;
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        if (out->count == RESOLVER_ADDRESSES_MAX || at->ai_addrlen > sizeof out->at[0])
            break;
        memcpy(&out->at[out->count++], at->ai_addr, at->ai_addrlen);
    }
    freeaddrinfo(list);
    return out->count > 0 ? 0 : EAI_NONAME;
}

bool resolver_literal(const char *host, const char *port, struct addresses *out)
{
    return ask(host, port, AI_NUMERICHOST, out) == 0;
}

static void run(struct job *job, void *server)
{
    (void)server;
    struct resolver_lookup *lookup = (struct resolver_lookup *)job;
    lookup->error = ask(lookup->host, lookup->port, 0, &lookup->found);
}

static void on_returned(struct job *job)
{
    struct resolver_lookup *lookup = (struct resolver_lookup *)job;
    if (!lookup->cancelled && lookup->error == 0)
        lookup->done(&lookup->found, NULL, lookup->arg);
    else if (!lookup->cancelled)
        lookup->done(NULL, gai_strerror(lookup->error), lookup->arg);
    free(lookup);
}

struct resolver_lookup *resolver_start(
    struct resolver *resolver, const char *host, const char *port,
    void (*done)(const struct addresses *addresses, const char *why, void *arg), void *arg)
{
    if (resolver->pool == NULL)
        resolver->pool = thread_pool_new(THREADS, LIMIT_LOOKUPS);
    if (resolver->pool == NULL || strlen(host) >= HOST_BYTES_MAX || strlen(port) >= PORT_BYTES_MAX)
        return NULL;
    struct resolver_lookup *lookup = calloc(1, sizeof *lookup);
    check(lookup != NULL);
    lookup->job =
        (struct job){.reply_queue = loop_queue(resolver->loop), .run = run, .done = on_returned};
    snprintf(lookup->host, sizeof lookup->host, "%s", host);
    snprintf(lookup->port, sizeof lookup->port, "%s", port);
    lookup->done = done;
    lookup->arg = arg;
    if (thread_pool_post(resolver->pool, &lookup->job))
        return lookup;
    free(lookup);
    return NULL;
}

void resolver_cancel(struct resolver_lookup *lookup)
{
    lookup->cancelled = true;
}
