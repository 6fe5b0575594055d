#include "store/books/expiry.h"

#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/books/posting.h"
#include "store/journal/journal.h"
#include "store/memory/wallet.h"

struct expired {
    struct id exchange_id;
    struct id account_id;
    struct id key_id;
    int64_t held_nusd;
};

static void copy_id(struct id *out, const char *text)
{
    snprintf(out->text, sizeof out->text, "%s", text);
}

static size_t find_expired(struct db *db, int64_t now_ms, struct expired *out, size_t count_max)
{
    const struct store_value values[] = {bind_int(now_ms), bind_int((int64_t)count_max)};
    struct row *row = db_bind(db,
                              "SELECT exchange_id, account_id, key_id, amount_nusd"
                              " FROM open_holds WHERE expires_ms <= ?1 LIMIT ?2",
                              values, 2);
    size_t count = 0;
    while (db_row(db, row)) {
        check(count < count_max);
        copy_id(&out[count].exchange_id, column_text(row, 0));
        copy_id(&out[count].account_id, column_text(row, 1));
        copy_id(&out[count].key_id, column_text(row, 2));
        out[count++].held_nusd = column_int(row, 3);
    }
    return count;
}

/* Keeps only the holds that have not ended in the journal, whose end is not applied yet. */
static size_t keep_open(struct journal *journal, struct expired *expired, size_t count)
{
    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        if (journal_hold_expires(journal, &expired[i].exchange_id))
            expired[open++] = expired[i];
    }
    return open;
}

/* The exchange of such a hold is past its own deadline; if it still settles, that is refused. */
void expiry_run(struct db *db, struct journal *journal, struct wallets *wallets)
{
    struct expired expired[64];
    int64_t now_ms = clock_wall_ms();
    size_t count;
    bool ok;
    db_clear(db);
    count = find_expired(db, now_ms, expired, sizeof expired / sizeof expired[0]);
    count = keep_open(journal, expired, count);
    if (count == 0)
        return;
    ok = db_run(db, "BEGIN IMMEDIATE", NULL, 0);
    for (size_t i = 0; ok && i < count; i++)
        ok = posting_end_hold(db, expired[i].exchange_id.text, "expire", expired[i].held_nusd,
                              now_ms) == POSTING_DONE;
    if (!ok || !db_commit(db)) {
        db_rollback(db);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        journal_hold_ended(journal, &expired[i].exchange_id);
        wallet_release(wallets, &expired[i].account_id, &expired[i].key_id, expired[i].held_nusd,
                       &(struct wallet_charge){.at_ms = now_ms});
        log_event(LOG_WARN, "hold expired", log_text("exchange", expired[i].exchange_id.text),
                  log_int("held_nusd", expired[i].held_nusd));
    }
}

bool expiry_recover(struct db *db, struct fault *fault)
{
    const struct store_value now = bind_int(clock_wall_ms());
    int64_t count;
    db_clear(db);
    count = db_number(db, "SELECT count(*) FROM open_holds", NULL, 0, 0);
    if (db_run(db, "BEGIN IMMEDIATE", NULL, 0) &&
        db_run(db,
               "INSERT INTO resolutions (exchange_id, outcome, held_nusd, posted_nusd, created_ms)"
               " SELECT exchange_id, CASE WHEN expires_ms <= ?1 THEN 'expire' ELSE 'void' END,"
               " amount_nusd, 0, ?1 FROM open_holds",
               &now, 1) &&
        db_run(db, "DELETE FROM open_holds", NULL, 0) &&
        db_run(db, "DELETE FROM changes", NULL, 0) && db_run(db, "COMMIT", NULL, 0)) {
        if (count)
            log_event(LOG_WARN, "holds left open by a crash are void", log_int("holds", count));
        return true;
    }
    fault_set(fault, "database_unusable", "open holds cannot be ended: %s", db_error(db));
    db_rollback(db);
    return false;
}
