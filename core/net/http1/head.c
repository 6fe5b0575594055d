#include "net/http1/head.h"

#include <string.h>
#include <strings.h>

#include "net/http1/field.h"

static bool refuse(struct refusal *refusal, int status, const char *code, const char *message)
{
    *refusal = (struct refusal){.status = status, .code = code, .message = message};
    return false;
}

static bool refuse_bad(struct refusal *refusal, const char *message)
{
    return refuse(refusal, 400, "invalid_request", message);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static enum http_method method_of(struct slice text)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"GET", HTTP_GET},         {"POST", HTTP_POST},   {"HEAD", HTTP_HEAD},
        {"PUT", HTTP_PUT},         {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
        {"OPTIONS", HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (slice_equals(text, methods[i].name))
            return methods[i].method;
    }
    return HTTP_OTHER;
}

/* Visible ASCII only, and two hex digits after each %. */
static bool check_target_bytes(struct slice target, struct refusal *refusal)
{
    for (size_t i = 0; i < target.bytes; i++) {
        unsigned char c = (unsigned char)target.data[i];
        if (c <= 0x20 || c >= 0x7f)
            return refuse_bad(refusal,
                              "the request target has a control character, a space or a byte "
                              "outside ASCII; percent-encode it");
        if (c == '#')
            return refuse_bad(refusal,
                              "the request target has a fragment (#), which is never sent");
        if (c == '%' &&
            (i + 2 >= target.bytes || !is_hex(target.data[i + 1]) || !is_hex(target.data[i + 2])))
            return refuse_bad(refusal,
                              "the request target has a % that two hex digits do not follow");
    }
    return true;
}

/* "http://host/path" -> host and "/path"; returns false for any other form. */
static bool split_absolute(struct slice target, struct slice *host, struct slice *rest)
{
    size_t scheme_bytes = 0;
    if (target.bytes > 7 && strncasecmp(target.data, "http://", 7) == 0)
        scheme_bytes = 7;
    else if (target.bytes > 8 && strncasecmp(target.data, "https://", 8) == 0)
        scheme_bytes = 8;
    else
        return false;
    size_t end = scheme_bytes;
    while (end < target.bytes && target.data[end] != '/' && target.data[end] != '?')
        end++;
    *host = (struct slice){target.data + scheme_bytes, end - scheme_bytes};
    *rest = (struct slice){target.data + end, target.bytes - end};
    return true;
}

static bool parse_target(struct slice target, struct http_head *out, struct slice *absolute_host,
                         struct refusal *refusal)
{
    if (target.bytes > LIMIT_TARGET_BYTES)
        return refuse(refusal, 414, "request_too_large", "the request target is longer than 8 KB");
    if (!check_target_bytes(target, refusal))
        return false;
    struct slice rest = target;
    *absolute_host = (struct slice){0};
    if (split_absolute(target, absolute_host, &rest) &&
        (absolute_host->bytes == 0 || rest.bytes == 0 || rest.data[0] == '?'))
        return refuse_bad(refusal, "an absolute request target needs a host and a path");
    if (slice_equals(rest, "*") && out->method == HTTP_OPTIONS) {
        out->path = rest;
        return true;
    }
    if (rest.bytes == 0 || rest.data[0] != '/')
        return refuse_bad(refusal, "the request target must start with a slash");
    const char *mark = slice_char(rest, '?');
    size_t path_bytes = mark != NULL ? (size_t)(mark - rest.data) : rest.bytes;
    out->path = (struct slice){rest.data, path_bytes};
    out->query = (struct slice){0};
    if (mark != NULL)
        out->query = (struct slice){mark + 1, rest.bytes - path_bytes - 1};
    return true;
}

