/* An error as a client of the API gets it; everything is borrowed. docs/API.md lists the codes. */
#ifndef EXCHANGE_ANSWER_ERROR_H
#define EXCHANGE_ANSWER_ERROR_H

#include <stdbool.h>
#include <stdint.h>

struct answer_error {
    int status;
    const char *code;
    const char *message;
    const char *param;      /* NULL: null */
    const char *metadata;   /* a JSON object, or NULL */
    int64_t retry_after_ms; /* > 0: says so in the headers */
    bool final; /* trying again does not help, though the status is one that SDKs retry */
};

#endif
