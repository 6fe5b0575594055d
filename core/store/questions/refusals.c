#include "store/questions/refusals.h"

#include "base/json_writer.h"
#include "store/operations/operations.h"
#include "store/questions/usage_reports.h"

enum { EXAMINED_MAX = 20000, MINUTE_MS = 60000 };

/* The columns that USAGE_RECORD_COLUMNS needs of `usage`. */
#define REFUSALS                                                                                   \
    "(SELECT seq, exchange_id, account_id, created_ms, model, '' AS provider, key_id, status,"     \
    " 0 AS streamed, 0 AS input_tokens, 0 AS cached_input_tokens, 0 AS output_tokens,"             \
    " 0 AS reasoning_tokens, 0 AS charge_nusd, 'none' AS source, '' AS finish_reason,"             \
    " code AS error_code, 0 AS attempts, -1 AS first_byte_us, total_us, path FROM refusals) u"     \
    " LEFT JOIN keys k ON k.id = u.key_id"
enum { PATH = USAGE_RECORD_COLUMN_COUNT, USER_ID, EMAIL };

/* Without its closing brace. */
static void render(struct buffer *out, struct row *row)
{
    usage_reports_record(out, row, false); /* no provider was asked */
    json_writer_bool(out, "refused", true);
    json_writer_text(out, "path", column_text(row, PATH));
}

bool refusals_find(struct store_call *call, struct db *db, struct store_value account_id,
                   struct store_value exchange_id, bool operator)
{
    struct row *row =
        db_bind(db,
                "SELECT " USAGE_RECORD_COLUMNS ", u.path, o.id, o.email FROM " REFUSALS
                " LEFT JOIN users o ON o.account_id = u.account_id"
                " WHERE u.exchange_id = ?1 AND (?2 IS NULL OR u.account_id = ?2)",
                DB_VALUES(exchange_id, account_id));
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such request");
    render(&call->result, row);
    if (operator) {
        json_writer_text_or_null(&call->result, "user_id", column_text(row, USER_ID));
        json_writer_text_or_null(&call->result, "email", column_text(row, EMAIL));
    }
    json_writer_object_end(&call->result);
    db_leave(row);
    return db->failure == 0;
}

/* ---- lists ---- */

/* The place of the last row that was examined. */
struct place {
    int64_t at_ms;
    int64_t at_seq;
    bool more;
};

static void list(struct store_call *call, struct db *db, const struct usage_window *window,
                 int64_t limit, struct place *place)
{
    struct row *row = db_bind(
        db,
        "SELECT " USAGE_RECORD_COLUMNS ", u.path,"
        " (?4 IS NULL OR u.model = ?4) AND (?5 IS NULL OR u.key_id = ?5) FROM " REFUSALS
        " WHERE u.account_id = ?1 AND u.created_ms >= ?2 AND u.created_ms < ?3"
        " AND (u.created_ms, u.seq) < (?6, ?7) ORDER BY u.created_ms DESC, u.seq DESC",
        DB_VALUES(call->args[0], bind_int(window->from_ms), bind_int(window->to_ms), call->args[3],
                  call->args[4], bind_int(place->at_ms), bind_int(place->at_seq)));
    int64_t count = 0;
    for (int64_t examined = 0; db_row(db, row); examined++) {
        bool wanted = column_int(row, PATH + 1) != 0;
        place->more = examined == EXAMINED_MAX || (wanted && count == limit);
        if (place->more)
            break;
        place->at_ms = column_int(row, USAGE_CREATED_MS);
        place->at_seq = column_int(row, USAGE_SEQ);
        if (!wanted)
            continue;
        render(&call->result, row);
        json_writer_object_end(&call->result);
        count++;
    }
    db_leave(row);
}

/* How many refused calls of the window were only counted, because there were too many. */
static int64_t left_out(const struct store_call *call, struct db *db,
                        const struct usage_window *window)
{
    return db_number(db,
                     "SELECT sum(count) FROM refusals_left_out WHERE account_id = ?1"
                     " AND minute >= ?2 AND minute < ?3",
                     DB_VALUES(call->args[0], bind_int(window->from_ms / MINUTE_MS),
                               bind_int((window->to_ms + MINUTE_MS - 1) / MINUTE_MS)),
                     0);
}

static bool list_page(struct store_call *call, struct db *db, const struct zone *zone)
{
    struct place place = {.at_ms = INT64_MAX, .at_seq = INT64_MAX};
    struct usage_window window;
    int64_t limit;
    if (!operations_limit(call, 6, &limit) || !usage_reports_window(call, 1, 2, zone, &window) ||
        !operations_cursor(call, 5, &place.at_ms, &place.at_seq))
        return false;
    json_writer_object(&call->result, NULL);
    json_writer_array(&call->result, "data");
    list(call, db, &window, limit, &place);
    json_writer_array_end(&call->result);
    json_writer_int(&call->result, "left_out", left_out(call, db, &window));
    operations_reply_cursor(&call->result, place.more, place.at_ms, place.at_seq);
    json_writer_object_end(&call->result);
    return db->failure == 0;
}

/* account_id from? to? model? key_id? cursor? limit zone?; newest first */
bool refusals_list(struct store_call *call, struct db *db)
{
    struct zone zone;
    bool ok;
    if (!usage_reports_zone(call, 7, &zone))
        return false;
    ok = list_page(call, db, &zone);
    zone_fini(&zone);
    return ok;
}

/* account_id since_ms status. What was only counted has no status: it is left out. */
bool refusals_count(struct store_call *call, struct db *db)
{
    json_writer_object(&call->result, NULL);
    json_writer_int(&call->result, "count",
                    db_number(db,
                              "SELECT count(*) FROM refusals WHERE account_id = ?1"
                              " AND created_ms >= ?2 AND status = ?3",
                              call->args, 3, 0));
    json_writer_object_end(&call->result);
    return db->failure == 0;
}
