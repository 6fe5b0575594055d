/* Feeds bytes to the head's parser as a connection does. */
#ifndef TESTS_NET_HEAD_FEED_H
#define TESTS_NET_HEAD_FEED_H

#include "base/slice.h"
#include "net/http1/head.h"

enum { HEAD_UNFINISHED = -1 };

/* What became of the bytes that a connection began with. The head's slices point into `owned`,
 * which is as long as the head is, so that a sanitizer sees any look behind its end. */
struct verdict {
    int status; /* 0: accepted, HEAD_UNFINISHED: more is wanted, else why it is refused */
    size_t used;
    char *owned;
    struct http_header *table; /* of the head */
    struct http_head head;
};

void head_feed_free(struct verdict *verdict);

/* Up to `split` in one piece, then all of it. */
struct verdict head_feed(struct slice data, size_t split);

/* head_find_end on a copy with nothing behind it. */
ptrdiff_t head_feed_find_end(const char *data, size_t bytes, size_t scanned,
                             struct refusal *refusal);

#endif
