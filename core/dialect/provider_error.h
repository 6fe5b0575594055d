/* An error in the forms that providers use: OpenAI's object, a list of them, a member at the top,
 * FastAPI's detail, a text, an event of a stream. This file reads and does not judge. Any
 * thread. */
#ifndef DIALECT_PROVIDER_ERROR_H
#define DIALECT_PROVIDER_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct provider_error {
    bool explained;         /* a reason was found; otherwise the rest is not set */
    int status;             /* the HTTP status that the error names; 0: none */
    int64_t retry_after_ms; /* Google says it in the body (google.rpc.RetryInfo); 0: not said */
    /* May contain secrets of ours (see redact.h). It is longer than what clients get, so that a key
     * that begins in their part is whole when it is searched for. */
    char message[1024];
    char code[576]; /* words, never a number; "": none */
    char type[576];
    char param[576];
};

void provider_error_read(struct slice body, struct provider_error *out);
/* Returns whether an event that is no chunk and has no `error` still reports an error. */
bool provider_error_is(struct slice data);

#endif
