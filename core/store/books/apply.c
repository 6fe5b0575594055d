#include "store/books/apply.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "store/books/new_holds.h"
#include "store/books/posting.h"
#include "store/books/posting_batch.h"
#include "store/books/rollup.h"
#include "store/journal/journal.h"
#include "store/memory/wallet.h"

enum {
    CHUNK_RECORDS = POSTING_BATCH_MAX, /* after so many, the sums are written */
    YIELD_STEPS = 200,                 /* steps of SQLite's machine: some 10 us */
    YIELDS_US_MAX = 10 * 1000          /* how long one call may let other threads go first */
};

/* What a settlement changes in memory once it is in the tables. */
struct applied_charge {
    struct id account_id;
    struct id key_id;
    struct wallet_charge charge;
};

/* Applies a generation of the journal, in one transaction. */
struct writing {
    struct db *db;
    struct journal *journal;
    struct rollup *rollup;
    struct changes *changes;        /* NULL: memory is not loaded yet */
    struct journal_record *records; /* a chunk */
    struct posting_batch *batch;    /* of the chunk */
    size_t chunk_records;           /* 1: each record alone, its hold in `open_holds` at once */
    struct new_holds holds;
    struct applied_charge *charges;
    size_t charge_count;
    size_t charge_capacity;
};

/* The settlement was answered as durable, but the tables contradict it: another hand has changed
 * them. The hold ends without a charge; memory follows the tables. */
static void refuse_late(struct db *db, const struct journal_record *record)
{
    const struct ledger_settlement *settlement = &record->as.settlement;
    const struct usage_record *usage = &settlement->record;
    if (record->kind == JOURNAL_HOLD) {
        log_event(LOG_ERROR, "a hold contradicts the tables",
                  log_text("exchange", record->as.hold.exchange_id.text));
        return;
    }
    log_event(LOG_ERROR, "settlement refused", log_text("exchange", usage->exchange_id.text),
              log_int("charge_nusd", usage->charge_nusd),
              log_text("why", "it contradicts the tables"));
    (void)posting_end_hold(db, usage->exchange_id.text, "void",
                           settlement->held_nusd - settlement->extended_nusd, record->committed_ms);
    (void)!changes_note(db, CHANGE_ACCOUNT, usage->account_id.text);
    (void)!changes_note(db, CHANGE_KEY, usage->key_id.text);
}

/* ---- the records ---- */

static enum posting write_hold(struct writing *writing, const struct ledger_hold *hold)
{
    if (writing->chunk_records == 1)
        return posting_hold(writing->db, hold);
    posting_batch_add_hold(writing->batch, hold);
    new_holds_add(&writing->holds, hold);
    return POSTING_DONE;
}

static bool write_open_hold(const struct ledger_hold *hold, void *arg)
{
    const struct writing *writing = arg;
    return posting_open_hold(writing->db, hold) == POSTING_DONE;
}

static void note_charge(struct writing *writing, const struct usage_record *record)
{
    if (writing->charge_count == writing->charge_capacity) {
        writing->charge_capacity = writing->charge_capacity ? writing->charge_capacity * 2 : 64;
        writing->charges =
            realloc(writing->charges, writing->charge_capacity * sizeof *writing->charges);
        check(writing->charges != NULL);
    }
    writing->charges[writing->charge_count++] =
        (struct applied_charge){record->account_id,
                                record->key_id,
                                {.amount_nusd = record->charge_nusd, .at_ms = record->created_ms}};
}

static enum posting write_settlement(struct writing *writing,
                                     const struct ledger_settlement *settlement,
                                     int64_t committed_ms)
{
    note_charge(writing, &settlement->record);
    if (writing->chunk_records == 1)
        return rollup_post(writing->rollup, writing->db, settlement, committed_ms);
    if (!new_holds_end(&writing->holds, &settlement->record.exchange_id)) {
        enum posting posting = posting_close_hold(writing->db, settlement);
        if (posting != POSTING_DONE)
            return posting;
    }
    rollup_post_later(writing->rollup, writing->db, writing->batch, settlement, committed_ms);
    return POSTING_DONE;
}

static bool write_record(struct writing *writing, const struct journal_record *record)
{
    enum posting posting;
    if (record->kind == JOURNAL_HOLD)
        posting = write_hold(writing, &record->as.hold);
    else
        posting = write_settlement(writing, &record->as.settlement, record->committed_ms);
    if (posting == POSTING_REFUSED)
        refuse_late(writing->db, record);
    return posting != POSTING_FAILED;
}

static bool write_chunk(struct writing *writing, size_t count)
{
    rollup_reset(writing->rollup);
    if (!posting_batch_begin(writing->batch, writing->db))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!write_record(writing, &writing->records[i]))
            return false;
    }
    return writing->db->failure == 0 && posting_batch_write(writing->batch, writing->db) &&
           rollup_write(writing->rollup, writing->db, clock_wall_ms());
}

