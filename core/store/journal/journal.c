#include "store/journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "store/books/ledger_jobs.h"
#include "store/memory/quota_book.h"
#include "store/memory/wallet.h"

enum {
    HALF_BYTES = 2 * 1024 * 1024,
    PIECE_BYTES = 64 * 1024, /* read at a time */
    SPOILT_BYTES = 64        /* a head and some more */
};

void journal_init(struct journal *journal)
{
    *journal = (struct journal){0};
    check(pthread_mutex_init(&journal->mutex, NULL) == 0);
    buffer_init(&journal->active, HALF_BYTES);
    buffer_init(&journal->sealed, HALF_BYTES);
    open_holds_init(&journal->holds);
    atomic_init(&journal->pending, false);
    atomic_init(&journal->commits, 0);
    atomic_init(&journal->jobs, 0);
}

void journal_fini(struct journal *journal)
{
    file_close(journal->file);
    free(journal->path);
    buffer_fini(&journal->active);
    buffer_fini(&journal->sealed);
    open_holds_fini(&journal->holds);
    check(pthread_mutex_destroy(&journal->mutex) == 0);
}

static void lock(struct journal *journal)
{
    check(pthread_mutex_lock(&journal->mutex) == 0);
}

static void unlock(struct journal *journal)
{
    check(pthread_mutex_unlock(&journal->mutex) == 0);
}

/* ---- the file ---- */

static int64_t half_of(uint64_t generation)
{
    return generation % 2 ? HALF_BYTES : 0;
}

static bool write_at(struct journal *journal, uint64_t generation, size_t offset, const char *data,
                     size_t bytes)
{
    return file_write(journal->file, half_of(generation) + (int64_t)offset, data, bytes);
}

static bool sync_file(struct journal *journal)
{
    return !journal->synced || file_sync(journal->file);
}

/* Bytes that are not durable must not count at the next start. This is the best we can do: a disk
 * that refuses this write, too, may still keep what it refused before. */
static void spoil(struct journal *journal, size_t offset)
{
    static const char zeros[SPOILT_BYTES];
    if (write_at(journal, journal->generation, offset, zeros, sizeof zeros))
        sync_file(journal);
}

/* Makes the bytes of `active` from `start` on durable. */
static bool write_out(struct journal *journal, size_t start)
{
    if (write_at(journal, journal->generation, start, journal->active.data + start,
                 journal->active.bytes - start) &&
        sync_file(journal))
        return true;
    spoil(journal, start);
    return false;
}

/* Beside the database file itself, even if that is reached by a link. file_open needs a path with
 * empty parameters after it. */
static char *path_of(struct db *db)
{
    const char *database_path = db_path(db);
    size_t bytes = strlen(database_path) + sizeof "-tail" + 4;
    char *path = calloc(1, bytes);
    check(path != NULL);
    snprintf(path, bytes, "%s-tail", database_path);
    return path;
}

/* ---- what is not applied ---- */

/* A piece of a half, for reading records. */
struct window {
    char bytes[PIECE_BYTES];
    size_t at; /* offset in the half */
    size_t length;
};

/* Gets the bytes at `offset`: at least one whole record, or all up to the end of the half. */
static bool look(struct journal *journal, struct window *window, uint64_t generation, size_t offset,
                 struct slice *out)
{
    size_t end = window->at + window->length;
    if (end < HALF_BYTES && end < offset + JOURNAL_RECORD_BYTES_MAX) {
        window->at = offset;
        window->length = HALF_BYTES - offset < PIECE_BYTES ? HALF_BYTES - offset : PIECE_BYTES;
        if (!file_read(journal->file, half_of(generation) + (int64_t)offset, window->bytes,
                       window->length))
            return false;
    }
    *out = (struct slice){window->bytes + (offset - window->at),
                          window->length - (offset - window->at)};
    return true;
}

