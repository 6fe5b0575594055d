/* Numbers as text. Whole ones are written for code that runs on each request: printf takes ten
 * times as long. Those with decimals are read exactly, without a float. Pure functions. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { DECIMAL_BYTES = 20 }; /* the longest text: "-9223372036854775808" */

/* Writes n at `at` and returns the end of the text; writes no NUL. */
char *decimal_put(char *at, int64_t n);

/* Reads a number without a sign, as JSON writes it ("12", "0.5", "1.2e-05"), and sets *out to it
 * times 10^places, rounded up. Returns false if the text is no such number, is longer than
 * LIMIT_NUMBER_BYTES, or comes to more than `max` (at most 10^36). */
bool decimal_scale_up(struct slice text, int places, unsigned __int128 max, unsigned __int128 *out);

#endif
