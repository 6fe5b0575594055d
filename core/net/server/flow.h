/* Private to net/: a body comes in fast enough, and, if its handler takes it so, as it comes. */
#ifndef NET_SERVER_FLOW_H
#define NET_SERVER_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;

enum {
    LARGE_BODY_BYTES = 64 * 1024, /* a larger one is counted, and read only for a customer */
    /* What a body that flows counts as, whatever its length. */
    FLOW_COUNTED_BYTES = 512 * 1024
};

/* Whether the body that the head announces may flow. */
bool flow_may_begin(const struct connection *connection);
/* From how many bytes on it does. */
size_t flow_from(const struct connection *connection);
/* The handler gets the request now, and the rest of its body as it comes. */
void flow_begin(struct connection *connection);
/* Bytes have come. Returns how many of them belong to the body. */
size_t flow_feed(struct connection *connection, const char *data, size_t bytes);
/* Receives more than libevent would in a turn. */
void flow_receive(struct connection *connection);

/* A body must bring enough bytes in each window: so a client cannot hold back the last byte after a
 * fast start. */
void flow_begin_window(struct connection *connection, int64_t now_us);
void flow_judge_window(struct connection *connection, int64_t now_us);

#endif
