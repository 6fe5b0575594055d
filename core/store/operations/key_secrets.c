/* Operations on the secrets of API keys: a key gets a new one, and the old one works on for a
 * while. */
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/books/changes.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

/* So memory and lists stay small: see OLD_SECRET_TOLD_MS. */
enum { ROTATIONS_MAX = 64 };
#define ROTATIONS_PERIOD_MS INT64_C(2592000000) /* 30 days */
#define GRACE_MS_MAX INT64_C(604800000)         /* 7 days */

/* Columns: prefix, last4, replaced_ms, until_ms, ended_ms. Without its closing brace. */
static void render_open(struct buffer *out, struct row *row)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "prefix", column_text(row, 0));
    json_writer_text(out, "last4", column_text(row, 1));
    json_writer_time(out, "replaced_at", column_int(row, 2));
    json_writer_time(out, "works_until", column_int(row, 3));
}

void key_secrets_render(struct buffer *out, struct db *db, const char *key_id)
{
    struct row *row = db_bind(db,
                              "SELECT prefix, last4, replaced_ms, until_ms FROM old_secrets"
                              " WHERE key_id = ?1 AND until_ms > ?2 ORDER BY replaced_ms DESC",
                              DB_VALUES(bind_text(key_id), bind_int(clock_wall_ms())));
    json_writer_array(out, "old_secrets");
    while (db_row(db, row)) {
        render_open(out, row);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
}

static bool owns(struct store_call *call, struct db *db)
{
    return db_number(db,
                     "SELECT count(*) FROM keys WHERE id = ?2 AND user_id = ?1"
                     " AND deleted_ms IS NULL",
                     call->args, 2, 0) == 1 ||
           fault_set(&call->fault, "not_found", "there is no such key");
}

static bool check_rotation(struct store_call *call, struct db *db, int64_t now_ms)
{
    int64_t grace_ms = operations_int(call, 5);
    if (operations_int(call, 5) < 0 || grace_ms > GRACE_MS_MAX)
        return fault_set(&call->fault, "invalid_value", "the grace time is at most 7 days");
    if (call->args[2].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a key's digest has 64 hex digits");
    if (!operations_fits(call, 3, LIMIT_NAME_BYTES, "prefix") ||
        !operations_fits(call, 4, 4, "last4"))
        return false;
    if (db_number(db, "SELECT count(*) FROM old_secrets WHERE key_id = ?1 AND replaced_ms > ?2",
                  DB_VALUES(call->args[1], bind_int(now_ms - ROTATIONS_PERIOD_MS)),
                  0) >= ROTATIONS_MAX)
        return fault_set(&call->fault, "too_many_replacements",
                         "a key can be replaced %d times in 30 days; create a new one",
                         ROTATIONS_MAX);
    return true;
}

/* `replaced`: the end of the secret that no longer is the present one, and when it stops. */
static bool note(struct store_call *call, struct db *db, const char *replaced, int64_t until_ms)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    if (replaced[0] != '\0') {
        json_writer_text(&detail, "replaced", replaced);
        json_writer_time(&detail, "works_until", until_ms);
    }
    noted = audit_log_note(call, db, operations_text(call, 0), operations_text(call, 1), &detail);
    buffer_fini(&detail);
    return noted;
}

/* The end of the present secret, which must be the one that the caller means. */
static bool read_replaced(struct store_call *call, struct db *db, char out[5])
{
    struct row *row = db_bind(db, "SELECT last4 FROM keys WHERE id = ?1", call->args + 1, 1);
    out[0] = '\0';
    if (db_row(db, row)) {
        strncat(out, column_text(row, 0), 4);
        db_leave(row);
    }
    if (!operations_null(call, 6) && strcmp(operations_text(call, 6), out) != 0)
        return fault_set(&call->fault, "replaced_meanwhile", "this key has been replaced by now");
    return db->failure == 0;
}

/* user_id key_id digest prefix last4 grace_ms replaced?. A secret without grace counts as ended:
 * running streams end with it. */
bool key_secrets_rotate(struct store_call *call, struct db *db)
{
    int64_t now_ms = clock_wall_ms();
    int64_t grace_ms = operations_int(call, 5);
    const char *key_id = operations_text(call, 1);
    char last4[5];
    return owns(call, db) && check_rotation(call, db, now_ms) && read_replaced(call, db, last4) &&
           db_run(db,
                  "INSERT INTO old_secrets (digest, key_id, prefix, last4, replaced_ms, until_ms,"
                  " ended_ms) SELECT digest, id, prefix, last4, ?2, ?2 + ?3, iif(?3, NULL, ?2)"
                  " FROM keys WHERE id = ?1",
                  DB_VALUES(call->args[1], bind_int(now_ms), bind_int(grace_ms))) &&
           db_run(db, "UPDATE keys SET digest = ?2, prefix = ?3, last4 = ?4 WHERE id = ?1",
                  DB_VALUES(call->args[1], call->args[2], call->args[3], call->args[4])) &&
           changes_note(db, CHANGE_KEY, key_id) && note(call, db, last4, now_ms + grace_ms) &&
           keys_render_one(call, db, key_id);
}

/* user_id key_id */
bool key_secrets_end(struct store_call *call, struct db *db)
{
    const char *key_id = operations_text(call, 1);
    return owns(call, db) &&
           db_run(db,
                  "UPDATE old_secrets SET until_ms = max(?2, replaced_ms), ended_ms = ?2"
                  " WHERE key_id = ?1 AND until_ms > ?2",
                  DB_VALUES(call->args[1], bind_int(clock_wall_ms()))) &&
           changes_note(db, CHANGE_KEY, key_id) && note(call, db, "", 0) &&
           keys_render_one(call, db, key_id);
}

/* user_id key_id. Newest first. */
bool key_secrets_list(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row;
    if (!owns(call, db))
        return false;
    row = db_bind(db,
                  "SELECT prefix, last4, replaced_ms, until_ms, ended_ms FROM old_secrets"
                  " WHERE key_id = ?1 ORDER BY replaced_ms DESC LIMIT ?2",
                  DB_VALUES(call->args[1], bind_int(ROTATIONS_MAX)));
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    while (db_row(db, row)) {
        render_open(out, row);
        json_writer_time_or_null(out, "ended_at", column_int(row, 4));
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
    json_writer_object_end(out);
    return db->failure == 0;
}
