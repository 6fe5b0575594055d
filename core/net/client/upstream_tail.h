/* What follows the parts of a request's body, as it comes. Such a request is never repeated, and
 * gets a connection of its own. On the loop's thread; called until the call has ended. */
#ifndef NET_CLIENT_UPSTREAM_TAIL_H
#define NET_CLIENT_UPSTREAM_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct upstream_tail {
    int64_t bytes; /* -1: not known */
    /* What can be sent now; empty: nothing yet, or with *over nothing any more. */
    struct slice (*peek)(bool *over, void *arg);
    void (*sent)(size_t bytes, void *arg); /* of what peek has given */
    void *arg;
};

struct upstream_call;
/* There is more to send of its tail, or the tail is over. */
void upstream_more(struct upstream_call *call);

#endif
