/* The audit log as operators read it: by who, what, on whom and when, in pages or as a file. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/json_writer.h"
#include "store/operations/operations.h"
#include "store/questions/usage_reports.h"

#define CLI "cli"

/* Columns: seq, created_ms, actor, its e-mail, address, action, user_id, its e-mail, target_id,
 * detail. */
static void render(struct buffer *out, struct row *row)
{
    bool cli = strcmp(column_text(row, 2), CLI) == 0;
    bool own = strcmp(column_text(row, 2), column_text(row, 6)) == 0 &&
               strncmp(column_text(row, 5), "key.", 4) == 0; /* what customers do themselves */
    json_writer_object(out, NULL);
    json_writer_int(out, "id", column_int(row, 0));
    json_writer_time(out, "at", column_int(row, 1));
    json_writer_object(out, "actor");
    json_writer_text(out, "kind", cli ? "cli" : own ? "user" : "admin");
    json_writer_text_or_null(out, "id", cli ? "" : column_text(row, 2));
    json_writer_text_or_null(out, "email", column_text(row, 3));
    json_writer_object_end(out);
    json_writer_text_or_null(out, "address", column_text(row, 4));
    json_writer_text(out, "action", column_text(row, 5));
    json_writer_object(out, "target");
    json_writer_text_or_null(out, "user_id", column_text(row, 6));
    json_writer_text_or_null(out, "email", column_text(row, 7));
    json_writer_text_or_null(out, "id", column_text(row, 8));
    json_writer_object_end(out);
    json_writer_json(out, "detail", column_text(row, 9));
    json_writer_object_end(out);
}

/* ?1: before; ?2: how many; then the filter, null for all: ?3 on whom (id or e-mail), ?4 who (id,
 * e-mail or "cli"), ?5 what, ?6 from, ?7 to. */
#define ENTRIES                                                                                    \
    "SELECT a.seq, a.created_ms, a.actor, w.email, a.address, a.action, a.user_id, o.email,"       \
    " a.target_id, a.detail FROM audit a LEFT JOIN users w ON w.id = a.actor"                      \
    " LEFT JOIN users o ON o.id = a.user_id WHERE a.seq < ?1"                                      \
    " AND (?4 IS NULL OR a.actor = ?4 OR w.email = ?4) AND (?5 IS NULL OR a.action = ?5)"          \
    " AND a.created_ms >= ?6 AND a.created_ms < ?7"
#define ON_ONE " AND a.user_id = coalesce((SELECT id FROM users WHERE email = ?3), ?3)"
#define NEWEST " ORDER BY a.seq DESC LIMIT ?2"
enum { AT_USER = 0, AT_ACTOR, AT_ACTION, AT_FROM, AT_TO, AT_ZONE, AT_CURSOR, AT_LIMIT };
enum { CSV_ROWS = 1000 };

/* The entries of the call's filter. NULL: call->fault is set. */
static struct row *find_entries(struct store_call *call, struct db *db, const struct zone *zone,
                                int64_t limit)
{
    struct usage_window window;
    int64_t before = INT64_MAX;
    if (!operations_cursor(call, AT_CURSOR, &before, NULL) ||
        !usage_reports_window(call, AT_FROM, AT_TO, zone, &window))
        return NULL;
    return db_bind(db, operations_null(call, AT_USER) ? ENTRIES NEWEST : ENTRIES ON_ONE NEWEST,
                   DB_VALUES(bind_int(before), bind_int(limit + 1), call->args[AT_USER],
                             call->args[AT_ACTOR], call->args[AT_ACTION], bind_int(window.from_ms),
                             bind_int(window.to_ms)));
}

static bool list(struct store_call *call, struct db *db, const struct zone *zone)
{
    int64_t limit;
    struct row *row;
    if (!operations_limit(call, AT_LIMIT, &limit))
        return false;
    row = find_entries(call, db, zone, limit);
    return row != NULL && operations_reply_page(call, db, row, limit, 0, render);
}

/* user? actor? action? from? to? zone? cursor? limit. Newest first. */
bool audit_log_list(struct store_call *call, struct db *db)
{
    struct zone zone;
    bool ok;
    if (!usage_reports_zone(call, AT_ZONE, &zone))
        return false;
    ok = list(call, db, &zone);
    zone_fini(&zone);
    return ok;
}

static void render_csv(struct buffer *out, struct row *row, const struct zone *zone)
{
    int64_t created_ms = column_int(row, 1);
    char local[ZONE_LOCAL_TEXT_BYTES];
    char time[CLOCK_TEXT_BYTES];
    buffer_append_int(out, column_int(row, 0));
    buffer_printf(out, ",%s,%s", clock_format(created_ms, time),
                  zone_format(zone, created_ms, local));
    for (int column = 2; column <= 9; column++) {
        buffer_append_char(out, ',');
        csv_text(out, column_text(row, column));
    }
    buffer_append_text(out, "\r\n");
}

static bool list_csv(struct store_call *call, struct db *db, const struct zone *zone)
{
    struct buffer *out = &call->result;
    struct row *row = find_entries(call, db, zone, CSV_ROWS);
    int64_t last = 0, count = 0;
    bool more = false;
    if (row == NULL)
        return false;
    while (db_row(db, row)) {
        more = ++count > CSV_ROWS;
        if (more)
            break;
        render_csv(out, row, zone);
        last = column_int(row, 0);
    }
    db_leave(row);
    if (more)
        buffer_printf(out, "%" PRIx64, (uint64_t)last);
    buffer_append_char(out, '\n');
    return db->failure == 0;
}

/* The same without a limit -> rows of CSV, and a line with the cursor of the next page. */
bool audit_log_csv(struct store_call *call, struct db *db)
{
    struct zone zone;
    bool ok;
    if (!usage_reports_zone(call, AT_ZONE, &zone))
        return false;
    ok = list_csv(call, db, &zone);
    zone_fini(&zone);
    return ok;
}