/* Reads a generation: appends its whole records to `out`. */
static enum journal_found load(struct journal *journal, uint64_t generation, struct buffer *out,
                               bool *is_sealed)
{
    struct window *window = calloc(1, sizeof *window);
    struct journal_record *record = malloc(sizeof *record);
    struct journal_place place = {journal->salt, generation, 0};
    enum journal_found found = JOURNAL_FOUND;
    struct slice rest;
    size_t size = 0;
    check(window != NULL && record != NULL);
    *is_sealed = false;
    while (found == JOURNAL_FOUND && !*is_sealed) {
        found = JOURNAL_FOREIGN;
        if (look(journal, window, generation, place.offset, &rest))
            found = journal_record_read(rest, &place, record, &size);
        *is_sealed = found == JOURNAL_FOUND && record->kind == JOURNAL_SEAL;
        if (found == JOURNAL_FOUND && !*is_sealed)
            buffer_append(out, rest.data, size);
        place.offset += size;
    }
    free(record);
    free(window);
    return found;
}

uint64_t journal_applied(struct db *db)
{
    int64_t applied = db_number(db, "SELECT applied FROM tail", NULL, 0, -1);
    return applied < 0 ? JOURNAL_UNKNOWN : (uint64_t)applied;
}

static uint64_t salt_of(struct db *db)
{
    return (uint64_t)db_number(db, "SELECT salt FROM tail", NULL, 0, 0);
}

static bool load_missing(struct journal *journal, uint64_t applied, struct fault *fault)
{
    bool is_sealed = false;
    journal->generation = applied + 1;
    if (load(journal, applied + 1, &journal->sealed, &is_sealed) == JOURNAL_FOREIGN ||
        (is_sealed &&
         load(journal, applied + 2, &journal->active, &(bool){false}) == JOURNAL_FOREIGN))
        return fault_set(fault, "database_unusable",
                         "%s cannot be read, or holds records of another version of the gateway: "
                         "start that version once, and stop it",
                         journal->path);
    journal->is_sealed = is_sealed || journal->sealed.bytes > 0;
    if (journal->is_sealed)
        journal->generation++;
    atomic_store(&journal->pending, journal->is_sealed || journal->active.bytes > 0);
    return true;
}

bool journal_open(struct journal *journal, struct db *db, bool synced, struct fault *fault)
{
    uint64_t applied;
    db_clear(db);
    journal->path = path_of(db);
    journal->synced = synced;
    journal->salt = salt_of(db);
    applied = journal_applied(db);
    if (applied == JOURNAL_UNKNOWN || db->failure)
        return fault_set(fault, "database_unusable", "the table `tail` cannot be read: %s",
                         db->failure_text);
    journal->file = file_open(journal->path, true);
    if (journal->file == NULL)
        return fault_set(fault, "database_unusable", "cannot open or make %s", journal->path);
    return load_missing(journal, applied, fault);
}

bool journal_begin(struct journal *journal, struct db *db)
{
    db_clear(db);
    check(!journal_pending(journal));
    if (!db_run(db, "UPDATE tail SET salt = random()", NULL, 0))
        return false;
    journal->salt = salt_of(db);
    return db->failure == 0;
}

/* The generation of the record at the start of a half; 0: no whole record. */
static uint64_t generation_at(struct journal *journal, int64_t offset)
{
    char bytes[JOURNAL_RECORD_BYTES_MAX];
    struct journal_record *record;
    struct journal_place place = {.salt = journal->salt};
    const struct slice all = {bytes, sizeof bytes};
    size_t size;
    if (!file_read(journal->file, offset, bytes, sizeof bytes))
        return 0;
    record = malloc(sizeof *record);
    check(record != NULL);
    place.generation = journal_record_generation(all);
    if (journal_record_read(all, &place, record, &size) == JOURNAL_END)
        place.generation = 0;
    free(record);
    return place.generation;
}

uint64_t journal_newest(struct db *db)
{
    struct journal journal;
    uint64_t newest = 0;
    journal_init(&journal);
    journal.path = path_of(db);
    journal.salt = salt_of(db);
    journal.file = file_open(journal.path, false);
    for (int64_t half = 0; journal.file != NULL && half < 2; half++) {
        uint64_t generation = generation_at(&journal, half * HALF_BYTES);
        newest = generation > newest ? generation : newest;
    }
    journal_fini(&journal);
    return newest;
}

/* ---- appending ---- */

/* After a failed append there may be bytes that must never be read: so that generation must be
 * applied first. */
static bool is_broken(const struct journal *journal)
{
    return journal->broken != 0;
}

