#include "store/operations/audit_log.h"

#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "store/operations/operations.h"

#define CLI "cli"

/* The action without "_once": "credit.create_once" is "credit.create". */
static struct store_value action_of(const struct operation *operation)
{
    struct store_value action = bind_text(operation->name);
    action.text.bytes = strcspn(operation->name, "_");
    return action;
}

bool audit_log_note(const struct store_call *call, struct db *db, const char *user_id,
                    const char *target_id, struct buffer *detail)
{
    const struct store_actor *actor = &call->actor;
    if (!actor->name[0])
        return true;
    buffer_append_text(detail, "}");
    buffer_append_char(detail, '\0');
    return !detail->failed &&
           db_run(db,
                  "INSERT INTO audit (created_ms, actor, address, action, user_id, target_id,"
                  " detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                  DB_VALUES(bind_int(clock_wall_ms()), bind_text(actor->name),
                            bind_text(actor->address), action_of(call->operation),
                            bind_text(user_id), bind_text(target_id), bind_text(detail->data)));
}

/* Columns: seq, created_ms, actor, its e-mail, address, action, user_id, its e-mail, target_id,
 * detail. */
static void render(struct buffer *out, struct row *row)
{
    bool cli = strcmp(column_text(row, 2), CLI) == 0;
    json_writer_object(out, NULL);
    json_writer_int(out, "id", column_int(row, 0));
    json_writer_time(out, "at", column_int(row, 1));
    json_writer_object(out, "actor");
    json_writer_text(out, "kind", cli ? "cli" : "admin");
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

#define ENTRIES                                                                                    \
    "SELECT a.seq, a.created_ms, a.actor, w.email, a.address, a.action, a.user_id, o.email,"       \
    " a.target_id, a.detail FROM audit a LEFT JOIN users w ON w.id = a.actor"                      \
    " LEFT JOIN users o ON o.id = a.user_id WHERE "

/* user_id? cursor? limit. Newest first. */
bool audit_log_list(struct store_call *call, struct db *db)
{
    int64_t limit, before = INT64_MAX;
    struct row *row;
    if (!operations_limit(call, 2, &limit) || !operations_cursor(call, 1, &before, NULL))
        return false;
    if (operations_null(call, 0))
        row = db_bind(db, ENTRIES "a.seq < ?1 ORDER BY a.seq DESC LIMIT ?2",
                      DB_VALUES(bind_int(before), bind_int(limit + 1)));
    else
        row = db_bind(db, ENTRIES "a.user_id = ?3 AND a.seq < ?1 ORDER BY a.seq DESC LIMIT ?2",
                      DB_VALUES(bind_int(before), bind_int(limit + 1), call->args[0]));
    return operations_reply_page(call, db, row, limit, 0, render);
}

/* revision? refusal?. One of them: the policies now in force, or why the old ones stay. */
bool audit_log_reload(struct store_call *call, struct db *db)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    json_writer_text_or_null(&detail, "revision", operations_text(call, 0));
    json_writer_text_or_null(&detail, "refused", operations_text(call, 1));
    noted = audit_log_note(call, db, "", "", &detail);
    buffer_fini(&detail);
    return noted && buffer_append_text(&call->result, "{}");
}
