/* Operations on sessions of the dashboard. */
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

/* The public id of a session: a part of its digest, which is a keyed hash. */
#define SESSION_ID "'ses_' || substr(digest, 1, 24)"

/* token_digest_hex user_id expires_ms address agent password_hash */
bool sessions_create(struct store_call *call, struct db *db)
{
    int64_t now_ms = clock_wall_ms();
    if (call->args[0].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a session's digest has 64 hex digits");
    /* Each new session deletes some expired ones; no other code does it. */
    if (!db_run(db,
                "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions"
                " WHERE expires_ms <= ?1 LIMIT 100)",
                DB_VALUES(bind_int(now_ms))))
        return false;
    /* A user who was disabled during the sign-in gets no session, which would work again after an
     * enable. A password that was changed during the comparison opens nothing any more. And nobody
     * who has a second factor gets one here: only signin.enter begins it. */
    if (!db_run(db,
                "INSERT INTO sessions (digest, user_id, created_ms, expires_ms, address, agent)"
                " SELECT ?1, id, ?3, ?4, ?5, ?6 FROM users WHERE id = ?2 AND disabled = 0"
                " AND password_hash = ?7 AND NOT EXISTS (SELECT 1 FROM second_factors f"
                " WHERE f.user_id = ?2 AND f.confirmed_ms IS NOT NULL)",
                DB_VALUES(call->args[0], call->args[1], bind_int(now_ms), call->args[2],
                          call->args[3], call->args[4], call->args[5])))
        return false;
    if (db_changes(db) != 1)
        return fault_set(&call->fault, "not_found", "there is no such user");
    return buffer_append_text(&call->result, "{}");
}

bool sessions_user(struct store_call *call, struct db *db)
{
    return users_render_one(call, db,
                            db_bind(db, SESSION_USER(USER_COLUMNS),
                                    DB_VALUES(call->args[0], bind_int(clock_wall_ms()))));
}

bool sessions_delete(struct store_call *call, struct db *db)
{
    return db_run(db, "DELETE FROM sessions WHERE digest = ?1", call->args, 1) &&
           buffer_append_text(&call->result, "{}");
}

/* token_digest_hex: a request has come with it. */
bool sessions_seen(struct store_call *call, struct db *db)
{
    return db_run(db, "UPDATE sessions SET seen_ms = ?2 WHERE digest = ?1",
                  DB_VALUES(call->args[0], bind_int(clock_wall_ms()))) &&
           buffer_append_text(&call->result, "{}");
}

/* user_id token_digest_hex?. Newest first; the digest is that of the caller's session. */
bool sessions_list(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row =
        db_bind(db,
                "SELECT " SESSION_ID ", created_ms, expires_ms, address, agent, digest IS ?2,"
                " max(created_ms, seen_ms)"
                " FROM sessions WHERE user_id = ?1 AND expires_ms > ?3"
                " ORDER BY created_ms DESC, digest LIMIT ?4",
                DB_VALUES(call->args[0], call->args[1], bind_int(clock_wall_ms()),
                          bind_int(LIMIT_PAGE_ROWS)));
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    while (db_row(db, row)) {
        json_writer_object(out, NULL);
        json_writer_text(out, "id", column_text(row, 0));
        json_writer_time(out, "created_at", column_int(row, 1));
        json_writer_time(out, "expires_at", column_int(row, 2));
        json_writer_text_or_null(out, "address", column_text(row, 3));
        json_writer_text_or_null(out, "agent", column_text(row, 4));
        json_writer_bool(out, "current", column_int(row, 5) != 0);
        json_writer_time(out, "seen_at", column_int(row, 6));
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
    json_writer_object_end(out);
    return db->failure == 0;
}

/* user_id session_id */
bool sessions_end(struct store_call *call, struct db *db)
{
    if (!db_run(db, "DELETE FROM sessions WHERE user_id = ?1 AND " SESSION_ID " = ?2", call->args,
                2))
        return false;
    if (db_changes(db) == 0)
        return fault_set(&call->fault, "not_found", "there is no such session");
    return buffer_append_text(&call->result, "{}");
}

/* user_id: the operator acts. */
bool sessions_end_all(struct store_call *call, struct db *db)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 1024);
    json_writer_object(&detail, NULL);
    noted = audit_log_note(call, db, operations_text(call, 0), "", &detail);
    buffer_fini(&detail);
    return noted && db_run(db, "DELETE FROM sessions WHERE user_id = ?1", call->args, 1) &&
           buffer_append_text(&call->result, "{}");
}

/* user_id token_digest_hex: all but that one. */
bool sessions_end_others(struct store_call *call, struct db *db)
{
    return db_run(db, "DELETE FROM sessions WHERE user_id = ?1 AND digest <> ?2", call->args, 2) &&
           buffer_append_text(&call->result, "{}");
}
