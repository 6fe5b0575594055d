/* Time. Wall time is for records (milliseconds since 1970 UTC), monotonic time for durations and
 * deadlines. Both are shifted together by clock_advance_ms, which tests use instead of sleeping. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_TEXT_BYTES = 32 };

int64_t clock_wall_ms(void);
int64_t clock_mono_us(void);
void clock_advance_ms(int64_t ms); /* tests only; atomic */

/* RFC 3339 UTC: "2026-11-22T21:34:00.123Z". Returns `out`. */
const char *clock_format(int64_t wall_ms, char out[CLOCK_TEXT_BYTES]);
/* Parses RFC 3339 (with Z or an offset; fraction optional) or a bare date "2026-11-22" (midnight
 * UTC). */
bool clock_parse(const char *text, int64_t *out_wall_ms);
/* The days since 1970-01-01 of a date, and back its year. */
int64_t clock_day(int year, int month, int day);
int clock_year(int64_t day);
/* A day since 1970-01-01: "2026-11-22". */
const char *clock_format_day(int32_t day, char out[CLOCK_TEXT_BYTES]);

#endif
