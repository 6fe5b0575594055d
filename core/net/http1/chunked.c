#include "net/http1/chunked.h"

#include <string.h>

static void refuse_bad(struct refusal *refusal, const char *message)
{
    *refusal = (struct refusal){.status = 400, .code = "invalid_request", .message = message};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

void chunked_init(struct chunked *chunked)
{
    memset(chunked, 0, sizeof *chunked);
}

static void feed_size(struct chunked *chunked, char c, struct refusal *refusal)
{
    int digit = hex_value(c);
    if (digit >= 0 && chunked->digits < 15) {
        chunked->size = chunked->size * 16 + (uint64_t)digit;
        chunked->digits++;
    } else if (chunked->digits > 0 && c == ';') {
        chunked->state = CHUNKED_EXTENSION;
        chunked->line_bytes = 0;
    } else if (chunked->digits > 0 && c == '\r') {
        chunked->state = CHUNKED_SIZE_LF;
    } else {
        refuse_bad(refusal, "a chunk size is not a plain hex number followed by CRLF");
    }
}

static void feed_extension(struct chunked *chunked, char c, struct refusal *refusal)
{
    unsigned char byte = (unsigned char)c;
    if (c == '\r')
        chunked->state = CHUNKED_SIZE_LF;
    else if ((byte < 0x20 && c != '\t') || byte == 0x7f)
        refuse_bad(refusal, "a chunk extension has a control character");
    else if (++chunked->line_bytes > LIMIT_CHUNK_LINE_BYTES)
        refuse_bad(refusal, "a chunk extension is longer than 4 KB");
}

static void feed_size_lf(struct chunked *chunked, char c, struct refusal *refusal)
{
    if (c != '\n') {
        refuse_bad(refusal, "a chunk size line does not end with CRLF");
        return;
    }
    chunked->state = chunked->size > 0 ? CHUNKED_DATA : CHUNKED_TRAILER;
    chunked->digits = 0;
    chunked->line_bytes = 0;
    chunked->last = 0;
}

/* Reads trailer lines up to an empty one. Nothing uses their content, so it refuses only bytes that
 * a trailer may not have. */
static void feed_trailer(struct chunked *chunked, char c, struct refusal *refusal)
{
    unsigned char byte = (unsigned char)c;
    if (++chunked->trailer_bytes > LIMIT_TRAILER_BYTES) {
        refuse_bad(refusal, "the trailers are longer than 8 KB");
    } else if (chunked->last == '\r') {
        if (c != '\n')
            refuse_bad(refusal, "a trailer line does not end with CRLF");
        else if (chunked->line_bytes == 0)
            chunked->state = CHUNKED_END;
        chunked->line_bytes = 0;
        chunked->last = 0;
    } else if (c == '\r') {
        chunked->last = c;
    } else if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
        refuse_bad(refusal, "a trailer has a control character or a bare LF");
    } else {
        chunked->line_bytes++;
    }
}

static void feed_byte(struct chunked *chunked, char c, struct refusal *refusal)
{
    switch (chunked->state) {
    case CHUNKED_SIZE:
        feed_size(chunked, c, refusal);
        return;
    case CHUNKED_EXTENSION:
        feed_extension(chunked, c, refusal);
        return;
    case CHUNKED_SIZE_LF:
        feed_size_lf(chunked, c, refusal);
        return;
    case CHUNKED_DATA_CR:
        if (c != '\r')
            refuse_bad(refusal, "chunk data is not followed by CRLF");
        chunked->state = CHUNKED_DATA_LF;
        return;
    case CHUNKED_DATA_LF:
        if (c != '\n')
            refuse_bad(refusal, "chunk data is not followed by CRLF");
        chunked->state = CHUNKED_SIZE;
        chunked->size = 0;
        return;
    case CHUNKED_TRAILER:
        feed_trailer(chunked, c, refusal);
        return;
    case CHUNKED_DATA:
    case CHUNKED_END:
        return;
    }
}

size_t chunked_skip(struct chunked *chunked, const char *data, size_t bytes,
                    struct refusal *refusal)
{
    size_t at = 0;
    while (at < bytes && chunked->state != CHUNKED_DATA && chunked->state != CHUNKED_END &&
           refusal->status == 0)
        feed_byte(chunked, data[at++], refusal);
    return at;
}

size_t chunked_run(const struct chunked *chunked, size_t bytes)
{
    if (chunked->state != CHUNKED_DATA)
        return 0;
    return bytes < chunked->size ? bytes : (size_t)chunked->size;
}

void chunked_take(struct chunked *chunked, size_t bytes)
{
    chunked->size -= bytes;
    if (chunked->size == 0)
        chunked->state = CHUNKED_DATA_CR;
}

size_t chunked_feed(struct chunked *chunked, const char *data, size_t bytes, struct buffer *body,
                    struct refusal *refusal)
{
    size_t at = 0;
    while (at < bytes && chunked->state != CHUNKED_END && refusal->status == 0) {
        at += chunked_skip(chunked, data + at, bytes - at, refusal);
        size_t run = chunked_run(chunked, bytes - at);
        if (run == 0)
            continue;
        if (!buffer_append(body, data + at, run)) {
            *refusal = (struct refusal){413, "request_too_large", "the body is too large"};
            return at;
        }
        chunked_take(chunked, run);
        at += run;
    }
    return at;
}
