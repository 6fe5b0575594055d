/* Whole numbers as text, for code that runs on each request: printf takes ten times as long. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdint.h>

enum { DECIMAL_BYTES = 20 }; /* the longest text: "-9223372036854775808" */

/* Writes n at `at` and returns the end of the text; writes no NUL. */
char *decimal_put(char *at, int64_t n);

#endif
