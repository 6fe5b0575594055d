/* The decoder of a chunked body (RFC 9112, 7.1). It works incrementally and strictly: a size is hex
 * digits and nothing else before its extension; chunk data ends with CRLF. Extensions and trailers
 * are checked, bounded and dropped. */
#ifndef NET_HTTP1_CHUNKED_H
#define NET_HTTP1_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "net/http1/head.h"

enum chunked_state {
    CHUNKED_SIZE,
    CHUNKED_EXTENSION,
    CHUNKED_SIZE_LF,
    CHUNKED_DATA,
    CHUNKED_DATA_CR,
    CHUNKED_DATA_LF,
    CHUNKED_TRAILER,
    CHUNKED_END
};

struct chunked {
    enum chunked_state state;
    uint64_t size;     /* of the present chunk, later its remaining bytes */
    unsigned digits;   /* of the size so far */
    size_t line_bytes; /* of the present extension or trailer line */
    size_t trailer_bytes;
    char last; /* the previous byte of a trailer */
};

void chunked_init(struct chunked *chunked);

/* These three decode without a copy. chunked_skip skips the framing and returns how many bytes it
 * used; it stops at data, at the end and with *refusal. chunked_run returns how many of the next
 * `bytes` are data. chunked_take marks data as used. */
size_t chunked_skip(struct chunked *chunked, const char *data, size_t bytes,
                    struct refusal *refusal);
size_t chunked_run(const struct chunked *chunked, size_t bytes);
void chunked_take(struct chunked *chunked, size_t bytes);

/* Does all of that in one call: decodes `data` and appends the body to `body`, whose maximum is the
 * body limit. Returns how many bytes it used: less than `bytes` only when chunked->state became
 * CHUNKED_END, or with *refusal (status != 0). */
size_t chunked_feed(struct chunked *chunked, const char *data, size_t bytes, struct buffer *body,
                    struct refusal *refusal);

#endif
