/* The common parts of request heads and answer heads (RFC 9112, 5): lines that end with CRLF,
 * fields `name: value`, and the values of the fields that decide where a message ends. If the RFC
 * lets a recipient repair a message or refuse it, we refuse it. Pure functions over memory: any
 * thread. `why` is a string literal, set on a refusal. */
#ifndef NET_HTTP1_FIELD_H
#define NET_HTTP1_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum content_coding {
    CODING_NONE,
    CODING_ZLIB, /* gzip or deflate */
    CODING_OTHER
};

bool field_is_token_char(unsigned char c); /* RFC 9110, 5.6.2 */
bool field_is_token(struct slice text);

/* Looks for the empty line that ends a head in data[0..bytes), of which `scanned` bytes were
 * searched before. Returns the head's length with that line, 0 when more bytes are needed, -1 at a
 * bare LF. */
ptrdiff_t field_block_end(const char *data, size_t bytes, size_t scanned, const char **why);

/* Parses one line without its CRLF. `value` keeps white space at its end. */
bool field_parse(struct slice line, struct slice *name, struct slice *value, const char **why);

bool field_content_length(struct slice value, int64_t *out, const char **why);

/* Returns whether a comma-separated value has that token. */
bool field_list_has(struct slice value, const char *token);

/* Notes the value of a Content-Encoding (RFC 9110, 8.4). A second encoding makes it
 * CODING_OTHER. */
void field_note_coding(struct slice value, enum content_coding *coding);

/* Returns a Content-Type without its parameters. */
struct slice field_media_type(struct slice value);

/* Returns a Retry-After (seconds, also parts of one, or a date) in milliseconds from now; -1: it is
 * neither. */
int64_t field_retry_after_ms(struct slice value);

/* Reads a date in one of the three forms of RFC 9110, 5.6.7, always in GMT. */
bool field_date(struct slice value, int64_t *out_wall_ms);

/* When to ask again. */
struct retry_after {
    int64_t ms; /* -1: it is not said */
    bool exact; /* by retry-after-ms (OpenAI has it), which counts first */
};
/* Notes the field if it is one of the two. */
void field_note_retry_after(struct slice name, struct slice value, struct retry_after *out);

#endif
