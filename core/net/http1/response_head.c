#include "net/http1/response_head.h"

#include <string.h>

#include "net/http1/field.h"

#define VERSION_PREFIX "HTTP/1."

static bool refuse(const char **why, const char *words)
{
    *why = words;
    return false;
}

/* Parses HTTP/1.x SP NNN [SP reason], without its CRLF. Many servers leave out the space before an
 * empty reason. */
static bool parse_status_line(struct slice line, struct response_head *out, const char **why)
{
    const size_t prefix = sizeof VERSION_PREFIX - 1;
    const char *at = line.data;
    if (line.bytes < prefix + 5 || memcmp(at, VERSION_PREFIX, prefix) != 0 ||
        (at[prefix] != '0' && at[prefix] != '1') || at[prefix + 1] != ' ')
        return refuse(why, "the answer does not begin with HTTP/1.1 or HTTP/1.0 and a status");
    out->minor_version = at[prefix] - '0';
    const char *digits = at + prefix + 2;
    for (int i = 0; i < 3; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return refuse(why, "the status is no number of three digits");
        out->status = out->status * 10 + (digits[i] - '0');
    }
    if (out->status < 100 || out->status > 599)
        return refuse(why, "the status is not between 100 and 599");
    struct slice reason = {digits + 3, line.bytes - (prefix + 5)};
    if (reason.bytes > 0 && reason.data[0] != ' ')
        return refuse(why, "the status is no number of three digits");
    for (size_t i = 0; i < reason.bytes; i++) {
        unsigned char c = (unsigned char)reason.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return refuse(why, "the status line has a control character");
    }
    return true;
}

static void note_type(struct slice value, struct response_head *out)
{
    out->content_type = field_media_type(value);
    out->content_type_line = value;
}

/* Acts on the headers that we need; `value` has no white space around it. */
static bool note_field(struct slice name, struct slice value, struct response_head *out,
                       const char **why)
{
    if (slice_equals_nocase(name, "content-length")) {
        /* A second one is refused even if it is equal, as RFC 9110, 8.6 allows. */
        if (out->content_length >= 0)
            return refuse(why, "there are two Content-Length headers");
        return field_content_length(value, &out->content_length, why);
    }
    if (slice_equals_nocase(name, "transfer-encoding")) {
        if (out->chunked || !slice_equals_nocase(value, "chunked"))
            return refuse(why, "Transfer-Encoding must be exactly: chunked");
        out->chunked = true;
        return true;
    }
    if (slice_equals_nocase(name, "content-encoding"))
        field_note_coding(value, &out->coding);
    else if (slice_equals_nocase(name, "content-type"))
        note_type(value, out);
    else if (slice_equals_nocase(name, "connection") && field_list_has(value, "close"))
        out->close = true;
    else
        field_note_retry_after(name, value, &out->retry_after);
    return true;
}

static bool check_framing(const struct response_head *head, const char **why)
{
    if (head->chunked && head->content_length >= 0)
        return refuse(why, "both Content-Length and Transfer-Encoding are there");
    if (head->chunked && head->minor_version == 0)
        return refuse(why, "HTTP/1.0 has no Transfer-Encoding");
    return true;
}

ptrdiff_t response_head_find_end(const char *data, size_t bytes, size_t scanned, const char **why)
{
    /* Check this at once: a provider that speaks another protocol may never send an empty line. */
    const size_t prefix = sizeof VERSION_PREFIX - 1;
    if (memcmp(data, VERSION_PREFIX, bytes < prefix ? bytes : prefix) != 0) {
        refuse(why, "the answer does not begin with HTTP/1.1 or HTTP/1.0 and a status");
        return -1;
    }
    return field_block_end(data, bytes, scanned, why);
}

bool response_head_parse(const char *data, size_t bytes, struct response_head *out,
                         const char **why)
{
    *out = (struct response_head){.retry_after = {.ms = -1}, .content_length = -1};
    const char *end = data + bytes - 2; /* the empty line */
    const char *eol = memchr(data, '\n', bytes);
    if (!parse_status_line((struct slice){data, (size_t)(eol - data) - 1}, out, why))
        return false;
    out->fields = (struct slice){eol + 1, (size_t)(end - eol) - 1};
    for (const char *at = eol + 1; at < end; at = eol + 1) {
        struct slice name;
        struct slice value;
        eol = memchr(at, '\n', (size_t)(end - at));
        if (!field_parse((struct slice){at, (size_t)(eol - at) - 1}, &name, &value, why) ||
            !note_field(name, slice_trim(value), out, why))
            return false;
    }
    if (out->minor_version == 0)
        out->close = true; /* even with keep-alive: RFC 9112, 9.3 on proxies */
    return check_framing(out, why);
}

struct slice response_head_field(struct slice fields, const char *name)
{
    size_t bytes = strlen(name);
    const char *end = fields.data + fields.bytes;
    const char *eol;
    for (const char *at = fields.data; at < end; at = eol + 1) {
        eol = memchr(at, '\n', (size_t)(end - at));
        size_t line_bytes = (size_t)(eol - at) - 1; /* without its CRLF */
        if (line_bytes > bytes && at[bytes] == ':' && slice_same_nocase(at, name, bytes))
            return slice_trim((struct slice){at + bytes + 1, line_bytes - bytes - 1});
    }
    return slice_of("");
}
