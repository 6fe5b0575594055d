/* The operations on usage: records newest first, sums by day, model and key. Sums come from the
 * daily roll-ups where whole days are asked for, and from the records only for what sticks out at
 * both ends. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/operations.h"
#include "store/reply.h"

#define DAY_MS INT64_C(86400000)

enum { SUMMARY_ROWS_MAX = 20000 };

/* A time from (inclusive) to (exclusive), and the whole days in it. Records lie before 'day_from',
 * or from `day_to` on, when they are in the window but in no whole day of it. */
struct window {
    int64_t from_ms;
    int64_t to_ms;
    int64_t day_from;
    int64_t day_to; /* exclusive */
};

static struct window make_window(const struct store_call *call, size_t from_at, size_t to_at)
{
    const int64_t far_ms = INT64_C(100000) * DAY_MS; /* year 2243 */
    struct window window = {.from_ms = 0, .to_ms = far_ms};

    if (!operations_null(call, from_at))
        window.from_ms = operations_int(call, from_at);
    if (!operations_null(call, to_at))
        window.to_ms = operations_int(call, to_at);
    if (window.from_ms < 0)
        window.from_ms = 0;
    if (window.to_ms > far_ms)
        window.to_ms = far_ms;
    if (window.from_ms > window.to_ms)
        window.from_ms = window.to_ms > 0 ? window.to_ms : 0;
    if (window.to_ms < window.from_ms)
        window.to_ms = window.from_ms; /* empty */
    window.day_from = (window.from_ms + DAY_MS - 1) / DAY_MS;
    window.day_to = window.to_ms / DAY_MS;
    if (window.day_to < window.day_from) /* within one day */
        window.day_to = window.day_from;
    return window;
}

/* Parameters of PARTS: account, from, to, first whole day, day after the last, then model and key
 * (null for all). Two ranges of records: [from, day_from) and [day_to, to); within one day the
 * first is all of it. */
#define PARTS                                                                                      \
    "WITH parts AS ("                                                                              \
    " SELECT day, key_id, model, requests, input_tokens, cached_input_tokens, output_tokens,"      \
    "  reasoning_tokens, charge_nusd FROM daily"                                                   \
    "  WHERE account_id = ?1 AND day >= ?4 AND day < ?5"                                           \
    " UNION ALL"                                                                                   \
    " SELECT created_ms / 86400000, key_id, model, 1, input_tokens, cached_input_tokens,"          \
    "  output_tokens, reasoning_tokens, charge_nusd FROM usage"                                    \
    "  WHERE account_id = ?1 AND created_ms >= ?2 AND created_ms < min(?3, ?4 * 86400000)"         \
    " UNION ALL"                                                                                   \
    " SELECT created_ms / 86400000, key_id, model, 1, input_tokens, cached_input_tokens,"          \
    "  output_tokens, reasoning_tokens, charge_nusd FROM usage"                                    \
    "  WHERE account_id = ?1 AND created_ms >= max(?2, ?5 * 86400000) AND created_ms < ?3)"
#define SUMS                                                                                       \
    "coalesce(sum(requests), 0), coalesce(sum(input_tokens), 0),"                                  \
    " coalesce(sum(cached_input_tokens), 0), coalesce(sum(output_tokens), 0),"                     \
    " coalesce(sum(reasoning_tokens), 0), coalesce(sum(charge_nusd), 0)"
#define CHOSEN " FROM parts WHERE (?6 IS NULL OR model = ?6) AND (?7 IS NULL OR key_id = ?7)"

/* The six sums of a row, from column `at`. */
static void render_sums(struct buffer *out, sqlite3_stmt *row, int at)
{
    reply_int(out, "requests", column_int(row, at));
    reply_int(out, "input_tokens", column_int(row, at + 1));
    reply_int(out, "cached_input_tokens", column_int(row, at + 2));
    reply_int(out, "output_tokens", column_int(row, at + 3));
    reply_int(out, "reasoning_tokens", column_int(row, at + 4));
    reply_money(out, "cost", column_int(row, at + 5));
}