static bool take_hold(struct journal *journal, struct wallets *wallets, struct ledger_hold *hold,
                      int64_t now_ms)
{
    struct journal_place place = {journal->salt, journal->generation, journal->active.bytes};
    struct wallet_state wallet;
    /* Another process may have taken the money: the ledger thread decides. */
    if (!wallet_peek(wallets, &hold->account_id, &wallet) ||
        wallet.held_nusd > wallet.posted_nusd ||
        open_holds_has(&journal->holds, &hold->exchange_id))
        return false;
    journal_record_put_hold(&journal->active, &place, hold, now_ms);
    return true;
}

static bool take_settlement(struct journal *journal, struct wallets *wallets,
                            struct ledger_settlement *settlement, int64_t now_ms)
{
    struct journal_place place = {journal->salt, journal->generation, journal->active.bytes};
    struct wallet_state wallet;
    if (settlement->kept != NULL || settlement->objects != NULL || settlement->turn != NULL ||
        !wallet_peek(wallets, &settlement->record.account_id, &wallet) ||
        wallet.posted_nusd < settlement->record.charge_nusd ||
        !open_holds_begin_end(&journal->holds, settlement))
        return false;
    journal_record_put_settlement(&journal->active, &place, settlement, now_ms);
    return true;
}

static bool take(struct journal *journal, struct wallets *wallets, struct job *job, int64_t now_ms)
{
    /* Room for the record and for the seal. */
    if (journal->file == NULL || is_broken(journal) ||
        journal->active.bytes + 2 * JOURNAL_RECORD_BYTES_MAX > HALF_BYTES)
        return false;
    if (job->run == ledger_thread_hold)
        return take_hold(journal, wallets, (struct ledger_hold *)job, now_ms);
    return job->run == ledger_thread_settlement &&
           take_settlement(journal, wallets, (struct ledger_settlement *)job, now_ms);
}

/* The job is durable: updates memory before the job returns. */
static void apply(struct journal *journal, struct wallets *wallets, struct job *job)
{
    if (job->run == ledger_thread_hold) {
        struct ledger_hold *hold = (struct ledger_hold *)job;
        open_holds_add(&journal->holds, hold);
        hold->durable = true;
        return;
    }
    struct ledger_settlement *settlement = (struct ledger_settlement *)job;
    const struct usage_record *record = &settlement->record;
    open_holds_remove(&journal->holds, &record->exchange_id);
    wallet_release_unapplied(wallets, &record->account_id, &record->key_id, settlement->held_nusd,
                             &(struct wallet_charge){record->charge_nusd, record->created_ms});
    quota_book_settle(settlement->quotas, record, journal->generation);
    settlement->durable = true;
}

static void give_back(struct journal *journal, struct job_list *taken, struct job_list *left)
{
    struct job *job;
    while ((job = job_list_pop(taken)) != NULL) {
        if (job->run == ledger_thread_settlement)
            open_holds_cancel_end(&journal->holds,
                                  &((struct ledger_settlement *)job)->record.exchange_id);
        job_list_push(left, job);
    }
}

/* False: the journal is as before `start`, and this generation takes nothing more. */
static bool make_durable(struct journal *journal, size_t start)
{
    bool ok;
    failpoint_reach(FAILPOINT_BEFORE_COMMIT);
    ok = write_out(journal, start);
    if (ok) {
        failpoint_reach(FAILPOINT_AFTER_COMMIT);
    } else {
        journal->active.bytes = start;
        journal->broken = journal->generation;
    }
    if (ok == journal->fails)
        log_event(ok ? LOG_INFO : LOG_ERROR,
                  ok ? "the ledger's journal can be written again"
                     : "the ledger's journal cannot be written; the tables are",
                  log_text("file", journal->path));
    journal->fails = !ok;
    return ok;
}

