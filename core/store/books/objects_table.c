#include "store/books/objects_table.h"

#include "base/clock.h"
#include "base/limits.h"

enum {
    FORGET_ROWS = 256,           /* per transaction */
    FORGET_US = 2 * 1000 * 1000, /* between two looks */
    FORGET_REST_US = 20 * 1000   /* while there are many */
};

const char *objects_table_kind(enum kept_kind kind)
{
    static const char *const kinds[KEPT_KINDS] = {
        [KEPT_RESPONSE] = "response", [KEPT_CONVERSATION] = "conversation", [KEPT_ITEM] = "item"};
    return kinds[kind];
}

/* A conversation is written again with each of its answers: so its time begins anew. */
static bool add(struct db *db, const struct id *account_id, const struct made_objects *objects,
                const struct made_object *object, int64_t now_ms)
{
    bool known = object->tokens != OBJECT_TOKENS_UNKNOWN;
    bool is_item = object->kind == KEPT_ITEM;
    return db_run(
        db,
        "INSERT OR REPLACE INTO provider_objects (account_id, id, kind, provider, response_id,"
        " tokens, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        DB_VALUES(bind_text(account_id->text),
                  (struct store_value){.type = STORE_TEXT, .text = object->id},
                  bind_text(objects_table_kind(object->kind)), bind_text(objects->provider),
                  (struct store_value){.type = STORE_TEXT,
                                       .text = is_item ? objects->response_id : slice_of("")},
                  known ? bind_int(object->tokens) : bind_null(), bind_int(now_ms),
                  bind_int(now_ms + LIMIT_OBJECT_MS)));
}

bool objects_table_add(struct db *db, const struct id *account_id,
                       const struct made_objects *objects, int64_t now_ms)
{
    for (size_t i = 0; i < objects->count; i++) {
        if (!add(db, account_id, objects, &objects->list[i], now_ms))
            return false;
    }
    return true;
}

/* ---- deleting expired rows ---- */

static bool forget(struct db *db, int64_t now_ms, bool *more)
{
    if (!db_run(db, "BEGIN IMMEDIATE", NULL, 0))
        return false;
    bool done = db_run(db,
                       "DELETE FROM provider_objects WHERE (account_id, id) IN"
                       " (SELECT account_id, id FROM provider_objects WHERE expires_ms <= ?1"
                       "  ORDER BY expires_ms LIMIT ?2)",
                       DB_VALUES(bind_int(now_ms), bind_int(FORGET_ROWS)));
    *more = done && db_changes(db) == FORGET_ROWS;
    if (done && db_run(db, "COMMIT", NULL, 0))
        return true;
    db_rollback(db);
    return false;
}

static bool is_any_over(struct db *db, int64_t now_ms)
{
    return db_number(db, "SELECT 1 FROM provider_objects WHERE expires_ms <= ?1 LIMIT 1",
                     DB_VALUES(bind_int(now_ms)), 0) == 1;
}

void objects_table_forget(struct db *db, int64_t *due_us)
{
    int64_t now_us = clock_mono_us();
    int64_t now_ms = clock_wall_ms();
    bool more = false;
    if (now_us < *due_us)
        return;
    db_clear(db);
    bool forgot = is_any_over(db, now_ms) && forget(db, now_ms, &more);
    *due_us = now_us + (forgot && more ? FORGET_REST_US : FORGET_US);
}