/* Parses METHOD SP TARGET SP HTTP/1.x, without its CRLF. */
static bool parse_request_line(struct slice line, struct http_head *out,
                               struct slice *absolute_host, struct refusal *refusal)
{
    const char *first = slice_char(line, ' ');
    if (first == NULL)
        return refuse_bad(refusal, "the request line must be METHOD TARGET HTTP/1.1");
    out->method_text = (struct slice){line.data, (size_t)(first - line.data)};
    if (!field_is_token(out->method_text) || out->method_text.bytes > 32)
        return refuse_bad(refusal, "the request method is no token");
    out->method = method_of(out->method_text);
    const char *target = first + 1;
    size_t left = line.bytes - out->method_text.bytes - 1;
    const char *second = memchr(target, ' ', left);
    if (second == NULL)
        return refuse_bad(refusal, "the request line has no version; HTTP/0.9 is not served");
    struct slice version = {second + 1, left - (size_t)(second - target) - 1};
    if (slice_equals(version, "HTTP/1.1"))
        out->minor_version = 1;
    else if (slice_equals(version, "HTTP/1.0"))
        out->minor_version = 0;
    else
        return refuse_bad(refusal, "the version must be HTTP/1.1 or HTTP/1.0");
    return parse_target((struct slice){target, (size_t)(second - target)}, out, absolute_host,
                        refusal);
}

void head_find_path(const char *data, size_t bytes, struct http_head *out)
{
    const char *end = bytes > 0 ? memchr(data, '\r', bytes) : NULL;
    struct http_head line = {0};
    struct slice host;
    struct refusal refusal;
    if (end != NULL &&
        parse_request_line((struct slice){data, (size_t)(end - data)}, &line, &host, &refusal))
        out->path = line.path;
}

/* Which of the fields that may stand only once have come. */
struct seen {
    bool host;
    bool authorization;
    struct slice host_value;
};

static bool note_host(struct slice value, struct seen *seen, struct refusal *refusal)
{
    if (seen->host)
        return refuse_bad(refusal, "there are two Host headers");
    seen->host = true;
    seen->host_value = value;
    for (size_t i = 0; i < value.bytes; i++) {
        char c = value.data[i];
        if (!field_is_token_char((unsigned char)c) && strchr(":[]", c) == NULL)
            return refuse_bad(refusal, "the Host header has a character that no host has");
    }
    return true;
}

/* Acts on the headers that decide framing and routing. `raw` keeps white space at its end. */
static bool note_field(struct slice name, struct slice raw, struct http_head *out,
                       struct seen *seen, struct refusal *refusal)
{
    struct slice value = slice_trim(raw);
    const char *why;
    if (slice_equals_nocase(name, "host"))
        return note_host(value, seen, refusal);
    if (slice_equals_nocase(name, "content-length")) {
        if (out->content_length >= 0)
            return refuse_bad(refusal, "there are two Content-Length headers");
        return field_content_length(raw, &out->content_length, &why) || refuse_bad(refusal, why);
    }
    if (slice_equals_nocase(name, "transfer-encoding")) {
        if (out->chunked || !slice_equals_nocase(raw, "chunked"))
            return refuse_bad(refusal, "Transfer-Encoding must be exactly: chunked");
        out->chunked = true;
        return true;
    }
    if (slice_equals_nocase(name, "content-encoding"))
        field_note_coding(value, &out->coding);
    if (slice_equals_nocase(name, "origin"))
        out->has_origin = true;
    if (slice_equals_nocase(name, "authorization")) {
        if (seen->authorization)
            return refuse_bad(refusal, "there are two Authorization headers");
        seen->authorization = true;
    }
    if (slice_equals_nocase(name, "connection") && field_list_has(value, "close"))
        out->close = true;
    if (slice_equals_nocase(name, "expect")) {
        if (!slice_equals_nocase(value, "100-continue"))
            return refuse(refusal, 417, "invalid_request",
                          "only Expect: 100-continue is understood");
        out->expects_continue = true;
    }
    return true;
}

static bool check_framing(const struct http_head *head, struct refusal *refusal)
{
    if (head->chunked && head->content_length >= 0)
        return refuse_bad(refusal, "both Content-Length and Transfer-Encoding are there");
    if (head->chunked && head->minor_version == 0)
        return refuse_bad(refusal, "HTTP/1.0 has no Transfer-Encoding");
    bool body = head->chunked || head->content_length > 0;
    if (body && (head->method == HTTP_GET || head->method == HTTP_HEAD))
        return refuse_bad(refusal, "a GET or HEAD request has no body");
    return true;
}

