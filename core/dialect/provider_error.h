/* An error as a provider writes it, in whatever shape: OpenAI's object, a list of them, a member at
 * the top, FastAPI's detail, a text, an event of a stream. Nothing is judged here. Any thread. */
#ifndef DIALECT_PROVIDER_ERROR_H
#define DIALECT_PROVIDER_ERROR_H

#include <stdbool.h>

#include "base/slice.h"

struct provider_error {
    bool explained; /* it says why; else nothing below is set */
    int status;     /* an HTTP status that it names; 0: none */
    /* With all that is ours (see redact.h); so long that a key of ours that begins in what is told
     * of them is whole when it is looked for. */
    char message[1024];
    char code[576]; /* words, never a number; "": none */
    char type[576];
    char param[576];
};

void provider_error_read(struct slice body, struct provider_error *out);
/* Whether an event that is neither a chunk nor has an `error` tells of one all the same. */
bool provider_error_is(struct slice data);

#endif
