/* The rule by which a zone's clocks are set every year: a POSIX TZ string, the last line of a
 * zone's file ("EST5EDT,M3.2.0,M11.1.0"). */
#ifndef BASE_ZONE_RULE_H
#define BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct zone_date {
    enum { ZONE_WEEKDAY, ZONE_JULIAN, ZONE_DAY } kind; /* M3.2.0; J60 without Feb 29; 60 with it */
    int month;
    int week; /* 1 to 5, which is the last */
    int day;  /* of the week, from Sunday; or of the year */
    int32_t time_s;
};

struct zone_rule {
    int32_t standard_s; /* ahead of UTC */
    int32_t summer_s;
    bool has_summer;
    struct zone_date begins; /* of summer time, in standard time */
    struct zone_date ends;   /* in summer time */
};

/* False: it is no such text. */
bool zone_rule_parse(const char *text, struct zone_rule *out);
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s);

#endif
