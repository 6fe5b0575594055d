/* The tail of a request (net/client/upstream_tail.h) of which a test decides how much is there. */
#ifndef TESTS_NET_TAIL_SOURCE_H
#define TESTS_NET_TAIL_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "net/client/upstream_tail.h"

struct tail_source {
    struct slice all;
    size_t there; /* of it; when all is, the tail is over */
    size_t sent;
};

/* `bytes`: what is known of its length; -1: nothing. */
struct upstream_tail tail_source_of(struct tail_source *source, int64_t bytes);

#endif
