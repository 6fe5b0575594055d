/* One question of the gateway's own, bounded in size and time: to a provider (a GET with its key
 * and headers), or to any server. Embed it; a zeroed one is idle. On its worker's thread. */
#ifndef EXCHANGE_INQUIRY_H
#define EXCHANGE_INQUIRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

struct candidate;
struct upstream;
struct upstream_call;
struct upstream_request;

struct inquiry_terms {
    const struct candidate *server; /* its key, headers and certificates */
    const char *url;
    const char *key;  /* the header with another key than the server's; NULL: the server's */
    size_t bytes_max; /* of the answer */
    /* Once, never inside of inquiry_ask. `failure`: why there is no answer; NULL: `status` and
     * `body` are there. */
    void (*on_end)(int status, struct slice body, const char *failure, void *arg);
    void *arg;
};

struct inquiry {
    struct upstream_call *call; /* NULL: idle */
    int64_t deadline_us;
    int status;
    int64_t date_ms; /* of the answer, by its own clock; 0: it does not say */
    struct buffer body;
    const char *failure; /* it could not begin; told at the next tick */
    char failure_text[160];
    void (*on_end)(int status, struct slice body, const char *failure, void *arg);
    void *arg;
};

/* How any other question ends: as above. */
struct inquiry_end {
    size_t bytes_max;
    void (*on_end)(int status, struct slice body, const char *failure, void *arg);
    void *arg;
};

bool inquiry_runs(const struct inquiry *inquiry);
void inquiry_ask(struct inquiry *inquiry, struct upstream *upstream,
                 const struct inquiry_terms *terms);
/* The body's bytes are borrowed until the end. */
void inquiry_send(struct inquiry *inquiry, struct upstream *upstream,
                  const struct upstream_request *request, const struct inquiry_end *end);
void inquiry_tick(struct inquiry *inquiry);
void inquiry_cancel(struct inquiry *inquiry); /* no event follows */

#endif
