/* Errors in the form of each dialect. Pure functions. */
#ifndef DIALECT_ERROR_BODY_H
#define DIALECT_ERROR_BODY_H

#include <stdint.h>

#include "base/buffer.h"
#include "dialect/dialect_kind.h"

/* Texts are borrowed. */
struct error_body {
    int status;
    const char *code;
    const char *message;
    const char *param;      /* NULL: none */
    const char *metadata;   /* a JSON object; NULL: none */
    const char *request_id; /* NULL: none */
    int64_t retry_after_ms; /* 0: not told */
};

/* The status that clients of the dialect understand best: Codex asks six times again after a 402
 * of the Responses API, and not at all after a 429 with `insufficient_quota`. */
int error_body_status(enum dialect dialect, int status);
/* Appends the whole body. */
void error_body_write(enum dialect dialect, const struct error_body *error, struct buffer *out);
/* OpenAI's and Anthropic's word for the kind of an error. */
const char *error_body_type(enum dialect dialect, int status);

#endif
