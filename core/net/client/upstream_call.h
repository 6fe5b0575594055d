/* The common first member of both clients' calls: upstream_start.c finds a call's client through
 * it. */
#ifndef NET_CLIENT_UPSTREAM_CALL_H
#define NET_CLIENT_UPSTREAM_CALL_H

#include "net/client/upstream.h"

struct upstream_ops {
    bool (*is_sent)(const struct upstream_call *call);
    void (*more)(struct upstream_call *call);
    void (*cancel)(struct upstream_call *call);
    void (*pause)(struct upstream_call *call);
    void (*resume)(struct upstream_call *call);
    void (*rebind)(struct upstream_call *call, const struct slice *body, void *arg);
};

struct upstream_call {
    const struct upstream_ops *ops;
};

const char *upstream_method(const struct upstream_request *request);

#endif
