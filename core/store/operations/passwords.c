/* Operations that set a password, and the links with which users set their own. */
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/secret.h"
#include "store/operations/audit_log.h"
#include "store/operations/first_credits.h"
#include "store/operations/operations.h"

static bool note(struct store_call *call, struct db *db, const char *user_id)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 1024);
    json_writer_object(&detail, NULL);
    noted = audit_log_note(call, db, user_id, "", &detail);
    buffer_fini(&detail);
    return noted;
}

static bool not_found(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such user");
}

/* What stays signed in when a password is set; null: nothing. */
struct kept {
    struct store_value session;
    struct store_value device;
};

/* Sets the password and ends what the old one has opened. `old` is the hash that must be in force,
 * or null. */
static bool set(struct store_call *call, struct db *db, struct store_value user_id,
                const struct kept *kept, struct store_value old)
{
    const struct store_value sessions[] = {user_id, kept->session};
    const struct store_value devices[] = {user_id, kept->device};
    if (call->args[1].text.bytes >= PASSWORD_HASH_BYTES)
        return fault_set(&call->fault, "invalid_value", "this is no hash of a password");
    if (!db_run(db,
                "UPDATE users SET password_hash = ?2, unlocked_ms = ?3 WHERE id = ?1"
                " AND password_hash = coalesce(?4, password_hash)",
                DB_VALUES(user_id, call->args[1], bind_int(clock_wall_ms()), old)))
        return false;
    if (db_changes(db) != 1)
        return not_found(call);
    return db_run(db, "DELETE FROM sessions WHERE user_id = ?1 AND digest IS NOT ?2", sessions,
                  2) &&
           db_run(db, "DELETE FROM devices WHERE user_id = ?1 AND digest IS NOT ?2", devices, 2) &&
           db_run(db, "DELETE FROM password_links WHERE user_id = ?1", &user_id, 1);
}

/* user_id password_hash session_digest? device_digest? old_hash? */
bool passwords_set(struct store_call *call, struct db *db)
{
    const struct kept kept = {call->args[2], call->args[3]};
    return set(call, db, call->args[0], &kept, call->args[4]) &&
           note(call, db, operations_text(call, 0)) && buffer_append_text(&call->result, "{}");
}

/* user_id token_digest_hex expires_ms. Replaces an older link. */
bool passwords_link(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    if (call->args[1].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a link's digest has 64 hex digits");
    if (!db_run(db,
                "INSERT OR REPLACE INTO password_links (user_id, digest, created_ms, expires_ms)"
                " SELECT id, ?2, ?3, ?4 FROM users WHERE id = ?1",
                DB_VALUES(call->args[0], call->args[1], bind_int(clock_wall_ms()), call->args[2])))
        return false;
    if (db_changes(db) != 1)
        return not_found(call);
    json_writer_object(out, NULL);
    json_writer_time(out, "expires_at", operations_int(call, 2));
    json_writer_object_end(out);
    return note(call, db, operations_text(call, 0));
}

/* Whoever has signed up has typed an address; only mail shows whose it is. So a mailed link to one
 * that was never verified hands the account over: it may be a stranger's. Operators, and those whom
 * they have made an account for, are known otherwise. */
#define LINKED                                                                                     \
    "SELECT u.id, u.email, l.expires_ms, l.mailed AND u.email_verified_ms IS NULL"                 \
    " AND u.role = 'user' AND EXISTS (SELECT 1 FROM sign_ups s WHERE s.user_id = u.id)"            \
    " FROM password_links l JOIN users u ON u.id = l.user_id"                                      \
    " WHERE l.digest = ?1 AND l.expires_ms > ?2"

/* token_digest_hex -> {email, expires_at, takes_over} */
bool passwords_find_link(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row = db_bind(db, LINKED, DB_VALUES(call->args[0], bind_int(clock_wall_ms())));
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such link");
    json_writer_object(out, NULL);
    json_writer_text(out, "email", column_text(row, 1));
    json_writer_time(out, "expires_at", column_int(row, 2));
    json_writer_bool(out, "takes_over", column_int(row, 3) != 0);
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

/* What would keep the owner out, tell a stranger of the account, or charge a stranger's card. What
 * a stranger has paid in stays. */
static bool take_over(struct db *db, const struct id *user_id)
{
    static const char *const statements[] = {
        "DELETE FROM second_factors WHERE user_id = ?1",
        "DELETE FROM recovery_codes WHERE user_id = ?1",
        "DELETE FROM pending_signins WHERE user_id = ?1",
        "DELETE FROM customer_webhooks WHERE user_id = ?1",
        "DELETE FROM automatic_top_ups WHERE user_id = ?1",
        "DELETE FROM payment_customers WHERE user_id = ?1",
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (!db_run(db, statements[i], DB_VALUES(bind_text(user_id->text))))
            return false;
    }
    return true;
}

/* Whoever has a link that was mailed reads the mailbox of that address. */
static bool verify_address(struct store_call *call, struct db *db)
{
    return db_run(db,
                  "UPDATE users SET email_verified_ms = coalesce(email_verified_ms, ?2),"
                  " " NOTICES_RESTORED " WHERE id ="
                  " (SELECT user_id FROM password_links WHERE digest = ?1 AND mailed = 1)",
                  DB_VALUES(call->args[0], bind_int(clock_wall_ms())));
}

/* token_digest_hex password_hash credit_nusd? credits_max_nusd? disable_keys?. The link is used up.
 * By default keys go on, but not those of an account that is handed over. */
bool passwords_redeem(struct store_call *call, struct db *db)
{
    const struct first_credit_terms terms = {call->args[2], call->args[3]};
    const struct kept nothing = {bind_null(), bind_null()};
    struct id user_id;
    struct row *row = db_bind(db, LINKED, DB_VALUES(call->args[0], bind_int(clock_wall_ms())));
    if (!db_row(db, row) || !id_parse(slice_of(column_text(row, 0)), "user", &user_id))
        return fault_set(&call->fault, "not_found", "there is no such link");
    bool takes_over = column_int(row, 3) != 0;
    db_leave(row);
    bool disables = operations_null(call, 4) ? takes_over : operations_int(call, 4) != 0;
    return verify_address(call, db) && (!takes_over || take_over(db, &user_id)) &&
           (!disables || keys_turn_off(db, &user_id)) &&
           set(call, db, bind_text(user_id.text), &nothing, bind_null()) &&
           first_credits_give(call, db, &user_id, &terms) && users_reply(call, db, &user_id);
}

/* user_id. Wrong passwords before now no longer count. */
bool passwords_unlock(struct store_call *call, struct db *db)
{
    if (!db_run(db, "UPDATE users SET unlocked_ms = ?2 WHERE id = ?1",
                DB_VALUES(call->args[0], bind_int(clock_wall_ms()))))
        return false;
    if (db_changes(db) != 1)
        return not_found(call);
    return note(call, db, operations_text(call, 0)) && users_get(call, db);
}
