/* Parses the head of an HTTP/1 request strictly (RFC 9112), from raw bytes, before evhttp sees
 * them. If the RFC lets a recipient repair a request or refuse it, we refuse it (see
 * docs/ARCHITECTURE.md, "Choices that may surprise"). Pure functions over memory: no libevent, any
 * thread. */
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
    HTTP_OTHER /* a valid method that we do not serve */
};

struct http_header {
    struct slice name;
    struct slice value; /* without white space at both ends */
};

/* Why a request is refused before a handler sees it. `status` 0: not refused. Texts are
 * literals. */
struct refusal {
    int status;
    const char *code;
    const char *message;
};

/* All slices point into the parsed bytes; `headers` points into the caller's table. */
struct http_head {
    enum http_method method;
    struct slice method_text;
    struct slice
        path; /* as sent, percent-escapes checked but not decoded; starts with '/' or is "*" */
    struct slice query; /* without '?'; empty if there is none */
    int minor_version;  /* HTTP/1.x: 0 or 1 */
    struct http_header *headers;
    size_t header_count;
    int64_t content_length; /* -1: absent */
    bool chunked;
    bool expects_continue;
    bool has_origin;            /* a browser sent it for a web page */
    enum content_coding coding; /* of the body */
    bool close;                 /* the client asks to close the connection, or speaks HTTP/1.0 */
};

/* Looks for the empty line that ends the head in data[0..bytes), of which `scanned` bytes were
 * searched before. Returns the head's length with that line, or 0 when more bytes are needed.
 * Returns -1 with *refusal when the bytes cannot become a valid head (a bare LF, a bad request
 * line, too long). */
ptrdiff_t head_find_end(const char *data, size_t bytes, size_t scanned, struct refusal *refusal);

/* Returns at least the number of headers of a whole head: the length of the table for
 * head_parse. */
size_t head_count_headers(const char *data, size_t bytes);

/* Parses a whole head as found by head_find_end; puts its headers into `table`. Returns false with
 * *refusal. */
bool head_parse(const char *data, size_t bytes, struct http_header *table, size_t table_count,
                struct http_head *out, struct refusal *refusal);

/* Sets out->path if the bytes begin with a whole and valid request line: so the refusal of a head
 * that never became whole has the form that its path's clients read. */
void head_find_path(const char *data, size_t bytes, struct http_head *out);

/* Returns the value of the first header of that name (ASCII case ignored), or NULL. */
const struct slice *head_header(const struct http_head *head, const char *name);

#endif
