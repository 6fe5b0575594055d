#include "store/books/apply.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "store/books/posting.h"
#include "store/books/rollup.h"
#include "store/journal/journal.h"
#include "store/memory/wallet.h"

enum {
    CHUNK_RECORDS = 256,      /* after so many, the sums are written */
    YIELD_STEPS = 200,        /* steps of SQLite's machine: some 10 us */
    YIELDS_US_MAX = 10 * 1000 /* how long one call may let other threads go first */
};

/* A transaction that applies the journal. */
struct writing {
    struct db *db;
    struct journal *journal;
    struct rollup *rollup;
    struct changes *changes;        /* NULL: memory is not loaded yet */
    struct journal_record *records; /* a chunk */
    size_t chunk_records;
    struct settled_hold *settled; /* sorted by exchange */
    size_t settled_count;
};

/* An exchange that was settled in this generation. */
struct settled_hold {
    struct id exchange_id;
    bool held; /* also held in this generation: its hold never stands open in the tables */
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

/* ---- exchanges that begin and end in one generation ---- */

static int compare_settled(const void *one, const void *other)
{
    const struct settled_hold *a = one;
    const struct settled_hold *b = other;
    return strcmp(a->exchange_id.text, b->exchange_id.text);
}

/* Most exchanges are brief: their row in `open_holds` would be written and deleted again. */
static void find_settled(struct writing *writing)
{
    struct journal_record *record = &writing->records[0];
    size_t capacity = 0;
    size_t at = 0;
    while (journal_next_settlement(writing->journal, &at, record)) {
        if (writing->settled_count == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            writing->settled = realloc(writing->settled, capacity * sizeof *writing->settled);
            check(writing->settled != NULL);
        }
        writing->settled[writing->settled_count++] =
            (struct settled_hold){.exchange_id = record->as.settlement.record.exchange_id};
    }
    if (writing->settled_count)
        qsort(writing->settled, writing->settled_count, sizeof *writing->settled, compare_settled);
}

static struct settled_hold *find_settled_one(const struct writing *writing,
                                             const struct id *exchange_id)
{
    const struct settled_hold wanted = {.exchange_id = *exchange_id};
    if (writing->settled_count == 0)
        return NULL;
    return bsearch(&wanted, writing->settled, writing->settled_count, sizeof wanted,
                   compare_settled);
}

/* ---- the records ---- */

static enum posting write_hold(struct writing *writing, const struct ledger_hold *hold)
{
    struct settled_hold *found = find_settled_one(writing, &hold->exchange_id);
    if (found == NULL)
        return posting_hold(writing->db, hold);
    found->held = true;
    return posting_ended_hold(writing->db, hold);
}

static enum posting write_settlement(struct writing *writing,
                                     const struct ledger_settlement *settlement,
                                     int64_t committed_ms)
{
    const struct settled_hold *found = find_settled_one(writing, &settlement->record.exchange_id);
    if (found != NULL && found->held)
        return rollup_post_ended(writing->rollup, writing->db, settlement, committed_ms);
    return rollup_post(writing->rollup, writing->db, settlement, committed_ms);
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
    for (size_t i = 0; i < count; i++) {
        if (!write_record(writing, &writing->records[i]))
            return false;
    }
    return rollup_write(writing->rollup, writing->db, clock_wall_ms());
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
    return journal_mark_applied(writing->journal, writing->db);
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
    db_clear(db);
    if (db_run(db, "BEGIN IMMEDIATE", NULL, 0) && write_sealed(writing) &&
        (writing->changes == NULL || changes_stage(writing->changes, db)) && commit(db))
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
    check(writing->records != NULL);
    writing->chunk_records = CHUNK_RECORDS;
    find_settled(writing);
    ok = write_transaction(writing);
    free(writing->settled);
    writing->settled = NULL;
    writing->settled_count = 0; /* one by one, holds and settlements are written apart */
    if (!ok && writing->db->failure == 0) {
        writing->chunk_records = 1;
        ok = write_transaction(writing);
    }
    free(writing->records);
    return ok;
}

/* Updates memory: what was unapplied is in the tables now. */
static void follow_in_memory(struct wallets *wallets, struct journal *journal)
{
    struct journal_record *record = malloc(sizeof *record);
    const struct usage_record *usage = &record->as.settlement.record;
    size_t at = 0;
    check(record != NULL);
    while (journal_next_settlement(journal, &at, record))
        wallet_applied(wallets, &usage->account_id, &usage->key_id,
                       &(struct wallet_charge){usage->charge_nusd, usage->created_ms});
    free(record);
}

bool apply_all(const struct apply *apply)
{
    struct journal *journal = apply->journal;
    struct writing writing = {
        .db = apply->db, .journal = journal, .rollup = apply->rollup, .changes = apply->changes};
    bool left_over;
    do {
        left_over = journal->is_sealed; /* a failed try has left it; newer records wait behind it */
        if (!journal_seal(journal))
            return true;
        if (!write_tables(&writing))
            return false;
        follow_in_memory(apply->memory.wallets, journal);
        changes_apply(apply->changes, &apply->memory);
        journal_forget_sealed(journal);
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
    rollup_fini(&rollup);
    return ok || fault_set(fault, "database_unusable",
                           "what the ledger's journal has cannot be written into the tables: %s",
                           db->failure_text);
}
