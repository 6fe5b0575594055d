#include "store/questions/matching_hours.h"

#define HOURS " FROM hourly WHERE account_id = ?1 AND hour >= ?2 AND hour <= ?3"
#define MATCHES " AND (?4 IS NULL OR model = ?4) AND (?5 IS NULL OR key_id = ?5)"

void matching_hours_init(struct matching_hours *hours, struct db *db,
                         const struct matching *matching, int64_t first, int64_t last,
                         bool oldest_first)
{
    *hours = (struct matching_hours){.db = db,
                                     .matching = matching,
                                     .first = first,
                                     .last = last,
                                     .oldest_first = oldest_first,
                                     .length = 1};
}

/* Passes over hours without any call. False: there are no more calls. */
static bool pass_over(struct matching_hours *hours)
{
    const struct store_value values[] = {hours->matching->account, bind_int(hours->first),
                                         bind_int(hours->last)};
    if (hours->oldest_first) {
        hours->first = db_number(hours->db, "SELECT min(hour)" HOURS, values, 3, INT64_MAX);
        return hours->first <= hours->last;
    }
    hours->last = db_number(hours->db, "SELECT max(hour)" HOURS, values, 3, INT64_MIN);
    return hours->last >= hours->first;
}

/* Takes the next hours out of those to be looked up. */
static void take_next(struct matching_hours *hours, int64_t *first, int64_t *last)
{
    *first = hours->first;
    *last = hours->last;
    if (hours->last - hours->first >= hours->length) {
        if (hours->oldest_first)
            *last = hours->first + hours->length - 1;
        else
            *first = hours->last - hours->length + 1;
    }
    if (hours->oldest_first)
        hours->first = *last + 1;
    else
        hours->last = *first - 1;
    if (hours->length < MATCHING_HOURS_MAX)
        hours->length *= 2;
}

/* Looks up the next hours, at each look twice as many: a model that is often used has its matches
 * in the first ones. They are read in the order of time, in which they lie on the disk, also when
 * they are given the other way round: so the system reads ahead. */
static void look(struct matching_hours *hours)
{
    int64_t first, last;
    take_next(hours, &first, &last);
    struct row *row = db_bind(hours->db, "SELECT hour" HOURS MATCHES " ORDER BY hour",
                              DB_VALUES(hours->matching->account, bind_int(first), bind_int(last),
                                        hours->matching->model, hours->matching->key));
    hours->begin = hours->end = 0;
    while (db_row(hours->db, row)) {
        int64_t hour = column_int(row, 0);
        if (hours->end == 0 || hours->found[hours->end - 1] != hour)
            hours->found[hours->end++] = hour;
    }
}

int64_t matching_hours_next(struct matching_hours *hours)
{
    while (hours->begin == hours->end) {
        if (!pass_over(hours))
            return -1;
        look(hours);
    }
    return hours->oldest_first ? hours->found[hours->begin++] : hours->found[--hours->end];
}

/* No size is negative, so no call is larger than the sum that it is in; and the sum of one call is
 * its size. */
void match_sizes_read(struct match_sizes *sizes, struct db *db, const struct matching *matching,
                      int64_t hour)
{
#define LEAST(size) "min(CASE WHEN requests = 1 THEN " size " ELSE 0 END), "
    struct row *row = db_bind(
        db,
        "SELECT " LEAST("charge_nusd") LEAST("input_tokens") LEAST("cached_input_tokens")
            LEAST("output_tokens") " max(charge_nusd), max(input_tokens), max(cached_input_tokens),"
                                   " max(output_tokens)" HOURS MATCHES,
        DB_VALUES(matching->account, bind_int(hour), bind_int(hour), matching->model,
                  matching->key));
    *sizes = (struct match_sizes){.most = {0}};
    if (!db_row(db, row))
        return;
    for (int i = 0; i < MATCH_SIZES; i++) {
        sizes->least[i] = column_int(row, i);
        sizes->most[i] = column_int(row, MATCH_SIZES + i);
    }
    db_leave(row);
}

bool match_sizes_allow(const struct match_sizes *sizes, struct row *row, int at)
{
    for (int i = 0; i < MATCH_SIZES; i++) {
        int64_t size = column_int(row, at + i);
        if (size < sizes->least[i] || size > sizes->most[i])
            return false;
    }
    return true;
}
