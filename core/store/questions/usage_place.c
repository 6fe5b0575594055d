#include "store/questions/usage_place.h"

/* Whether the first record from `seq` on begins before the time. */
static bool is_before(struct db *db, int64_t time_ms, int64_t seq)
{
    return db_number(db, "SELECT created_ms FROM usage WHERE seq >= ?1 ORDER BY seq LIMIT 1",
                     DB_VALUES(bind_int(seq)), INT64_MAX) < time_ms;
}

/* Halves the numbers. */
int64_t usage_place_before(struct db *db, int64_t time_ms, int64_t last_seq)
{
    int64_t low = db_number(db, "SELECT min(seq) FROM usage", NULL, 0, 1) - 1;
    int64_t high = last_seq + 1;
    while (low + 1 < high) {
        int64_t middle = low + (high - low) / 2;
        if (is_before(db, time_ms, middle))
            low = middle;
        else
            high = middle;
    }
    return low;
}
