/* The operation on browsers that have signed in before. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/operations/operations.h"

/* token_digest_hex user_id expires_ms password_hash?. Replaces the oldest one if there are too
 * many. If the password has changed meanwhile, the browser is not stored. */
bool devices_create(struct store_call *call, struct db *db)
{
    int64_t now_ms = clock_wall_ms();
    if (call->args[0].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a device's digest has 64 hex digits");
    return db_run(db,
                  "DELETE FROM devices WHERE user_id = ?1 AND (expires_ms <= ?2 OR digest NOT IN"
                  " (SELECT digest FROM devices WHERE user_id = ?1 ORDER BY created_ms DESC"
                  " LIMIT ?3))",
                  DB_VALUES(call->args[1], bind_int(now_ms), bind_int(LIMIT_DEVICES - 1))) &&
           db_run(db,
                  "INSERT INTO devices (digest, user_id, created_ms, expires_ms)"
                  " SELECT ?1, id, ?3, ?4 FROM users WHERE id = ?2"
                  " AND password_hash = coalesce(?5, password_hash)",
                  DB_VALUES(call->args[0], call->args[1], bind_int(now_ms), call->args[2],
                            call->args[3])) &&
           buffer_append_text(&call->result, "{}");
}
