/* Operations on users. */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/books/changes.h"
#include "store/books/posting.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

void users_render_open(struct buffer *out, struct row *row)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "email", column_text(row, 1));
    json_writer_text(out, "name", column_text(row, 2));
    json_writer_text(out, "role", column_text(row, 3));
    json_writer_text(out, "account_id", column_text(row, 4));
    json_writer_text(out, "group", column_text(row, 5));
    json_writer_bool(out, "disabled", column_int(row, 6) != 0);
    json_writer_time(out, "created_at", column_int(row, 7));
    json_writer_time_or_null(out, "email_verified_at", column_int(row, 8));
    json_writer_text(out, "language", column_text(row, 9));
    json_writer_bool(out, "second_factor", column_int(row, 10) != 0);
    json_writer_time_or_null(out, "erased_at", column_int(row, 11));
    json_writer_bool(out, "must_verify", column_int(row, 12) != 0 && column_null(row, 8));
    json_writer_text_or_null(out, "terms_version", column_text(row, 13));
    json_writer_time_or_null(out, "terms_accepted_at", column_int(row, 14));
    json_writer_time_or_null(out, "mail_refused_at", column_int(row, 15));
    json_writer_text_or_null(out, "mail_refused_why", column_text(row, 16));
}

static bool not_found(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such user");
}

bool users_render_one(struct store_call *call, struct db *db, struct row *row)
{
    if (!db_row(db, row))
        return not_found(call);
    users_render_open(&call->result, row);
    json_writer_object_end(&call->result);
    db_leave(row);
    return true;
}

bool users_get(struct store_call *call, struct db *db)
{
    return users_render_one(
        call, db,
        db_bind(db, "SELECT " USER_COLUMNS " FROM users u WHERE u.id = ?1", call->args, 1));
}

/* key_id */
bool users_of_key(struct store_call *call, struct db *db)
{
    return users_render_one(call, db,
                            db_bind(db,
                                    "SELECT " USER_COLUMNS " FROM keys k JOIN users u"
                                    " ON u.id = k.user_id WHERE k.id = ?1",
                                    call->args, 1));
}

bool users_note_new(struct store_call *call, struct db *db, const struct id *user_id,
                    const char *member, const char *value)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    json_writer_text(&detail, "email", operations_text(call, 0));
    json_writer_text_or_null(&detail, member, value);
    noted = audit_log_note(call, db, user_id->text, "", &detail);
    buffer_fini(&detail);
    return noted;
}

bool users_add(struct store_call *call, struct db *db, const struct new_user *user,
               struct id *user_id, struct id *account_id)
{
    int64_t now_ms = clock_wall_ms();
    const struct store_value verified = user->is_verified ? bind_int(now_ms) : bind_null();
    id_make(user_id, "user");
    id_make(account_id, "acct");
    if (!posting_account(db, account_id->text, true, now_ms))
        return false;
    if (!db_run(db,
                "INSERT INTO users (id, email, name, password_hash, role, account_id, created_ms,"
                " \"group\", must_verify, email_verified_ms)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                DB_VALUES(bind_text(user_id->text), bind_text(user->email), bind_text(user->name),
                          bind_text(user->password_hash), bind_text(user->role),
                          bind_text(account_id->text), bind_int(now_ms), bind_text(user->group),
                          bind_int(user->must_verify), verified))) {
        if (db_is_duplicate(db))
            fault_set(&call->fault, "email_taken",
                      "there is already a user with this e-mail address");
        return false;
    }
    return changes_note(db, CHANGE_ACCOUNT, account_id->text);
}

bool users_check_names(struct store_call *call, size_t email_at, size_t name_at)
{
    if (!operations_text(call, email_at)[0])
        return fault_set(&call->fault, "invalid_email", "the e-mail address is empty");
    return operations_fits(call, email_at, LIMIT_EMAIL_BYTES, "email") &&
           operations_fits(call, name_at, LIMIT_NAME_BYTES, "name");
}

bool users_reply(struct store_call *call, struct db *db, const struct id *user_id)
{
    buffer_reset(&call->result);
    return users_render_one(call, db,
                            db_bind(db, "SELECT " USER_COLUMNS " FROM users u WHERE u.id = ?1",
                                    DB_VALUES(bind_text(user_id->text))));
}

bool users_create(struct store_call *call, struct db *db)
{
    const char *role = operations_text(call, 3);
    const struct new_user user = {.email = operations_text(call, 0),
                                  .name = operations_text(call, 1),
                                  .password_hash = operations_text(call, 2),
                                  .role = role,
                                  .group = ""};
    struct id user_id, account_id;
    if (!users_check_names(call, 0, 1) ||
        !operations_fits(call, 2, PASSWORD_HASH_BYTES, "password_hash"))
        return false;
    if (!operations_is_role(call, 3))
        return false;
    return users_add(call, db, &user, &user_id, &account_id) &&
           users_note_new(call, db, &user_id, "role", role) && users_reply(call, db, &user_id);
}

/* email device_digest? session_digest? */
bool users_credentials(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row =
        db_bind(db,
                "SELECT id, password_hash, disabled, unlocked_ms,"
                " EXISTS (SELECT 1 FROM devices d WHERE d.digest = ?2 AND d.user_id = u.id"
                "  AND d.expires_ms > ?4) OR"
                " EXISTS (SELECT 1 FROM sessions s WHERE s.digest = ?3 AND s.user_id = u.id"
                "  AND s.expires_ms > ?4) FROM users u WHERE email = ?1",
                DB_VALUES(call->args[0], call->args[1], call->args[2], bind_int(clock_wall_ms())));
    if (!db_row(db, row))
        return not_found(call);
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "password_hash", column_text(row, 1));
    json_writer_bool(out, "disabled", column_int(row, 2) != 0);
    json_writer_int(out, "unlocked_ms", column_int(row, 3));
    json_writer_bool(out, "known_device", column_int(row, 4) != 0);
    json_writer_object_end(out);
    db_leave(row);
    return true;
}
