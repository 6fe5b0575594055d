/* Parses the head of an HTTP/1 answer (RFC 9112, 4 and 5), as strictly as a request's (head.h). It
 * refuses an answer whose length RFC 9112, 6.3 does not settle. Pure functions over memory: any
 * thread. */
#ifndef NET_HTTP1_RESPONSE_HEAD_H
#define NET_HTTP1_RESPONSE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/http1/field.h"

struct response_head {
    int status; /* 100 to 599 */
    int minor_version;
    struct slice content_type;      /* without parameters; points into the parsed bytes */
    struct slice content_type_line; /* with them */
    struct retry_after retry_after;
    int64_t content_length; /* -1: absent */
    bool chunked;
    bool close; /* the connection cannot be used after this answer */
    enum content_coding coding;
    struct slice fields; /* all of their lines, each with its CRLF */
};

/* Looks for the empty line that ends the head in data[0..bytes), of which `scanned` bytes were
 * searched before. Returns the head's length with that line, 0 when more bytes are needed, or -1
 * with *why when the bytes cannot become a valid head. */
ptrdiff_t response_head_find_end(const char *data, size_t bytes, size_t scanned, const char **why);

/* Parses a whole head as found by response_head_find_end. Returns false when it is not valid; *why
 * says why. */
bool response_head_parse(const char *data, size_t bytes, struct response_head *out,
                         const char **why);

/* Returns the value of the first field of that name, without white space around it; empty: there is
 * none. */
struct slice response_head_field(struct slice fields, const char *name);

#endif
