/* Sums of usage by day, model and key. They come from the roll-ups where whole hours are asked for,
 * and from the records only for what sticks out at both ends. */
#include "store/usage_reports.h"

#include <stdlib.h>
#include <string.h>

#include "store/groups.h"
#include "store/operations.h"
#include "store/reply.h"

#define DAY_MS INT64_C(86400000)

struct usage_window usage_reports_window(const struct store_call *call, size_t from_at,
                                         size_t to_at)
{
    const int64_t far_ms = INT64_C(100000) * DAY_MS; /* year 2243 */
    struct usage_window window = {.from_ms = 0, .to_ms = far_ms};

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
    window.hour_from = (window.from_ms + USAGE_HOUR_MS - 1) / USAGE_HOUR_MS;
    window.hour_to = window.to_ms / USAGE_HOUR_MS;
    if (window.hour_to < window.hour_from) /* within one hour */
        window.hour_to = window.hour_from;
    return window;
}

/* What a summary is grouped by. */
struct grouping {
    bool day;
    bool model;
    bool key;
};

/* Parameters of ROWS: account, from, to, first whole hour, hour after the last, then model and key
 * (null for all). Two ranges of records: [from, hour_from) and [hour_to, to); within one hour the
 * first is all of it. */
#define WANTED " AND (?6 IS NULL OR model = ?6) AND (?7 IS NULL OR key_id = ?7)"
#define RECORD_ROWS                                                                                \
    " UNION ALL"                                                                                   \
    " SELECT created_ms / 3600000, model, key_id, 1, error_code <> '', input_tokens,"              \
    "  cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd FROM usage"               \
    "  WHERE account_id = ?1" WANTED
#define ROWS                                                                                       \
    "SELECT hour, model, key_id, requests, errors, input_tokens, cached_input_tokens,"             \
    "  output_tokens, reasoning_tokens, charge_nusd FROM hourly"                                   \
    "  WHERE account_id = ?1 AND hour >= ?4 AND hour < ?5" WANTED RECORD_ROWS                      \
    "  AND created_ms >= ?2 AND created_ms < min(?3, ?4 * 3600000)" RECORD_ROWS                    \
    "  AND created_ms >= max(?2, ?5 * 3600000) AND created_ms < ?3"

/* Adds up the records of the call's account, of one model and key or (null) all. */
static void add_up(const struct store_call *call, struct db *db, const struct usage_window *window,
                   struct store_value model, struct store_value key, const struct grouping *by,
                   int64_t zone_hours, struct groups *groups)
{
    sqlite3_stmt *row =
        db_bind(db, ROWS,
                DB_VALUES(call->args[0], bind_int(window->from_ms), bind_int(window->to_ms),
                          bind_int(window->hour_from), bind_int(window->hour_to), model, key));

    while (!groups->too_many && db_row(db, row))
        groups_add(groups, by->day ? (column_int(row, 0) + zone_hours) / 24 : 0,
                   by->model ? column_text(row, 1) : "", by->key ? column_text(row, 2) : "", row, 3,
                   GROUP_CHARGE + 1);
    db_leave(row);
}

static void render_sums(struct buffer *out, const int64_t *sums)
{
    groups_render_counts(out, sums);
    reply_money(out, "cost", sums[GROUP_CHARGE]);
}

static void render_totals(struct buffer *out, const struct groups *groups)
{
    reply_object(out, "totals");
    render_sums(out, groups->totals);
    reply_object_end(out);
}

void usage_reports_totals(struct store_call *call, struct db *db, const struct usage_window *window,
                          struct store_value model, struct store_value key)
{
    struct groups groups;

    groups_init(&groups, 1);
    add_up(call, db, window, model, key, &(struct grouping){0}, 0, &groups);
    render_totals(&call->result, &groups);
    groups_fini(&groups);
}

void usage_reports_record(struct buffer *out, sqlite3_stmt *row)
{
    reply_object(out, NULL);
    reply_text(out, "id", column_text(row, 0));
    reply_time(out, "created_at", column_int(row, USAGE_CREATED_MS));
    reply_text(out, "model", column_text(row, USAGE_MODEL));
    reply_text_or_null(out, "provider", column_text(row, 3));
    reply_text_or_null(out, "key_id", column_text(row, USAGE_KEY_ID));
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
}

/* ---- summaries ---- */

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

static void render_key(struct buffer *out, struct db *db, const char *key_id)
{
    sqlite3_stmt *row =
        db_bind(db, "SELECT name FROM keys WHERE id = ?1", DB_VALUES(bind_text(key_id)));
    bool known = db_row(db, row);

    reply_text_or_null(out, "key_id", key_id);
    reply_text_or_null(out, "key_name", known ? column_text(row, 0) : "");
    db_leave(row);
}

static void render_group(struct buffer *out, struct db *db, const struct group *group,
                         const struct grouping *by)
{
    reply_object(out, NULL);
    if (by->day)
        reply_day(out, "day", (int32_t)group->day);
    if (by->model)
        reply_text(out, "model", group->first);
    if (by->key)
        render_key(out, db, group->second);
    render_sums(out, group->sums);
    reply_object_end(out);
}

bool usage_reports_too_many_groups(struct store_call *call)
{
    return fault_set(&call->fault, "response_too_large",
                     "these are more than %d lines: ask for a shorter time, or for fewer groups",
                     USAGE_GROUPS_MAX);
}

static void render_groups(struct buffer *out, struct db *db, const struct groups *groups,
                          const struct grouping *by)
{
    struct group **sorted = groups_sorted(groups);

    reply_object(out, NULL);
    reply_array(out, "data");
    for (size_t i = 0; i < groups->table.node_count; i++)
        render_group(out, db, sorted[i], by);
    reply_array_end(out);
    render_totals(out, groups);
    reply_object_end(out);
    free(sorted);
}

/* account_id from_ms? to_ms? by model? key_id? zone_hours */
bool usage_reports_summary(struct store_call *call, struct db *db)
{
    struct usage_window window = usage_reports_window(call, 1, 2);
    struct groups groups;
    struct grouping by;
    bool ok;

    if (!parse_grouping(call, &by))
        return false;
    groups_init(&groups, USAGE_GROUPS_MAX);
    add_up(call, db, &window, call->args[4], call->args[5], &by, operations_int(call, 6), &groups);
    ok = !groups.too_many || usage_reports_too_many_groups(call);
    if (ok)
        render_groups(&call->result, db, &groups, &by);
    groups_fini(&groups);
    return ok && db->failure == 0;
}
