/* Durations for people and for clients, as OpenAI writes them: "6ms", "1s", "1m44s", "24h0m0s". */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdint.h>

enum { DURATION_TEXT_BYTES = 32 };

/* Durations of a second or more are in whole seconds, rounded up: a client that waits that long is
 * never too early. Returns `out`. */
const char *duration_format(int64_t ms, char out[DURATION_TEXT_BYTES]);

#endif
