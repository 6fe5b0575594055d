/* The operations on sessions of the dashboard. */
#include "base/clock.h"
#include "base/secret.h"
#include "store/operations.h"

bool sessions_create(struct store_call *call, struct db *db)
{
    int64_t now_ms = clock_wall_ms();

    if (call->args[0].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a session's digest has 64 hex digits");
    /* The old ones go as new ones come: nobody else cleans up. */
    if (!db_run(db,
                "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions"
                " WHERE expires_ms <= ?1 LIMIT 100)",
                DB_VALUES(bind_int(now_ms))))
        return false;
    /* Who was disabled while he signed in has no session that wakes up when he is enabled again. */
    if (!db_run(db,
                "INSERT INTO sessions (digest, user_id, created_ms, expires_ms)"
                " SELECT ?1, id, ?3, ?4 FROM users WHERE id = ?2 AND disabled = 0",
                DB_VALUES(call->args[0], call->args[1], bind_int(now_ms), call->args[2])))
        return false;
    if (sqlite3_changes(db->handle) != 1)
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