void journal_commit(struct journal *journal, struct wallets *wallets, struct job_list *jobs,
                    struct job_list *left)
{
    struct job_list taken = {0};
    int64_t now_ms = clock_wall_ms();
    size_t start;
    struct job *job;
    lock(journal);
    start = journal->active.bytes;
    while ((job = job_list_pop(jobs)) != NULL)
        job_list_push(take(journal, wallets, job, now_ms) ? &taken : left, job);
    if (taken.first != NULL && !make_durable(journal, start))
        give_back(journal, &taken, left);
    if (taken.first != NULL) {
        if (journal->active_us == 0)
            journal->active_us = clock_mono_us();
        atomic_store(&journal->pending, true);
        atomic_fetch_add_explicit(&journal->commits, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&journal->jobs, taken.count, memory_order_relaxed);
    }
    for (job = taken.first; job != NULL; job = job->next)
        apply(journal, wallets, job);
    unlock(journal);
    *jobs = taken;
}

bool journal_pending(const struct journal *journal)
{
    return atomic_load(&journal->pending);
}

struct journal_lag journal_lag(struct journal *journal)
{
    struct journal_lag lag = {0, 0};
    lock(journal);
    int64_t since_us = journal->sealed_us != 0 ? journal->sealed_us : journal->active_us;
    lag.bytes = (int64_t)(journal->sealed.bytes + journal->active.bytes);
    if (since_us != 0)
        lag.age_us = clock_mono_us() - since_us;
    unlock(journal);
    return lag;
}

/* ---- for the ledger thread ---- */

/* A generation is valid only if the one before ends with a seal. The first sync of the next
 * generation syncs the seal, too. */
static void append_seal(struct journal *journal)
{
    struct journal_place place = {journal->salt, journal->generation, journal->active.bytes};
    size_t start = journal->active.bytes;
    journal_record_put_seal(&journal->active, &place);
    if (!write_at(journal, journal->generation, start, journal->active.data + start,
                  journal->active.bytes - start))
        journal->broken = journal->generation; /* the next one waits until this one is applied */
    journal->active.bytes = start;
}

bool journal_seal(struct journal *journal)
{
    lock(journal);
    if (!journal->is_sealed && journal->file != NULL &&
        (journal->active.bytes > 0 || is_broken(journal))) {
        struct buffer empty = journal->sealed;
        append_seal(journal);
        journal->sealed = journal->active;
        journal->active = empty;
        buffer_reset(&journal->active);
        journal->is_sealed = true;
        journal->sealed_us = journal->active_us;
        journal->active_us = 0;
        journal->generation++;
        atomic_store(&journal->pending, true); /* also for an empty generation that was broken */
    }
    unlock(journal);
    return journal->is_sealed;
}

static uint64_t sealed_generation(const struct journal *journal)
{
    return journal->generation - 1;
}

bool journal_next(const struct journal *journal, size_t *at, struct journal_record *out)
{
    const struct slice rest = {journal->sealed.data + *at, journal->sealed.bytes - *at};
    if (rest.bytes == 0)
        return false;
    *at += journal_record_decode(rest, out);
    return true;
}

bool journal_mark_applied(const struct journal *journal, struct db *db)
{
    return db_run(db, "UPDATE tail SET applied = ?1",
                  DB_VALUES(bind_int((int64_t)sealed_generation(journal))));
}

/* A rush leaves a large buffer, which quiet hours do not need. */
static void empty_sealed(struct buffer *sealed)
{
    if (sealed->bytes < sealed->capacity_bytes / 4)
        buffer_fini(sealed);
    else
        buffer_reset(sealed);
}

void journal_forget_sealed(struct journal *journal)
{
    lock(journal);
    empty_sealed(&journal->sealed);
    journal->is_sealed = false;
    journal->sealed_us = 0;
    if (journal->broken <= sealed_generation(journal))
        journal->broken = 0;
    if (journal->active.bytes == 0)
        atomic_store(&journal->pending, false);
    unlock(journal);
}

void journal_hold_opened(struct journal *journal, const struct ledger_hold *hold)
{
    lock(journal);
    open_holds_add(&journal->holds, hold);
    unlock(journal);
}

void journal_hold_ended(struct journal *journal, const struct id *exchange_id)
{
    lock(journal);
    open_holds_remove(&journal->holds, exchange_id);
    unlock(journal);
}

bool journal_hold_expires(struct journal *journal, const struct id *exchange_id)
{
    bool ours;
    lock(journal);
    ours = open_holds_expire(&journal->holds, exchange_id);
    unlock(journal);
    return ours;
}