/* Writes one record; takes back only its own writes if a constraint refuses it. */
static bool write_alone(struct writing *writing)
{
    struct db *db = writing->db;
    if (!db_run(db, "SAVEPOINT record", NULL, 0))
        return false;
    if (!write_chunk(writing, 1)) {
        db->constraint = 0;
        if (db->failure || !db_run(db, "ROLLBACK TO record", NULL, 0))
            return false;
        refuse_late(db, &writing->records[0]);
    }
    return db_run(db, "RELEASE record", NULL, 0);
}

static size_t next_chunk(struct writing *writing, size_t *at)
{
    size_t count = 0;
    while (count < writing->chunk_records &&
           journal_next(writing->journal, at, &writing->records[count]))
        count++;
    return count;
}

static bool write_sealed(struct writing *writing)
{
    size_t at = 0;
    size_t count;
    while ((count = next_chunk(writing, &at)) > 0) {
        if (!(writing->chunk_records == 1 ? write_alone(writing) : write_chunk(writing, count)))
            return false;
    }
    return new_holds_each(&writing->holds, write_open_hold, writing) &&
           journal_mark_applied(writing->journal, writing->db);
}

static bool commit(struct db *db)
{
    failpoint_reach(FAILPOINT_BEFORE_TABLES);
    if (!db_commit(db))
        return false;
    failpoint_reach(FAILPOINT_AFTER_TABLES);
    return true;
}

static bool write_transaction(struct writing *writing)
{
    struct db *db = writing->db;
    bool ok;
    db_clear(db);
    new_holds_init(&writing->holds);
    writing->charge_count = 0;
    ok = db_run(db, "BEGIN IMMEDIATE", NULL, 0) && write_sealed(writing) &&
         (writing->changes == NULL || changes_stage(writing->changes, db)) && commit(db);
    new_holds_fini(&writing->holds);
    if (ok)
        return true;
    db_rollback(db);
    if (writing->changes != NULL)
        changes_drop(writing->changes);
    return false;
}

/* Writes all records at once; if a constraint refuses one, one by one. */
static bool write_tables(struct writing *writing)
{
    bool ok;
    writing->records = malloc(CHUNK_RECORDS * sizeof *writing->records);
    writing->batch = malloc(sizeof *writing->batch);
    check(writing->records != NULL && writing->batch != NULL);
    writing->chunk_records = CHUNK_RECORDS;
    ok = write_transaction(writing);
    if (!ok && writing->db->failure == 0) {
        writing->chunk_records = 1;
        ok = write_transaction(writing);
    }
    free(writing->records);
    free(writing->batch);
    return ok;
}

/* Updates memory: what was unapplied is in the tables now. */
static void follow_in_memory(const struct writing *writing, struct wallets *wallets)
{
    for (size_t i = 0; i < writing->charge_count; i++) {
        const struct applied_charge *applied = &writing->charges[i];
        wallet_applied(wallets, &applied->account_id, &applied->key_id, &applied->charge);
    }
}

static bool apply_sealed(const struct apply *apply)
{
    struct writing writing = {.db = apply->db,
                              .journal = apply->journal,
                              .rollup = apply->rollup,
                              .changes = apply->changes};
    bool ok = write_tables(&writing);
    if (ok) {
        follow_in_memory(&writing, apply->memory.wallets);
        changes_apply(apply->changes, &apply->memory);
        journal_forget_sealed(apply->journal);
    }
    free(writing.charges);
    return ok;
}

bool apply_all(const struct apply *apply)
{
    bool left_over;
    do {
        left_over = apply->journal->is_sealed; /* a failed try has left it; newer records wait */
        if (!journal_seal(apply->journal))
            return true;
        if (!apply_sealed(apply))
            return false;
    } while (left_over);
    return true;
}

/* If there are few CPUs, event loops would wait for work that no job waits for, so yield. If the
 * CPUs are never free, go on after a while. */
static void let_others_go_first(void *arg)
{
    int64_t *yielded_us = arg;
    int64_t began_us = clock_mono_us();
    if (*yielded_us < YIELDS_US_MAX) {
        sched_yield();
        *yielded_us += clock_mono_us() - began_us;
    }
}

bool apply_in_steps(const struct apply *apply)
{
    int64_t yielded_us = 0;
    bool ok;
    db_on_steps(apply->db, YIELD_STEPS, let_others_go_first, &yielded_us);
    ok = apply_all(apply);
    db_on_steps(apply->db, 0, NULL, NULL);
    return ok;
}

bool apply_recover(struct db *db, struct journal *journal, struct fault *fault)
{
    struct rollup rollup;
    struct writing writing = {.db = db, .journal = journal, .rollup = &rollup};
    bool ok = true;
    rollup_init(&rollup, CHUNK_RECORDS);
    while (ok && journal_seal(journal)) {
        ok = write_tables(&writing);
        if (ok)
            journal_forget_sealed(journal);
    }
    free(writing.charges);
    rollup_fini(&rollup);
    return ok || fault_set(fault, "database_unusable",
                           "what the ledger's journal has cannot be written into the tables: %s",
                           db->failure_text);
}
