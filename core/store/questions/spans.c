#include "store/questions/spans.h"

struct span span_of_hours(const struct quarters *asked)
{
    struct span span = {
        .asked = *asked, .hour_from = (asked->from + 3) / 4, .hour_to = asked->to / 4};
    if (span.hour_to < span.hour_from) /* inside one hour */
        span.hour_to = span.hour_from;
    span.day_from = span.day_to = (span.hour_to + 23) / 24;
    return span;
}

struct span span_of(struct db *db, const struct quarters *asked)
{
    int64_t until_day = db_number(db, "SELECT until_day FROM summed_days", NULL, 0, 0);
    struct span span = span_of_hours(asked);
    span.day_from = (span.hour_from + 23) / 24;
    span.day_to = span.hour_to / 24;
    if (span.day_to > until_day)
        span.day_to = until_day;
    if (span.day_to <= span.day_from) /* no whole day: all hours lie before it */
        span.day_from = span.day_to = (span.hour_to + 23) / 24;
    return span;
}

int64_t span_charged_nusd(struct db *db, const struct span *span, const char *account_id)
{
    return db_number(
        db,
        "SELECT sum(charge_nusd) FROM ("
        "SELECT charge_nusd FROM customer_days WHERE account_id = ?7 AND day >= ?3 AND day < ?4"
        " UNION ALL SELECT charge_nusd FROM " SPAN_EDGES " CROSS JOIN hourly h"
        " ON h.account_id = ?7 AND h.hour >= e.first AND h.hour < e.last WHERE e.first < e.last"
        " UNION ALL SELECT charge_nusd FROM " SPAN_SHARDS " CROSS JOIN usage g"
        " ON g.account_id = ?7 AND g.created_ms >= e.first AND g.created_ms < e.last"
        " WHERE e.first < e.last)",
        DB_VALUES(SPAN_VALUES(span), bind_text(account_id)), 0);
}
