/* Operations on what operators note on customers. The audit log says that there was an act, never
 * what a note said: it is kept, and notes can be deleted. */
#include "base/clock.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

#define NOTES                                                                                      \
    "SELECT n.seq, n.id, n.user_id, n.text, n.created_ms, n.edited_ms, n.author_id, a.email"       \
    " FROM customer_notes n JOIN users a ON a.id = n.author_id WHERE "

static void render(struct buffer *out, struct row *row)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 1));
    json_writer_text(out, "user_id", column_text(row, 2));
    json_writer_text(out, "text", column_text(row, 3));
    json_writer_time(out, "created_at", column_int(row, 4));
    json_writer_time_or_null(out, "edited_at", column_int(row, 5));
    json_writer_object(out, "author");
    json_writer_text(out, "id", column_text(row, 6));
    json_writer_text(out, "email", column_text(row, 7));
    json_writer_object_end(out);
    json_writer_object_end(out);
}

/* user_id cursor? limit */
bool customer_notes_list(struct store_call *call, struct db *db)
{
    int64_t limit, before = INT64_MAX;
    if (!operations_limit(call, 2, &limit) || !operations_cursor(call, 1, &before, NULL))
        return false;
    struct row *row =
        db_bind(db, NOTES "n.user_id = ?1 AND n.seq < ?2 ORDER BY n.seq DESC LIMIT ?3",
                DB_VALUES(call->args[0], bind_int(before), bind_int(limit + 1)));
    return operations_reply_page(call, db, row, limit, 0, render);
}

static bool render_one(struct store_call *call, struct db *db, const char *id)
{
    struct row *row = db_bind(db, NOTES "n.id = ?1", DB_VALUES(bind_text(id)));
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such note");
    render(&call->result, row);
    db_leave(row);
    return true;
}

/* note_id */
bool customer_notes_get(struct store_call *call, struct db *db)
{
    return render_one(call, db, operations_text(call, 0));
}

static bool note_act(struct store_call *call, struct db *db, const char *user_id, const char *id)
{
    struct buffer detail;
    buffer_init(&detail, 64);
    json_writer_object(&detail, NULL);
    bool noted = audit_log_note(call, db, user_id, id, &detail);
    buffer_fini(&detail);
    return noted;
}

static bool has_room(struct store_call *call, struct db *db)
{
    return db_number(db, "SELECT count(*) FROM customer_notes WHERE user_id = ?1", call->args, 1,
                     0) < LIMIT_CUSTOMER_NOTES ||
           fault_set(&call->fault, "too_many_notes",
                     "a customer may have at most %d notes; delete one", LIMIT_CUSTOMER_NOTES);
}

/* user_id text: of an operator, who is the author */
bool customer_notes_create(struct store_call *call, struct db *db)
{
    struct id id;
    if (!operations_fits(call, 1, LIMIT_CUSTOMER_NOTE_BYTES, "text"))
        return false;
    if (db_number(db, "SELECT count(*) FROM users WHERE id = ?1", call->args, 1, 0) == 0)
        return fault_set(&call->fault, "not_found", "there is no such user");
    id_make(&id, "note");
    return has_room(call, db) &&
           db_run(db,
                  "INSERT INTO customer_notes (id, user_id, author_id, text, created_ms)"
                  " VALUES (?1, ?2, ?3, ?4, ?5)",
                  DB_VALUES(bind_text(id.text), call->args[0], bind_text(call->actor.name),
                            call->args[1], bind_int(clock_wall_ms()))) &&
           note_act(call, db, operations_text(call, 0), id.text) && render_one(call, db, id.text);
}

/* Finds whose note it is. False: there is no such note. */
static bool find_owner(struct store_call *call, struct db *db, struct id *owner)
{
    struct row *row =
        db_bind(db, "SELECT user_id FROM customer_notes WHERE id = ?1", call->args, 1);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such note");
    slice_copy(slice_of(column_text(row, 0)), owner->text, sizeof owner->text);
    db_leave(row);
    return true;
}

/* note_id text */
bool customer_notes_update(struct store_call *call, struct db *db)
{
    struct id owner;
    return operations_fits(call, 1, LIMIT_CUSTOMER_NOTE_BYTES, "text") &&
           find_owner(call, db, &owner) &&
           db_run(db, "UPDATE customer_notes SET text = ?2, edited_ms = ?3 WHERE id = ?1",
                  DB_VALUES(call->args[0], call->args[1], bind_int(clock_wall_ms()))) &&
           note_act(call, db, owner.text, operations_text(call, 0)) &&
           render_one(call, db, operations_text(call, 0));
}

/* note_id */
bool customer_notes_delete(struct store_call *call, struct db *db)
{
    struct id owner;
    return find_owner(call, db, &owner) &&
           db_run(db, "DELETE FROM customer_notes WHERE id = ?1", call->args, 1) &&
           note_act(call, db, owner.text, operations_text(call, 0)) &&
           buffer_append_text(&call->result, "{}");
}
