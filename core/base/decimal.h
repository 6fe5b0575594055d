/* Whole numbers as text, for what is written with each request: printf takes ten times as long. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdint.h>

enum { DECIMAL_BYTES = 20 }; /* the longest: "-9223372036854775808" */

/* Writes n at `at` and returns where it ends; no NUL. */
char *decimal_put(char *at, int64_t n);

#endif