size_t head_count_headers(const char *data, size_t bytes)
{
    size_t lines = 0;
    const char *end = data + bytes;
    for (const char *at = data; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines++;
    /* The request line and the empty line are not headers. */
    return lines < 2 ? 0 : lines - 2 < LIMIT_HEADERS ? lines - 2 : LIMIT_HEADERS;
}

static bool parse_fields(const char *at, const char *end, size_t table_count, struct http_head *out,
                         struct seen *seen, struct refusal *refusal)
{
    while (at < end) {
        const char *eol = memchr(at, '\n', (size_t)(end - at));
        struct slice line = {at, (size_t)(eol - at) - 1};
        struct slice name;
        struct slice raw;
        const char *why;
        at = eol + 1;
        if (!field_parse(line, &name, &raw, &why))
            return refuse_bad(refusal, why);
        if (!note_field(name, raw, out, seen, refusal))
            return false;
        if (out->header_count == table_count)
            return refuse(refusal, 431, "request_too_large", "there are more than 100 headers");
        out->headers[out->header_count++] = (struct http_header){name, slice_trim(raw)};
    }
    return true;
}

bool head_parse(const char *data, size_t bytes, struct http_header *table, size_t table_count,
                struct http_head *out, struct refusal *refusal)
{
    *out = (struct http_head){.headers = table, .content_length = -1};
    struct slice absolute_host;
    struct seen seen = {0};
    const char *eol = memchr(data, '\n', bytes);
    struct slice line = {data, (size_t)(eol - data) - 1};
    if (!parse_request_line(line, out, &absolute_host, refusal))
        return false;
    if (!parse_fields(eol + 1, data + bytes - 2, table_count, out, &seen, refusal))
        return false;
    if (!seen.host && out->minor_version == 1)
        return refuse_bad(refusal, "there is no Host header");
    if (absolute_host.bytes > 0 &&
        (absolute_host.bytes != seen.host_value.bytes ||
         strncasecmp(absolute_host.data, seen.host_value.data, absolute_host.bytes) != 0))
        return refuse_bad(refusal, "the request target names another host than the Host header");
    /* An HTTP/1.0 client gets one reply per connection: it does not know chunks, so a stream ends
     * with the connection (RFC 9112, 6.1 and 6.3). */
    if (out->minor_version == 0) {
        out->close = true;
        out->expects_continue = false; /* HTTP/1.0 has no 1xx answers: RFC 9110, 10.1.1 */
    }
    return check_framing(out, refusal);
}

/* Checks the first line as soon as it is complete: HTTP/0.9 would never send another. */
static bool check_first_line(const char *data, size_t line_bytes, struct refusal *refusal)
{
    struct http_head scratch;
    struct slice absolute_host;
    struct slice line = {data, line_bytes};
    return parse_request_line(line, &scratch, &absolute_host, refusal);
}

ptrdiff_t head_find_end(const char *data, size_t bytes, size_t scanned, struct refusal *refusal)
{
    /* Bytes beyond the limit are not searched, so that the verdict on a large head does not depend
     * on how its bytes came in. */
    size_t looked_at = bytes < LIMIT_HEAD_BYTES ? bytes : LIMIT_HEAD_BYTES;
    const char *first = memchr(data, '\n', looked_at);
    size_t line_bytes = first != NULL ? (size_t)(first - data) : 0;
    const char *why;
    if (first != NULL && line_bytes >= scanned && line_bytes > 0 && first[-1] == '\r' &&
        !check_first_line(data, line_bytes - 1, refusal))
        return -1;
    ptrdiff_t end = field_block_end(data, looked_at, scanned, &why);
    if (end < 0)
        refuse_bad(refusal, why);
    if (end != 0)
        return end;
    if (bytes >= LIMIT_HEAD_BYTES) {
        if (first == NULL)
            refuse(refusal, 414, "request_too_large", "the request target is longer than 8 KB");
        else
            refuse(refusal, 431, "request_too_large", "the head is larger than 32 KB");
        return -1;
    }
    return 0;
}

const struct slice *head_header(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->header_count; i++) {
        if (slice_equals_nocase(head->headers[i].name, name))
            return &head->headers[i].value;
    }
    return NULL;
}
