/* The operations on users. */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/changes.h"
#include "store/operations.h"
#include "store/posting.h"
#include "store/reply.h"

static void render(struct buffer *out, sqlite3_stmt *row)
{
    reply_object(out, NULL);
    reply_text(out, "id", column_text(row, 0));
    reply_text(out, "email", column_text(row, 1));
    reply_text(out, "name", column_text(row, 2));
    reply_text(out, "role", column_text(row, 3));
    reply_text(out, "account_id", column_text(row, 4));
    reply_text(out, "group", column_text(row, 5));
    reply_bool(out, "disabled", column_int(row, 6) != 0);
    reply_time(out, "created_at", column_int(row, 7));
    reply_object_end(out);
}

static bool not_found(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such user");
}

bool users_render_one(struct store_call *call, struct db *db, sqlite3_stmt *row)
{
    if (!db_row(db, row))
        return not_found(call);
    render(&call->result, row);
    db_leave(row);
    return true;
}

bool users_get(struct store_call *call, struct db *db)
{
    return users_render_one(
        call, db,
        db_bind(db, "SELECT " USER_COLUMNS " FROM users u WHERE u.id = ?1", call->args, 1));
}

bool users_create(struct store_call *call, struct db *db)
{
    const char *role = operations_text(call, 3);
    int64_t now_ms = clock_wall_ms();
    struct id user_id, account_id;

    if (!operations_fits(call, 0, LIMIT_EMAIL_BYTES, "email") ||
        !operations_fits(call, 1, LIMIT_NAME_BYTES, "name") ||
        !operations_fits(call, 2, PASSWORD_HASH_BYTES, "password_hash"))
        return false;
    if (!operations_text(call, 0)[0])
        return fault_set(&call->fault, "invalid_email", "the e-mail address is empty");
    if (strcmp(role, "user") != 0 && strcmp(role, "admin") != 0)
        return fault_set(&call->fault, "invalid_value", "role must be user or admin");
    id_make(&user_id, "user");
    id_make(&account_id, "acct");
    if (!posting_account(db, account_id.text, true, now_ms))
        return false;
    if (!db_run(db,
                "INSERT INTO users (id, email, name, password_hash, role, account_id, created_ms)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                DB_VALUES(bind_text(user_id.text), call->args[0],
                          bind_text(operations_text(call, 1)), call->args[2], call->args[3],
                          bind_text(account_id.text), bind_int(now_ms)))) {
        if (db->constraint == SQLITE_CONSTRAINT_UNIQUE)
            fault_set(&call->fault, "email_taken",
                      "there is already a user with this e-mail address");
        return false;
    }
    if (!changes_note(db, CHANGE_ACCOUNT, account_id.text))
        return false;
    return users_render_one(call, db,
                            db_bind(db, "SELECT " USER_COLUMNS " FROM users u WHERE u.id = ?1",
                                    DB_VALUES(bind_text(user_id.text))));
}

bool users_credentials(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    sqlite3_stmt *row = db_bind(
        db, "SELECT id, password_hash, disabled FROM users WHERE email = ?1", call->args, 1);

    if (!db_row(db, row))
        return not_found(call);
    reply_object(out, NULL);
    reply_text(out, "id", column_text(row, 0));
    reply_text(out, "password_hash", column_text(row, 1));
    reply_bool(out, "disabled", column_int(row, 2) != 0);
    reply_object_end(out);
    db_leave(row);
    return true;
}

/* Newest first; the cursor is the id of the last one, as ids sort by time. */
bool users_list(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct id last = {{0}};
    int64_t limit, count = 0;
    bool more = false;
    sqlite3_stmt *row;

    if (!operations_limit(call, 2, &limit))
        return false;
    if (!operations_null(call, 1) && !id_parse(call->args[1].text, "user", NULL))
        return fault_set(&call->fault, "invalid_value", "cursor is not one of ours");
    row = db_bind(db,
                  "SELECT " USER_COLUMNS " FROM users u WHERE (?2 IS NULL OR u.id < ?2) AND (?1 IS"
                  " NULL OR instr(lower(u.email), lower(?1)) OR instr(lower(u.name), lower(?1)))"
                  " ORDER BY u.id DESC LIMIT ?3",
                  DB_VALUES(call->args[0], call->args[1], bind_int(limit + 1)));
    reply_object(out, NULL);
    reply_array(out, "data");
    while (db_row(db, row)) {
        more = ++count > limit;
        if (more)
            break;
        render(out, row);
        id_parse(slice_of(column_text(row, 0)), "user", &last);
    }
    db_leave(row);
    reply_array_end(out);
    reply_text_or_null(out, "next_cursor", more ? last.text : "");
    reply_object_end(out);
    return db->failure == 0;
}
