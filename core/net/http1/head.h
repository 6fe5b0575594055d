/* The head of an HTTP/1 request, parsed strictly (RFC 9112) from raw bytes before evhttp sees
 * anything. Where the RFC lets a recipient repair a request or refuse it, it is refused (see
 * docs/ARCHITECTURE.md, "The guard"). Pure functions over memory: no libevent, any thread. */
#ifndef NET_HTTP1_HEAD_H
#define NET_HTTP1_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"
#include "net/http1/field.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER /* a legal token that we do not serve */
};

struct http_header {
    struct slice name;
    struct slice value; /* white space at both ends removed */
};

/* Why a request is refused before it reaches a handler; `status` 0: it is not. Texts are
 * literals. */
struct refusal {
    int status;
    const char *code;
    const char *message;
};

/* All slices point into the parsed bytes, `headers` to the table that was given. */
struct http_head {
    enum http_method method;
    struct slice method_text;
    struct slice
        path; /* as sent, percent-escapes checked but not decoded; starts with '/' or is "*" */
    struct slice query; /* without '?'; empty when there is none */
    int minor_version;  /* HTTP/1.x: 0 or 1 */
    struct http_header *headers;
    size_t header_count;
    int64_t content_length; /* -1: none */
    bool chunked;
    bool expects_continue;
    bool has_origin;            /* a browser has sent it, for a page */
    enum content_coding coding; /* of its body */
    bool close;                 /* the client wants the connection closed, or speaks HTTP/1.0 */
};

/* Looks for the empty line that ends the head in data[0..bytes); bytes before `scanned` were looked
 * at before. Returns the head's length with that line, 0 when more bytes are needed, or -1 with
 * *refusal when what is there can never become a legal head (a bare LF, a bad request line, too
 * long). */
ptrdiff_t head_find_end(const char *data, size_t bytes, size_t scanned, struct refusal *refusal);

/* How many headers a whole head has at most: the length of the table for it. */
size_t head_count_headers(const char *data, size_t bytes);

/* Parses a whole head as found by head_find_end, its headers into `table`. False: *refusal says
 * why. */
bool head_parse(const char *data, size_t bytes, struct http_header *table, size_t table_count,
                struct http_head *out, struct refusal *refusal);

/* The value of the first header of that name (ASCII case ignored), or NULL. */
const struct slice *head_header(const struct http_head *head, const char *name);

#endif
