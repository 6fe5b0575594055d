/* Time. Wall time (milliseconds since 1970 UTC) is for records; monotonic time is for durations and
 * deadlines. clock_advance_ms shifts both: tests use it instead of sleeping. */
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
/* Parses RFC 3339 (with Z or an offset; the fraction is optional), or a bare date "2026-11-22",
 * which means midnight UTC. */
bool clock_parse(const char *text, int64_t *out_wall_ms);
/* clock_day: a date as days since 1970-01-01; clock_year: the year of such a day. */
int64_t clock_day(int year, int month, int day);
int clock_year(int64_t day);
/* Formats a day since 1970-01-01: "2026-11-22". */
const char *clock_format_day(int32_t day, char out[CLOCK_TEXT_BYTES]);

#endif
