/* The decoder of a chunked body (RFC 9112, 7.1), incremental and strict: a size is hex
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
    uint64_t size;     /* of the present chunk; then what is left of it */
    unsigned digits;   /* of the size seen so far */
    size_t line_bytes; /* of the present extension or trailer line */
    size_t trailer_bytes;
    char last; /* the byte before, in a trailer */
};

void chunked_init(struct chunked *chunked);

/* In three words, for who hands data on without a copy: skip what frames the chunks (returns how
 * many bytes that were; it stops at data, at the end and with *refusal), ask how many of the bytes
 * that come next are data, take as many of them as are wanted. */
size_t chunked_skip(struct chunked *chunked, const char *data, size_t bytes,
                    struct refusal *refusal);
size_t chunked_run(const struct chunked *chunked, size_t bytes);
void chunked_take(struct chunked *chunked, size_t bytes);

/* All of that in one: reads from data; appends what is body to `body`, whose maximum is the body
 * limit. Returns how many bytes were used; less than `bytes` only when chunked->state became
 * CHUNKED_END, or with *refusal (status != 0). */
size_t chunked_feed(struct chunked *chunked, const char *data, size_t bytes, struct buffer *body,
                    struct refusal *refusal);

#endif