static void render_totals(struct store_call *call, struct db *db, const struct window *window,
                          struct store_value model, struct store_value key)
{
    struct buffer *out = &call->result;
    sqlite3_stmt *row =
        db_bind(db, PARTS " SELECT " SUMS CHOSEN,
                DB_VALUES(call->args[0], bind_int(window->from_ms), bind_int(window->to_ms),
                          bind_int(window->day_from), bind_int(window->day_to), model, key));

    if (!db_row(db, row))
        return;
    reply_object(out, "totals");
    render_sums(out, row, 0);
    reply_object_end(out);
    db_leave(row);
}

#define RECORD_COLUMNS                                                                             \
    "u.exchange_id, u.created_ms, u.model, u.provider, u.key_id, k.name, u.status, u.streamed,"    \
    " u.input_tokens, u.cached_input_tokens, u.output_tokens, u.reasoning_tokens, u.charge_nusd,"  \
    " u.source, u.finish_reason, u.error_code, u.attempts, u.first_byte_us, u.total_us, u.seq"

static void render_record(struct buffer *out, sqlite3_stmt *row)
{
    reply_object(out, NULL);
    reply_text(out, "id", column_text(row, 0));
    reply_time(out, "created_at", column_int(row, 1));
    reply_text(out, "model", column_text(row, 2));
    reply_text_or_null(out, "provider", column_text(row, 3));
    reply_text_or_null(out, "key_id", column_text(row, 4));
    reply_text_or_null(out, "key_name", column_text(row, 5));
    reply_int(out, "status", column_int(row, 6));
    reply_bool(out, "stream", column_int(row, 7) != 0);
    reply_int(out, "input_tokens", column_int(row, 8));
    reply_int(out, "cached_input_tokens", column_int(row, 9));
    reply_int(out, "output_tokens", column_int(row, 10));
    reply_int(out, "reasoning_tokens", column_int(row, 11));
    reply_money(out, "cost", column_int(row, 12));
    reply_text(out, "usage_source", column_text(row, 13));
    reply_text_or_null(out, "finish_reason", column_text(row, 14));
    reply_text_or_null(out, "error_code", column_text(row, 15));
    reply_int(out, "attempts", column_int(row, 16));
    if (column_int(row, 17) < 0)
        reply_null(out, "first_byte_ms");
    else
        reply_int(out, "first_byte_ms", column_int(row, 17) / 1000);
    reply_int(out, "total_ms", column_int(row, 18) / 1000);
    reply_object_end(out);
}

/* account_id from_ms? to_ms? model? key_id? cursor? limit. The cursor is the time and number of
 * the last record: the next page begins below it, whatever has come on top meanwhile. */
bool usage_reports_list(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct window window = make_window(call, 1, 2);
    int64_t limit, count = 0, last_ms = window.to_ms, last_seq = 0;
    bool more = false;
    sqlite3_stmt *row;

    if (!operations_limit(call, 6, &limit) || !operations_cursor(call, 5, &last_ms, &last_seq))
        return false;
    if (last_ms >= window.to_ms) { /* from the top */
        last_ms = window.to_ms;
        last_seq = 0;
    }
    row = db_bind(db,
                  "SELECT " RECORD_COLUMNS " FROM usage u LEFT JOIN keys k ON k.id = u.key_id"
                  " WHERE u.account_id = ?1 AND u.created_ms >= ?2"
                  " AND (u.created_ms, u.seq) < (?3, ?4)"
                  " AND (?5 IS NULL OR u.model = ?5) AND (?6 IS NULL OR u.key_id = ?6)"
                  " ORDER BY u.created_ms DESC, u.seq DESC LIMIT ?7",
                  DB_VALUES(call->args[0], bind_int(window.from_ms), bind_int(last_ms),
                            bind_int(last_seq), call->args[3], call->args[4], bind_int(limit + 1)));
    reply_object(out, NULL);
    reply_array(out, "data");
    while (db_row(db, row)) {
        more = ++count > limit;
        if (more)
            break;
        render_record(out, row);
        last_ms = column_int(row, 1);
        last_seq = column_int(row, 19);
    }
    db_leave(row);
    reply_array_end(out);
    render_totals(call, db, &window, call->args[3], call->args[4]);
    operations_reply_cursor(out, more, last_ms, last_seq);
    reply_object_end(out);
    return db->failure == 0;
}

