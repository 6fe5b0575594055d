#include "store/books/answers_table.h"

#include "base/check.h"
#include "base/clock.h"

enum {
    FORGET_ROWS = 64, /* per transaction */
    FORGET_BYTES = 2 * 1024 * 1024,
    FORGET_US = 2 * 1000 * 1000, /* between two looks */
    FORGET_REST_US = 20 * 1000   /* while there are many */
};

bool answers_table_keep(struct db *db, const struct kept_answer *answer, int64_t now_ms)
{
    /* An old row with this key has expired, or it would have been answered again. */
    return db_run(db,
                  "INSERT OR REPLACE INTO kept_answers (account_id, key, digest, exchange_id,"
                  " transfer_id, status, content_type, cost_nusd, created_ms, expires_ms, body)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                  DB_VALUES(bind_text(answer->claim->account_id.text),
                            bind_text(answer->claim->key), bind_text(answer->claim->digest),
                            bind_text(answer->exchange_id),
                            answer->transfer_id ? bind_text(answer->transfer_id) : bind_null(),
                            bind_int(answer->status), bind_text(answer->content_type),
                            answer->cost_nusd >= 0 ? bind_int(answer->cost_nusd) : bind_null(),
                            bind_int(now_ms), bind_int(now_ms + LIMIT_KEPT_ANSWER_MS),
                            answer->body.data ? bind_blob(answer->body) : bind_null()));
}

/* ---- deleting expired answers ---- */

/* Finds a few rows with few bytes, so that no job waits long for the ledger thread. */
static size_t find_over(struct db *db, int64_t now_ms, int64_t *rowids, bool *more)
{
    struct row *row = db_bind(db,
                              "SELECT rowid, length(body) FROM kept_answers"
                              " WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2",
                              DB_VALUES(bind_int(now_ms), bind_int(FORGET_ROWS)));
    int64_t bytes = 0;
    size_t count = 0;
    while (bytes < FORGET_BYTES && db_row(db, row)) {
        check(count < FORGET_ROWS);
        rowids[count++] = column_int(row, 0);
        bytes += column_int(row, 1);
    }
    db_leave(row);
    *more = count == FORGET_ROWS || bytes >= FORGET_BYTES;
    return count;
}

static bool forget(struct db *db, int64_t now_ms, bool *more)
{
    int64_t rowids[FORGET_ROWS];
    size_t count = find_over(db, now_ms, rowids, more);
    bool ok;
    if (count == 0)
        return db->failure == 0;
    ok = db_run(db, "BEGIN IMMEDIATE", NULL, 0);
    for (size_t i = 0; ok && i < count; i++)
        ok = db_run(db, "DELETE FROM kept_answers WHERE rowid = ?1 AND expires_ms <= ?2",
                    DB_VALUES(bind_int(rowids[i]), bind_int(now_ms)));
    if (ok && db_run(db, "COMMIT", NULL, 0))
        return true;
    db_rollback(db);
    return false;
}

void answers_table_forget(struct db *db, int64_t *due_us)
{
    int64_t now_us = clock_mono_us();
    bool more = false;
    if (now_us < *due_us)
        return;
    db_clear(db);
    *due_us = now_us + (forget(db, clock_wall_ms(), &more) && more ? FORGET_REST_US : FORGET_US);
}
