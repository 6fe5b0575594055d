#include "base/zone_rule.h"

#include <string.h>

#include "base/clock.h"

#define DAY_S INT64_C(86400)

/* ---- parsing: each step moves *at past what it reads; false: it was not there ---- */

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool take_number(const char **at, int max, int *out)
{
    int n = 0;
    const char *start = *at;
    for (; **at >= '0' && **at <= '9' && n <= max; ++*at)
        n = n * 10 + (**at - '0');
    *out = n;
    return *at > start && n <= max;
}

/* "EST", "<+0545>" */
static bool take_name(const char **at)
{
    const char *start = *at;
    if (take_char(at, '<')) {
        *at += strcspn(*at, ">");
        return take_char(at, '>');
    }
    while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z'))
        ++*at;
    return *at - start >= 3;
}

/* "5", "-5:30", "26:00:00" */
static bool take_time(const char **at, int32_t *out_s)
{
    int hours, minutes = 0, seconds = 0;
    bool negative = take_char(at, '-');
    if (!negative)
        take_char(at, '+');
    if (!take_number(at, 167, &hours))
        return false;
    if (take_char(at, ':') && !take_number(at, 59, &minutes))
        return false;
    if (take_char(at, ':') && !take_number(at, 59, &seconds))
        return false;
    *out_s = hours * 3600 + minutes * 60 + seconds;
    if (negative)
        *out_s = -*out_s;
    return true;
}

/* POSIX counts from local time to UTC, so the sign is turned. */
static bool take_offset(const char **at, int32_t *out_s)
{
    if (!take_time(at, out_s))
        return false;
    *out_s = -*out_s;
    return true;
}

static bool take_day(const char **at, struct zone_date *out)
{
    if (take_char(at, 'M')) {
        out->kind = ZONE_WEEKDAY;
        return take_number(at, 12, &out->month) && out->month >= 1 && take_char(at, '.') &&
               take_number(at, 5, &out->week) && out->week >= 1 && take_char(at, '.') &&
               take_number(at, 6, &out->day);
    }
    out->kind = take_char(at, 'J') ? ZONE_JULIAN : ZONE_DAY;
    return take_number(at, 365, &out->day);
}

static bool take_date(const char **at, struct zone_date *out)
{
    *out = (struct zone_date){.time_s = 2 * 3600};
    if (!take_char(at, ',') || !take_day(at, out))
        return false;
    return !take_char(at, '/') || take_time(at, &out->time_s);
}

bool zone_rule_parse(const char *text, struct zone_rule *out)
{
    *out = (struct zone_rule){0};
    if (!take_name(&text) || !take_offset(&text, &out->standard_s))
        return false;
    if (*text == '\0')
        return true;
    out->has_summer = true;
    out->summer_s = out->standard_s + 3600;
    if (!take_name(&text) || (*text != ',' && !take_offset(&text, &out->summer_s)))
        return false;
    return take_date(&text, &out->begins) && take_date(&text, &out->ends) && *text == '\0';
}

/* ---- a year ---- */

/* That day of the year, as days since 1970-01-01. */
static int64_t day_of(const struct zone_date *date, int year)
{
    int64_t first = clock_day(year, 1, 1);
    if (date->kind == ZONE_DAY)
        return first + date->day;
    if (date->kind == ZONE_JULIAN) {
        bool leap = clock_day(year, 3, 1) - clock_day(year, 2, 28) == 2;
        return first + date->day - 1 + (leap && date->day >= 60);
    }
    int64_t month = clock_day(year, date->month, 1);
    int64_t next =
        date->month == 12 ? clock_day(year + 1, 1, 1) : clock_day(year, date->month + 1, 1);
    int64_t weekday = ((month + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = month + (date->day - weekday + 7) % 7 + (date->week - 1) * 7;
    return day < next ? day : day - 7;
}

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s)
{
    if (!rule->has_summer)
        return rule->standard_s;
    int64_t local_s = utc_s + rule->standard_s;
    int year = clock_year((local_s - (local_s % DAY_S + DAY_S) % DAY_S) / DAY_S);
    int64_t begins_s = day_of(&rule->begins, year) * DAY_S + rule->begins.time_s - rule->standard_s;
    int64_t ends_s = day_of(&rule->ends, year) * DAY_S + rule->ends.time_s - rule->summer_s;
    bool summer = begins_s < ends_s ? utc_s >= begins_s && utc_s < ends_s
                                    : utc_s >= begins_s || utc_s < ends_s;
    return summer ? rule->summer_s : rule->standard_s;
}
