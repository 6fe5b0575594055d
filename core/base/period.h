/* Periods of the calendar in UTC, in which a budget begins anew: a day, a week from Monday, a
 * month. */
#ifndef BASE_PERIOD_H
#define BASE_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

enum period { PERIOD_NONE, PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH };

/* "day", "week", "month"; "" is PERIOD_NONE. */
bool period_parse(const char *name, enum period *out);
const char *period_name(enum period period);

/* The start of the period that holds the moment; 0 for PERIOD_NONE. Always a whole hour. */
int64_t period_start_ms(enum period period, int64_t wall_ms);
/* The start of the next period; not for PERIOD_NONE. */
int64_t period_end_ms(enum period period, int64_t wall_ms);

#endif
