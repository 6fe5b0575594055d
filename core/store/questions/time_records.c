#include "store/questions/time_records.h"

#include "store/questions/usage_place.h"

#define QUARTER_MS INT64_C(900000)
/* Records that are read in vain before and among those of the time: of calls that took long. */
enum { OTHERS_MAX = 2000, BEFORE = 200 };

/* The records that are looked for. */
struct looking {
    int64_t from_ms;
    int64_t to_ms;
    int64_t count; /* how many are missing yet */
    int64_t others;
};

int64_t time_records_count(struct db *db, const struct quarters *time)
{
    return db_number(db, "SELECT sum(requests) FROM sales WHERE quarter >= ?1 AND quarter < ?2",
                     DB_VALUES(bind_int(time->from), bind_int(time->to)), 0);
}

static struct row *bind_from(struct db *db, int64_t seq)
{
    return db_bind(db,
                   "SELECT created_ms, account_id, 1, error_code <> '', input_tokens,"
                   " cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd,"
                   " overrun_nusd FROM usage WHERE seq > ?1 ORDER BY seq",
                   DB_VALUES(bind_int(seq)));
}

/* Adds the records up to the last one that is missing. They are all when they are as many as
 * `sales` has. */
static void add(struct db *db, struct row *row, struct looking *looking, struct groups *groups)
{
    while (looking->count > 0 && looking->others <= OTHERS_MAX && db_row(db, row)) {
        int64_t created_ms = column_int(row, 0);
        if (created_ms < looking->from_ms || created_ms >= looking->to_ms) {
            looking->others++;
            continue;
        }
        looking->count--;
        groups_add(groups, 0, column_text(row, 1), "", row, 2, GROUP_OVERRUN + 1);
    }
    db_leave(row);
}

bool time_records_add(struct db *db, const struct quarters *time, int64_t records_max,
                      struct groups *groups)
{
    struct looking looking = {.from_ms = time->from * QUARTER_MS, .to_ms = time->to * QUARTER_MS};
    struct groups found;
    int64_t first;
    looking.count = time_records_count(db, time);
    if (looking.count > records_max)
        return false;
    if (looking.count == 0)
        return true;
    first = usage_place_before(db, looking.from_ms,
                               db_number(db, "SELECT max(seq) FROM usage", NULL, 0, 0));
    groups_init(&found, SIZE_MAX);
    add(db, bind_from(db, first - BEFORE), &looking, &found);
    if (looking.count == 0)
        groups_add_all(groups, &found);
    groups_fini(&found);
    return looking.count == 0;
}
