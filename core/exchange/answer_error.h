/* An error as a client of the API gets it. All texts are borrowed. docs/API.md lists the codes. */
#ifndef EXCHANGE_ANSWER_ERROR_H
#define EXCHANGE_ANSWER_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct answer_error {
    int status;
    const char *code;
    const char *message;
    const char *param;      /* NULL becomes JSON null */
    const char *metadata;   /* a JSON object, or NULL */
    int64_t retry_after_ms; /* > 0: the Retry-After header says it */
    bool final;             /* a retry cannot help, though SDKs would retry this status */
    struct slice body;      /* the whole body, in the client's form; empty: one is written */
};

#endif