bool usage_reports_get(struct store_call *call, struct db *db)
{
    sqlite3_stmt *row = db_bind(db,
                                "SELECT " RECORD_COLUMNS " FROM resolutions r"
                                " JOIN usage u ON u.seq = r.usage_seq"
                                " LEFT JOIN keys k ON k.id = u.key_id"
                                " WHERE r.exchange_id = ?2 AND u.account_id = ?1",
                                call->args, 2);

    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such request");
    render_record(&call->result, row);
    db_leave(row);
    return true;
}

/* What a summary is grouped by. */
struct grouping {
    bool day;
    bool model;
    bool key;
};

static bool parse_grouping(struct store_call *call, struct grouping *out)
{
    const char *by = operations_text(call, 3);

    *out = (struct grouping){0};
    while (*by) {
        size_t bytes = strcspn(by, ",");
        bool *wanted = NULL;

        if (bytes == 3 && memcmp(by, "day", 3) == 0)
            wanted = &out->day;
        else if (bytes == 5 && memcmp(by, "model", 5) == 0)
            wanted = &out->model;
        else if (bytes == 3 && memcmp(by, "key", 3) == 0)
            wanted = &out->key;
        if (!wanted || *wanted)
            return fault_set(&call->fault, "invalid_value",
                             "by must be day, model, key, or several of them with commas");
        *wanted = true;
        by += bytes;
        if (*by == ',' && !*++by)
            return fault_set(&call->fault, "invalid_value", "by ends with a comma");
    }
    return true;
}

static void render_group(struct buffer *out, sqlite3_stmt *row, const struct grouping *by)
{
    reply_object(out, NULL);
    if (by->day)
        reply_day(out, "day", (int32_t)column_int(row, 0));
    if (by->model)
        reply_text(out, "model", column_text(row, 1));
    if (by->key) {
        reply_text_or_null(out, "key_id", column_text(row, 2));
        reply_text_or_null(out, "key_name", column_text(row, 3));
    }
    render_sums(out, row, 4);
    reply_object_end(out);
}

/* account_id from_ms? to_ms? by */
bool usage_reports_summary(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct window window = make_window(call, 1, 2);
    struct grouping by;
    sqlite3_stmt *row;

    if (!parse_grouping(call, &by))
        return false;
    row = db_bind(db,
                  PARTS ", chosen AS (SELECT CASE WHEN ?8 THEN day END AS day, CASE WHEN ?9 THEN"
                        " model END AS model, CASE WHEN ?10 THEN key_id END AS key_id, requests,"
                        " input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,"
                        " charge_nusd" CHOSEN ")"
                        " SELECT c.day, c.model, c.key_id,"
                        " (SELECT name FROM keys WHERE id = c.key_id), " SUMS
                        " FROM chosen c GROUP BY c.day, c.model, c.key_id"
                        " ORDER BY c.day DESC, sum(charge_nusd) DESC, c.model, c.key_id LIMIT ?11",
                  DB_VALUES(call->args[0], bind_int(window.from_ms), bind_int(window.to_ms),
                            bind_int(window.day_from), bind_int(window.day_to), bind_null(),
                            bind_null(), bind_int(by.day), bind_int(by.model), bind_int(by.key),
                            bind_int(SUMMARY_ROWS_MAX)));
    reply_object(out, NULL);
    reply_array(out, "data");
    while (db_row(db, row))
        render_group(out, row, &by);
    reply_array_end(out);
    render_totals(call, db, &window, bind_null(), bind_null());
    reply_object_end(out);
    return db->failure == 0;
}
