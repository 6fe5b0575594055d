/* Durations for people and for clients, and of providers, as OpenAI writes them: "6ms", "1s",
 * "1m44s", "24h0m0s". */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { DURATION_TEXT_BYTES = 32 };

/* Durations of a second or more are in whole seconds, rounded up: a client that waits that long is
 * never too early. Returns `out`. */
const char *duration_format(int64_t ms, char out[DURATION_TEXT_BYTES]);

/* Reads that, also with fractions ("7.66s"), or a plain number of seconds. Rounds each part up to a
 * millisecond. Returns false for anything else, and for more than ten years. */
bool duration_parse(struct slice text, int64_t *out_ms);

#endif
