/* What heads of requests and of answers have in common (RFC 9112, 5): lines that end with CRLF,
 * fields `name: value`, and the values of the few that decide where a message ends. Where
 * the RFC lets a recipient repair a message or refuse it, it is refused. Pure functions over
 * memory: any thread. `why` is a literal, set when something is refused. */
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

/* Looks for the empty line that ends a head in data[0..bytes); bytes before `scanned` were looked
 * at before. The head's length with that line, 0 when more bytes are needed, -1 at a bare LF. */
ptrdiff_t field_block_end(const char *data, size_t bytes, size_t scanned, const char **why);

/* One line without its CRLF. `value` keeps white space at its end. */
bool field_parse(struct slice line, struct slice *name, struct slice *value, const char **why);

bool field_content_length(struct slice value, int64_t *out, const char **why);

/* Whether a comma-separated value has that token. */
bool field_list_has(struct slice value, const char *token);

/* The value of one more Content-Encoding (RFC 9110, 8.4). Packed twice is CODING_OTHER. */
void field_note_coding(struct slice value, enum content_coding *coding);

/* A Content-Type without its parameters. */
struct slice field_media_type(struct slice value);

/* Retry-After, of seconds or a date, in milliseconds from now; -1: neither. */
int64_t field_retry_after_ms(struct slice value);

#endif
