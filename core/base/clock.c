#include "base/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/slice.h"

enum { MS_PER_SECOND = 1000, MS_PER_MINUTE = 60 * 1000, MS_PER_HOUR = 60 * 60 * 1000 };

#define MS_PER_DAY INT64_C(86400000)
/* Four digits of a year can show the days between these two; other times show as the nearer one. */
#define DAY_MIN INT64_C(-719528) /* 0000-01-01 */
#define DAY_MAX INT64_C(2932896) /* 9999-12-31 */

/* How far tests have moved the clocks; 0 in production. */
static _Atomic int64_t advanced_ms;

static int64_t advanced(void)
{
    return atomic_load_explicit(&advanced_ms, memory_order_relaxed);
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000 + advanced();
}

int64_t clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + advanced() * 1000;
}

void clock_advance_ms(int64_t ms)
{
    atomic_fetch_add_explicit(&advanced_ms, ms, memory_order_relaxed);
}

static int64_t floor_day(int64_t wall_ms)
{
    int64_t day = wall_ms / MS_PER_DAY;
    return wall_ms % MS_PER_DAY < 0 ? day - 1 : day;
}

struct date {
    int year;
    int month;
    int day;
};

/* These two convert between a day number and a date of the proleptic Gregorian calendar. Years
 * begin in March, so that the leap day is the last of its year, and go in eras of 400 years
 * (146,097 days). The libc functions are not used because they read the time zone under a lock. */
static struct date date_of_day(int64_t day)
{
    day += 719468; /* days from 0000-03-01 to 1970-01-01 */
    int64_t era = (day >= 0 ? day : day - 146096) / 146097;
    int64_t of_era = day - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0 is March */
    struct date date = {
        .year = (int)(year + era * 400 + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(of_year - (153 * month + 2) / 5 + 1),
    };
    return date;
}

static int64_t day_of_date(struct date date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t of_year =
        (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year -
           719468;
}

int64_t clock_day(int year, int month, int day)
{
    return day_of_date((struct date){.year = year, .month = month, .day = day});
}

int clock_year(int64_t day)
{
    return date_of_day(day).year;
}

/* Writes `digits` decimal digits at `at` and returns where they end. */
static char *put(char *at, int64_t n, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + n % 10);
        n /= 10;
    }
    return at + digits;
}

static char *put_date(char *at, int64_t day)
{
    struct date date = date_of_day(day);
    at = put(at, date.year, 4);
    *at++ = '-';
    at = put(at, date.month, 2);
    *at++ = '-';
    return put(at, date.day, 2);
}

static int64_t clamp(int64_t n, int64_t min, int64_t max)
{
    return n < min ? min : n > max ? max : n;
}

const char *clock_format(int64_t wall_ms, char out[CLOCK_TEXT_BYTES])
{
    wall_ms = clamp(wall_ms, DAY_MIN * MS_PER_DAY, (DAY_MAX + 1) * MS_PER_DAY - 1);
    int64_t day = floor_day(wall_ms);
    int64_t of_day = wall_ms - day * MS_PER_DAY;
    char *at = put_date(out, day);
    *at++ = 'T';
    at = put(at, of_day / MS_PER_HOUR, 2);
    *at++ = ':';
    at = put(at, of_day / MS_PER_MINUTE % 60, 2);
    *at++ = ':';
    at = put(at, of_day / MS_PER_SECOND % 60, 2);
    *at++ = '.';
    at = put(at, of_day % MS_PER_SECOND, 3);
    *at++ = 'Z';
    *at = '\0';
    return out;
}

const char *clock_format_day(int32_t day, char out[CLOCK_TEXT_BYTES])
{
    char *at = put_date(out, clamp(day, DAY_MIN, DAY_MAX));
    *at = '\0';
    return out;
}

/* ---- parsing: each step moves *at past what it reads; false: it was not there ---- */

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool take_digits(const char **at, int digits, int min, int max, int *out)
{
    int n = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*at)[i]; /* the NUL is no digit, so this never reads past the end */
        if (c < '0' || c > '9')
            return false;
        n = n * 10 + (c - '0');
    }
    if (n < min || n > max)
        return false;
    *at += digits;
    *out = n;
    return true;
}

static int days_of_month(int year, int month)
{
    static const signed char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **at, int64_t *out_day)
{
    struct date date;
    if (!take_digits(at, 4, 0, 9999, &date.year) || !take_char(at, '-') ||
        !take_digits(at, 2, 1, 12, &date.month) || !take_char(at, '-') ||
        !take_digits(at, 2, 1, days_of_month(date.year, date.month), &date.day))
        return false;
    *out_day = day_of_date(date);
    return true;
}

/* ".1" to any number of digits; digits finer than a millisecond are dropped. */
static bool take_fraction(const char **at, int *out_ms)
{
    *out_ms = 0;
    if (!take_char(at, '.'))
        return true;
    int digits = 0;
    for (int scale = 100; **at >= '0' && **at <= '9'; ++*at, digits++, scale /= 10)
        *out_ms += (**at - '0') * scale;
    return digits > 0;
}

static bool take_time(const char **at, int64_t *out_ms)
{
    int hour, minute, second, ms;
    /* Second 60 is a leap second. Unix time has none, so it becomes the first second of the next
     * minute. */
    if (!take_digits(at, 2, 0, 23, &hour) || !take_char(at, ':') ||
        !take_digits(at, 2, 0, 59, &minute) || !take_char(at, ':') ||
        !take_digits(at, 2, 0, 60, &second) || !take_fraction(at, &ms))
        return false;
    *out_ms = (int64_t)hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second * MS_PER_SECOND + ms;
    return true;
}

static bool take_offset(const char **at, int64_t *out_ms)
{
    *out_ms = 0;
    if (take_char(at, 'Z') || take_char(at, 'z'))
        return true;
    bool west = take_char(at, '-');
    if (!west && !take_char(at, '+'))
        return false;
    int hour, minute;
    if (!take_digits(at, 2, 0, 23, &hour) || !take_char(at, ':') ||
        !take_digits(at, 2, 0, 59, &minute))
        return false;
    int64_t ms = (int64_t)hour * MS_PER_HOUR + minute * MS_PER_MINUTE;
    *out_ms = west ? -ms : ms;
    return true;
}

bool clock_parse(const char *text, int64_t *out_wall_ms)
{
    int64_t day;
    if (!take_date(&text, &day))
        return false;
    if (*text == '\0') {
        *out_wall_ms = day * MS_PER_DAY;
        return true;
    }
    int64_t time_ms, offset_ms;
    if ((!take_char(&text, 'T') && !take_char(&text, 't')) || !take_time(&text, &time_ms) ||
        !take_offset(&text, &offset_ms) || *text != '\0')
        return false;
    *out_wall_ms = day * MS_PER_DAY + time_ms - offset_ms;
    return true;
}
