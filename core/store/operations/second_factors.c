/* Operations on second factors, and on sign-ins that wait for one. The secrets are sealed: who
 * calls has compared a code with them, and hands down its step, or the digest of a recovery code.
 * What is used up here works once, whoever else tries it at the same time. */
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

enum { TRIES_MAX = 5, DIGEST_CHARS = DIGEST_HEX_BYTES - 1, PENDING_PER_USER = 20 };

#define CONFIRMED "confirmed_ms IS NOT NULL"

static bool done(struct store_call *call)
{
    return buffer_append_text(&call->result, "{}");
}

static bool no_factor(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such second factor");
}

/* user_id -> {enabled_at, recovery_codes, sealed} */
bool second_factors_get(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row =
        db_bind(db,
                "SELECT f.sealed, f.confirmed_ms, (SELECT count(*) FROM recovery_codes r"
                " WHERE r.user_id = f.user_id) FROM second_factors f WHERE f.user_id = ?1",
                call->args, 1);
    if (!db_row(db, row))
        return no_factor(call);
    json_writer_object(out, NULL);
    json_writer_text(out, "sealed", column_text(row, 0));
    json_writer_time_or_null(out, "enabled_at", column_int(row, 1));
    json_writer_int(out, "recovery_codes", column_int(row, 2));
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

/* user_id sealed. Replaces one that was not confirmed. */
bool second_factors_begin(struct store_call *call, struct db *db)
{
    if (!operations_fits(call, 1, LIMIT_SEALED_BYTES - 1, "the sealed secret") ||
        !db_run(db,
                "INSERT INTO second_factors (user_id, sealed, created_ms)"
                " SELECT id, ?2, ?3 FROM users WHERE id = ?1"
                " ON CONFLICT (user_id) DO UPDATE SET sealed = ?2, created_ms = ?3"
                " WHERE confirmed_ms IS NULL",
                DB_VALUES(call->args[0], call->args[1], bind_int(clock_wall_ms()))))
        return false;
    if (db_changes(db) != 1)
        return fault_set(&call->fault, "second_factor_on", "there is a second factor already");
    return done(call);
}

/* Argument `at`: digests, each with a newline behind it. They replace those before. */
static bool set_recovery_codes(struct store_call *call, struct db *db, size_t at)
{
    const char *line = operations_text(call, at);
    if (!db_run(db, "DELETE FROM recovery_codes WHERE user_id = ?1", call->args, 1))
        return false;
    for (; strlen(line) > DIGEST_CHARS; line += DIGEST_CHARS + 1) {
        struct store_value digest = bind_text(line);
        digest.text.bytes = DIGEST_CHARS;
        if (!db_run(db, "INSERT INTO recovery_codes (user_id, digest) VALUES (?1, ?2)",
                    DB_VALUES(call->args[0], digest)))
            return false;
    }
    return true;
}

/* Uses up the code: a step, or the digest of a recovery code. */
static bool use_code(struct store_call *call, struct db *db, struct store_value user_id,
                     struct store_value step, struct store_value recovery)
{
    const struct store_value by_step[] = {user_id, step};
    const struct store_value by_digest[] = {user_id, recovery};
    bool ran = step.type != STORE_NULL
                   ? db_run(db,
                            "UPDATE second_factors SET last_step = ?2 WHERE user_id = ?1"
                            " AND last_step < ?2 AND " CONFIRMED,
                            by_step, 2)
                   : db_run(db, "DELETE FROM recovery_codes WHERE user_id = ?1 AND digest = ?2",
                            by_digest, 2);
    if (ran && db_changes(db) != 1)
        return fault_set(&call->fault, "wrong_code", "this code is wrong, or was used before");
    return ran;
}

/* user_id step digests session_digest. All other sessions end: they began without it. */
bool second_factors_confirm(struct store_call *call, struct db *db)
{
    const struct store_value others[] = {call->args[0], call->args[3]};
    if (!db_run(db,
                "UPDATE second_factors SET confirmed_ms = ?3, last_step = ?2 WHERE user_id = ?1"
                " AND confirmed_ms IS NULL",
                DB_VALUES(call->args[0], call->args[1], bind_int(clock_wall_ms()))))
        return false;
    if (db_changes(db) != 1)
        return no_factor(call);
    return set_recovery_codes(call, db, 2) &&
           db_run(db, "DELETE FROM sessions WHERE user_id = ?1 AND digest <> ?2", others, 2) &&
           done(call);
}

/* user_id step? recovery_digest? digests */
bool second_factors_renew(struct store_call *call, struct db *db)
{
    return use_code(call, db, call->args[0], call->args[1], call->args[2]) &&
           set_recovery_codes(call, db, 3) && done(call);
}

static bool take_away(struct store_call *call, struct db *db)
{
    return db_run(db, "DELETE FROM second_factors WHERE user_id = ?1", call->args, 1) &&
           db_run(db, "DELETE FROM recovery_codes WHERE user_id = ?1", call->args, 1) &&
           db_run(db, "DELETE FROM pending_signins WHERE user_id = ?1", call->args, 1);
}

/* user_id step? recovery_digest? */
bool second_factors_use(struct store_call *call, struct db *db)
{
    return use_code(call, db, call->args[0], call->args[1], call->args[2]) && done(call);
}

/* user_id step? recovery_digest?: the user acts */
bool second_factors_off(struct store_call *call, struct db *db)
{
    return use_code(call, db, call->args[0], call->args[1], call->args[2]) && take_away(call, db) &&
           done(call);
}

/* user_id: the operator acts */
bool second_factors_remove(struct store_call *call, struct db *db)
{
    struct buffer detail;
    if (db_number(db, "SELECT count(*) FROM second_factors WHERE user_id = ?1 AND " CONFIRMED,
                  call->args, 1, 0) == 0)
        return no_factor(call);
    buffer_init(&detail, 1024);
    json_writer_object(&detail, NULL);
    bool noted = audit_log_note(call, db, operations_text(call, 0), "", &detail);
    buffer_fini(&detail);
    return noted && take_away(call, db) && done(call);
}

/* ---- sign-ins ---- */

/* token_digest user_id password_hash expires_ms. Takes away the user's oldest ones, so that nobody
 * who knows a password fills the table. */
bool second_factors_await(struct store_call *call, struct db *db)
{
    if (call->args[0].text.bytes != DIGEST_CHARS)
        return fault_set(&call->fault, "invalid_value", "a token's digest has 64 hex digits");
    if (!db_run(db, "DELETE FROM pending_signins WHERE expires_ms <= ?1",
                DB_VALUES(bind_int(clock_wall_ms()))) ||
        !db_run(db,
                "DELETE FROM pending_signins WHERE user_id = ?1 AND digest NOT IN"
                " (SELECT digest FROM pending_signins WHERE user_id = ?1"
                "  ORDER BY expires_ms DESC LIMIT ?2)",
                DB_VALUES(call->args[1], bind_int(PENDING_PER_USER - 1))) ||
        !db_run(db,
                "INSERT INTO pending_signins (digest, user_id, password_hash, expires_ms)"
                " SELECT ?1, id, ?3, ?4 FROM users WHERE id = ?2 AND disabled = 0"
                " AND password_hash = ?3",
                call->args, 4))
        return false;
    if (db_changes(db) != 1)
        return fault_set(&call->fault, "not_found", "there is no such user");
    return done(call);
}

#define PENDING                                                                                    \
    " FROM pending_signins p JOIN users u ON u.id = p.user_id AND u.disabled = 0"                  \
    " AND u.password_hash = p.password_hash JOIN second_factors f ON f.user_id = u.id"             \
    " AND f." CONFIRMED " WHERE p.digest = ?1 AND p.expires_ms > ?2 AND p.tries <= ?3"

static struct row *find_pending(struct store_call *call, struct db *db)
{
    return db_bind(db, "SELECT u.id, u.email, u.unlocked_ms, f.sealed, u.password_hash" PENDING,
                   DB_VALUES(call->args[0], bind_int(clock_wall_ms()), bind_int(TRIES_MAX)));
}

static bool no_pending(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such sign-in");
}

/* token_digest -> {user_id, email, unlocked_ms, sealed, password_hash}. Counts a try before the
 * code is compared. */
bool second_factors_try(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    if (!db_run(db, "UPDATE pending_signins SET tries = tries + 1 WHERE digest = ?1", call->args,
                1))
        return false;
    struct row *row = find_pending(call, db);
    if (!db_row(db, row))
        return no_pending(call);
    json_writer_object(out, NULL);
    json_writer_text(out, "user_id", column_text(row, 0));
    json_writer_text(out, "email", column_text(row, 1));
    json_writer_int(out, "unlocked_ms", column_int(row, 2));
    json_writer_text(out, "sealed", column_text(row, 3));
    json_writer_text(out, "password_hash", column_text(row, 4));
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

/* token_digest session_digest expires_ms address agent step? recovery_digest? -> user. The code
 * and the token are used up, and the session begins. */
bool second_factors_enter(struct store_call *call, struct db *db)
{
    struct id user_id = {{0}};
    struct row *row = find_pending(call, db);
    if (!db_row(db, row))
        return no_pending(call);
    id_parse(slice_of(column_text(row, 0)), "user", &user_id);
    db_leave(row);
    return use_code(call, db, bind_text(user_id.text), call->args[5], call->args[6]) &&
           db_run(db, "DELETE FROM pending_signins WHERE digest = ?1", call->args, 1) &&
           db_run(db,
                  "INSERT INTO sessions (digest, user_id, created_ms, expires_ms, address, agent)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                  DB_VALUES(call->args[1], bind_text(user_id.text), bind_int(clock_wall_ms()),
                            call->args[2], call->args[3], call->args[4])) &&
           users_reply(call, db, &user_id);
}
