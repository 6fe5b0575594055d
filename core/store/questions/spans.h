/* The span of a report about customers, in the parts from which it is added up: whole UTC days
 * from the day sums, whole hours around them, and around those the quarters of an hour, for which
 * there are only records. On the reports threads; owned by the operation. */
#ifndef STORE_QUESTIONS_SPANS_H
#define STORE_QUESTIONS_SPANS_H

#include <stdint.h>

#include "store/engine/db.h"

/* A window, in quarters of an hour since 1970: all zones' days begin with one. */
struct quarters {
    int64_t from;
    int64_t to; /* exclusive, like all ends here */
};

struct span {
    struct quarters asked;
    int64_t hour_from;
    int64_t hour_to;
    int64_t day_from;
    int64_t day_to;
};

/* Looks up until when there are day sums. */
struct span span_of(struct db *db, const struct quarters *asked);
/* The same without whole days: all hours lie before them. */
struct span span_of_hours(const struct quarters *asked);
/* What one account was charged in it, in nano-USD, by the times at which the calls began. */
int64_t span_charged_nusd(struct db *db, const struct span *span, const char *account_id);

/* The first six parameters of statements about a span. */
#define SPAN_VALUES(span)                                                                          \
    bind_int((span)->asked.from), bind_int((span)->asked.to), bind_int((span)->day_from),          \
        bind_int((span)->day_to), bind_int((span)->hour_from), bind_int((span)->hour_to)
/* Hours outside of the whole days. */
#define SPAN_EDGES                                                                                 \
    "(SELECT ?5 AS first, min(?6, ?3 * 24) AS last UNION ALL SELECT max(?5, ?4 * 24), ?6) e"
/* Times, in milliseconds, outside of the whole hours. */
#define SPAN_SHARDS                                                                                \
    "(SELECT ?1 * 900000 AS first, min(?2 * 900000, ?5 * 3600000) AS last"                         \
    " UNION ALL SELECT max(?1 * 900000, ?6 * 3600000), ?2 * 900000) e"

#endif
