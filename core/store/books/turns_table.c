#include "store/books/turns_table.h"

#include "base/clock.h"
#include "base/limits.h"

enum {
    FORGET_ROWS = 8,        /* per transaction; each may have LIMIT_KEPT_TURN_BYTES */
    SPARE_MS = 3600 * 1000, /* rows last so much longer, so that not each turn writes them anew */
    FORGET_US = 2 * 1000 * 1000, /* between two looks */
    FORGET_REST_US = 20 * 1000   /* while there are many */
};

static struct store_value text_of(struct slice text)
{
    return (struct store_value){.type = STORE_TEXT, .text = text};
}

/* What a turn continues must not end before its time, and most of it was written anew within the
 * last hour. */
static bool extend(struct db *db, const struct id *account_id, const struct made_turn *turn,
                   int64_t expires_ms)
{
    if (turn->conversation_id.bytes > 0 &&
        !db_run(db,
                "UPDATE kept_turns SET expires_ms = ?3 WHERE account_id = ?1"
                " AND conversation_id = ?2 AND conversation_id <> '' AND expires_ms < ?4",
                DB_VALUES(bind_text(account_id->text), text_of(turn->conversation_id),
                          bind_int(expires_ms), bind_int(expires_ms - SPARE_MS))))
        return false;
    return turn->previous_turn == 0 ||
           db_run(db,
                  "WITH RECURSIVE chain (turn) AS (SELECT ?1 UNION ALL"
                  " SELECT t.previous_turn FROM kept_turns t JOIN chain USING (turn)"
                  " WHERE t.previous_turn IS NOT NULL)"
                  " UPDATE kept_turns SET expires_ms = ?2"
                  " WHERE turn IN (SELECT turn FROM chain) AND account_id = ?3"
                  " AND expires_ms < ?4",
                  DB_VALUES(bind_int(turn->previous_turn), bind_int(expires_ms),
                            bind_text(account_id->text), bind_int(expires_ms - SPARE_MS)));
}

/* Takes the account's turns up to this one away, and the conversations that they belong to. Two
 * lists, because one condition with OR reads all of the account's turns for each of them. */
static bool take_oldest(struct db *db, const struct id *account_id, int64_t last)
{
    return db_run(db,
                  "DELETE FROM kept_turns WHERE turn IN"
                  " (SELECT turn FROM kept_turns WHERE account_id = ?1 AND turn <= ?2"
                  "  UNION SELECT t.turn FROM (SELECT DISTINCT conversation_id FROM kept_turns"
                  "   WHERE account_id = ?1 AND turn <= ?2) o"
                  "  JOIN kept_turns t ON t.account_id = ?1"
                  "   AND t.conversation_id = o.conversation_id AND t.conversation_id <> '')",
                  DB_VALUES(bind_text(account_id->text), bind_int(last)));
}

static int64_t kept_bytes(struct db *db, const struct id *account_id)
{
    return db_number(db, "SELECT bytes FROM kept_bytes WHERE account_id = ?1",
                     DB_VALUES(bind_text(account_id->text)), 0);
}

/* The turn up to which the account's oldest have so many bytes; 0: all have less. */
static int64_t last_to_go(struct db *db, const struct id *account_id, int64_t bytes)
{
    return db_number(db,
                     "SELECT turn FROM (SELECT turn, sum(length(sealed))"
                     "  OVER (ORDER BY turn ROWS UNBOUNDED PRECEDING) AS gone"
                     "  FROM kept_turns WHERE account_id = ?1) WHERE gone >= ?2 LIMIT 1",
                     DB_VALUES(bind_text(account_id->text), bind_int(bytes)), 0);
}

static bool make_room(struct db *db, const struct id *account_id, int64_t bytes_max)
{
    int64_t excess = kept_bytes(db, account_id) - bytes_max;
    int64_t last = excess > 0 ? last_to_go(db, account_id, excess) : 0;
    return db->failure == 0 && (last == 0 || take_oldest(db, account_id, last));
}

bool turns_table_has_room(struct db *db, const struct id *account_id, const struct made_turn *turn)
{
    int64_t fits = LIMIT_KEPT_TURN_BYTES - (int64_t)turn->sealed.bytes;
    return db_number(db,
                     "SELECT count(*) < ?3 AND total(length(sealed)) <= ?4"
                     " FROM kept_turns WHERE account_id = ?1 AND conversation_id = ?2"
                     " AND conversation_id <> ''",
                     DB_VALUES(bind_text(account_id->text), text_of(turn->conversation_id),
                               bind_int(LIMIT_KEPT_TURNS), bind_int(fits)),
                     0) == 1;
}

bool turns_table_goes_on(struct db *db, const struct id *account_id, const struct made_turn *turn)
{
    if (turn->conversation_id.bytes > 0 && !turn->begins)
        return db_number(db,
                         "SELECT 1 FROM kept_turns WHERE account_id = ?1 AND conversation_id = ?2"
                         " AND conversation_id <> '' LIMIT 1",
                         DB_VALUES(bind_text(account_id->text), text_of(turn->conversation_id)),
                         0) == 1;
    return turn->previous_turn == 0 ||
           db_number(db, "SELECT 1 FROM kept_turns WHERE turn = ?1 AND account_id = ?2",
                     DB_VALUES(bind_int(turn->previous_turn), bind_text(account_id->text)), 0) == 1;
}

bool turns_table_add(struct db *db, const struct id *account_id, const struct made_turn *turn,
                     int64_t now_ms)
{
    int64_t expires_ms = now_ms + turn->terms.keep_ms + SPARE_MS;
    if (!turns_table_goes_on(db, account_id, turn))
        return db->failure == 0;
    return db_run(db,
                  "INSERT INTO kept_turns (account_id, response_id, conversation_id,"
                  " previous_turn, depth, created_ms, expires_ms, sealed)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                  DB_VALUES(bind_text(account_id->text), text_of(turn->response_id),
                            text_of(turn->conversation_id),
                            turn->previous_turn > 0 ? bind_int(turn->previous_turn) : bind_null(),
                            bind_int(turn->depth), bind_int(now_ms), bind_int(expires_ms),
                            bind_blob(turn->sealed))) &&
           extend(db, account_id, turn, expires_ms) &&
           make_room(db, account_id, turn->terms.bytes_max);
}

/* ---- deleting expired rows ---- */

static bool forget(struct db *db, int64_t now_ms, bool *more)
{
    if (!db_run(db, "BEGIN IMMEDIATE", NULL, 0))
        return false;
    bool done = db_run(db,
                       "DELETE FROM kept_turns WHERE turn IN (SELECT turn FROM kept_turns"
                       " WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2)",
                       DB_VALUES(bind_int(now_ms), bind_int(FORGET_ROWS)));
    *more = done && db_changes(db) == FORGET_ROWS;
    if (done && db_run(db, "COMMIT", NULL, 0))
        return true;
    db_rollback(db);
    return false;
}

static bool is_any_over(struct db *db, int64_t now_ms)
{
    return db_number(db, "SELECT 1 FROM kept_turns WHERE expires_ms <= ?1 LIMIT 1",
                     DB_VALUES(bind_int(now_ms)), 0) == 1;
}

void turns_table_forget(struct db *db, int64_t *due_us)
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
