#include "base/period.h"

#include <string.h>
#include <time.h>

#include "base/check.h"

#define DAY_MS INT64_C(86400000)

/* The database and the API use these names. */
static const char *const names[] = {
    [PERIOD_NONE] = "", [PERIOD_DAY] = "day", [PERIOD_WEEK] = "week", [PERIOD_MONTH] = "month"};

bool period_parse(const char *name, enum period *out)
{
    for (int i = PERIOD_NONE; i <= PERIOD_MONTH; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum period)i;
            return true;
        }
    }
    return false;
}

const char *period_name(enum period period)
{
    return names[period];
}

static int64_t day_of(int64_t wall_ms)
{
    return wall_ms / DAY_MS - (wall_ms % DAY_MS < 0);
}

/* The first moment of the month `months` after that of wall_ms. */
static int64_t month_start_ms(int64_t wall_ms, int months)
{
    time_t seconds = (time_t)(day_of(wall_ms) * (DAY_MS / 1000));
    struct tm parts;
    check(gmtime_r(&seconds, &parts) != NULL);
    struct tm first = {.tm_year = parts.tm_year, .tm_mon = parts.tm_mon + months, .tm_mday = 1};
    return (int64_t)timegm(&first) * 1000;
}

int64_t period_start_ms(enum period period, int64_t wall_ms)
{
    int64_t day = day_of(wall_ms);
    switch (period) {
    case PERIOD_NONE:
        return 0;
    case PERIOD_DAY:
        return day * DAY_MS;
    case PERIOD_WEEK: /* 1970-01-01 was a Thursday */
        return (day - ((day + 3) % 7 + 7) % 7) * DAY_MS;
    case PERIOD_MONTH:
        return month_start_ms(wall_ms, 0);
    }
    return 0;
}

int64_t period_end_ms(enum period period, int64_t wall_ms)
{
    check(period != PERIOD_NONE);
    if (period == PERIOD_MONTH)
        return month_start_ms(wall_ms, 1);
    return period_start_ms(period, wall_ms) + (period == PERIOD_DAY ? 1 : 7) * DAY_MS;
}
