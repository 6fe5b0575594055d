/* The rule by which a zone sets its clocks every year: a POSIX TZ string, the last line of a zone's
 * file ("EST5EDT,M3.2.0,M11.1.0"). */
#ifndef BASE_ZONE_RULE_H
#define BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct zone_date {
    /* "M3.2.0"; "J60", which does not count Feb 29; "60", which does. */
    enum { ZONE_WEEKDAY, ZONE_JULIAN, ZONE_DAY } kind;
    int month;
    int week; /* 1 to 5; 5 is the last one of the month */
    int day;  /* of the week, 0 is Sunday; or of the year */
    int32_t time_s;
};

struct zone_rule {
    int32_t standard_s; /* seconds ahead of UTC */
    int32_t summer_s;
    bool has_summer;
    struct zone_date begins; /* when summer time begins, in standard time */
    struct zone_date ends;   /* when summer time ends, in summer time */
};

/* Returns false when the text is no such rule. */
bool zone_rule_parse(const char *text, struct zone_rule *out);
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s);

#endif
