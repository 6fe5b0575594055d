#include "store/journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "store/books/ledger_thread.h"
#include "store/memory/wallet.h"

enum {
    HALF_BYTES = 2 * 1024 * 1024,
    PIECE_BYTES = 64 * 1024, /* what is read at a time */
    SPOILT_BYTES = 64        /* a head and some more */
};

void tail_init(struct tail *tail)
{
    *tail = (struct tail){0};
    check(pthread_mutex_init(&tail->mutex, NULL) == 0);
    buffer_init(&tail->active, HALF_BYTES);
    buffer_init(&tail->sealed, HALF_BYTES);
    open_holds_init(&tail->holds);
    atomic_init(&tail->pending, false);
    atomic_init(&tail->commits, 0);
    atomic_init(&tail->jobs, 0);
}

void tail_fini(struct tail *tail)
{
    file_close(tail->file);
    free(tail->path);
    buffer_fini(&tail->active);
    buffer_fini(&tail->sealed);
    open_holds_fini(&tail->holds);
    check(pthread_mutex_destroy(&tail->mutex) == 0);
}

static void lock(struct tail *tail)
{
    check(pthread_mutex_lock(&tail->mutex) == 0);
}

static void unlock(struct tail *tail)
{
    check(pthread_mutex_unlock(&tail->mutex) == 0);
}

/* ---- the file ---- */

static int64_t half_of(uint64_t generation)
{
    return generation % 2 ? HALF_BYTES : 0;
}

static bool write_at(struct tail *tail, uint64_t generation, size_t offset, const char *data,
                     size_t bytes)
{
    return file_write(tail->file, half_of(generation) + (int64_t)offset, data, bytes);
}

static bool sync_file(struct tail *tail)
{
    return !tail->synced || file_sync(tail->file);
}

/* What was not made durable must not come true at the next start. The best that can be done: a disk
 * that refuses this as well may still keep what it has refused before. */
static void spoil(struct tail *tail, size_t offset)
{
    static const char zeros[SPOILT_BYTES];

    if (write_at(tail, tail->generation, offset, zeros, sizeof(zeros)))
        sync_file(tail);
}

/* Makes what `active` has from `start` on durable. */
static bool write_out(struct tail *tail, size_t start)
{
    if (write_at(tail, tail->generation, start, tail->active.data + start,
                 tail->active.bytes - start) &&
        sync_file(tail))
        return true;
    spoil(tail, start);
    return false;
}

/* Beside the database itself, also where that is served by a link. file_open wants the
 * path with empty parameters behind it. */
static char *path_of(struct db *db)
{
    const char *database_path = db_path(db);
    size_t bytes = strlen(database_path) + sizeof("-tail") + 4;
    char *path = calloc(1, bytes);

    check(path);
    snprintf(path, bytes, "%s-tail", database_path);
    return path;
}

/* ---- what the tables miss ---- */

/* A piece of a half: what a reader of records looks into. */
struct window {
    char bytes[PIECE_BYTES];
    size_t at; /* in the half */
    size_t length;
};

/* What stands at `offset`: a whole record at least, or all up to the end of the half. */
static bool look(struct tail *tail, struct window *window, uint64_t generation, size_t offset,
                 struct slice *out)
{
    size_t end = window->at + window->length;

    if (end < HALF_BYTES && end < offset + TAIL_RECORD_BYTES_MAX) {
        window->at = offset;
        window->length = HALF_BYTES - offset < PIECE_BYTES ? HALF_BYTES - offset : PIECE_BYTES;
        if (!file_read(tail->file, half_of(generation) + (int64_t)offset, window->bytes,
                       window->length))
            return false;
    }
    *out = (struct slice){window->bytes + (offset - window->at),
                          window->length - (offset - window->at)};
    return true;
}

/* Reads a generation: its whole records go to `out`. */
static enum tail_found load(struct tail *tail, uint64_t generation, struct buffer *out,
                            bool *is_sealed)
{
    struct window *window = calloc(1, sizeof(*window));
    struct tail_record *record = malloc(sizeof(*record));
    struct tail_place place = {tail->salt, generation, 0};
    enum tail_found found = TAIL_FOUND;
    struct slice rest;
    size_t size = 0;

    check(window && record);
    *is_sealed = false;
    while (found == TAIL_FOUND && !*is_sealed) {
        found = TAIL_FOREIGN;
        if (look(tail, window, generation, place.offset, &rest))
            found = tail_record_read(rest, &place, record, &size);
        *is_sealed = found == TAIL_FOUND && record->kind == TAIL_SEAL;
        if (found == TAIL_FOUND && !*is_sealed)
            buffer_append(out, rest.data, size);
        place.offset += size;
    }
    free(record);
    free(window);
    return found;
}

uint64_t tail_applied(struct db *db)
{
    int64_t applied = db_number(db, "SELECT applied FROM tail", NULL, 0, -1);

    return applied < 0 ? TAIL_UNKNOWN : (uint64_t)applied;
}

static uint64_t salt_of(struct db *db)
{
    return (uint64_t)db_number(db, "SELECT salt FROM tail", NULL, 0, 0);
}

static bool load_missing(struct tail *tail, uint64_t applied, struct fault *fault)
{
    bool is_sealed = false;

    tail->generation = applied + 1;
    if (load(tail, applied + 1, &tail->sealed, &is_sealed) == TAIL_FOREIGN ||
        (is_sealed && load(tail, applied + 2, &tail->active, &(bool){false}) == TAIL_FOREIGN))
        return fault_set(fault, "database_unusable",
                         "%s cannot be read, or holds records of another version of the gateway: "
                         "start that version once, and stop it",
                         tail->path);
    tail->is_sealed = is_sealed || tail->sealed.bytes > 0;
    if (tail->is_sealed)
        tail->generation++;
    atomic_store(&tail->pending, tail->is_sealed || tail->active.bytes > 0);
    return true;
}

bool tail_open(struct tail *tail, struct db *db, bool synced, struct fault *fault)
{
    uint64_t applied;

    db_clear(db);
    tail->path = path_of(db);
    tail->synced = synced;
    tail->salt = salt_of(db);
    applied = tail_applied(db);
    if (applied == TAIL_UNKNOWN || db->failure)
        return fault_set(fault, "database_unusable", "the table `tail` cannot be read: %s",
                         db->failure_text);
    tail->file = file_open(tail->path, true);
    if (!tail->file)
        return fault_set(fault, "database_unusable", "cannot open or make %s", tail->path);
    return load_missing(tail, applied, fault);
}

bool tail_begin(struct tail *tail, struct db *db)
{
    db_clear(db);
    check(!tail_pending(tail));
    if (!db_run(db, "UPDATE tail SET salt = random()", NULL, 0))
        return false;
    tail->salt = salt_of(db);
    return db->failure == 0;
}

/* The generation of what stands at the start of a half; 0: nothing whole. */
static uint64_t generation_at(struct tail *tail, int64_t offset)
{
    char bytes[TAIL_RECORD_BYTES_MAX];
    struct tail_record *record;
    struct tail_place place = {.salt = tail->salt};
    const struct slice all = {bytes, sizeof(bytes)};
    size_t size;

    if (!file_read(tail->file, offset, bytes, sizeof(bytes)))
        return 0;
    record = malloc(sizeof(*record));
    check(record);
    place.generation = tail_record_generation(all);
    if (tail_record_read(all, &place, record, &size) == TAIL_END)
        place.generation = 0;
    free(record);
    return place.generation;
}

uint64_t tail_newest(struct db *db)
{
    struct tail tail;
    uint64_t newest = 0;

    tail_init(&tail);
    tail.path = path_of(db);
    tail.salt = salt_of(db);
    tail.file = file_open(tail.path, false);
    for (int64_t half = 0; tail.file && half < 2; half++) {
        uint64_t generation = generation_at(&tail, half * HALF_BYTES);
        newest = generation > newest ? generation : newest;
    }
    tail_fini(&tail);
    return newest;
}

/* ---- appending ---- */

/* Behind what has failed, bytes may stand that must never be read: the tables have to catch up with
 * that generation first. */
static bool is_broken(const struct tail *tail)
{
    return tail->broken != 0;
}

static bool take_hold(struct tail *tail, struct wallets *wallets, struct ledger_hold *hold,
                      int64_t now_ms)
{
    struct tail_place place = {tail->salt, tail->generation, tail->active.bytes};
    struct wallet_state wallet;

    /* Another process may have taken the money: the ledger thread decides that. */
    if (!wallet_peek(wallets, &hold->account_id, &wallet) ||
        wallet.held_nusd > wallet.posted_nusd || open_holds_has(&tail->holds, &hold->exchange_id))
        return false;
    tail_record_put_hold(&tail->active, &place, hold, now_ms);
    return true;
}

static bool take_settlement(struct tail *tail, struct wallets *wallets,
                            struct ledger_settlement *settlement, int64_t now_ms)
{
    struct tail_place place = {tail->salt, tail->generation, tail->active.bytes};
    struct wallet_state wallet;

    if (settlement->kept || !wallet_peek(wallets, &settlement->record.account_id, &wallet) ||
        wallet.posted_nusd < settlement->record.charge_nusd ||
        !open_holds_begin_end(&tail->holds, settlement))
        return false;
    tail_record_put_settlement(&tail->active, &place, settlement, now_ms);
    return true;
}

static bool take(struct tail *tail, struct wallets *wallets, struct job *job, int64_t now_ms)
{
    /* Room for it, and for the seal. */
    if (!tail->file || is_broken(tail) ||
        tail->active.bytes + 2 * TAIL_RECORD_BYTES_MAX > HALF_BYTES)
        return false;
    if (job->run == ledger_thread_hold)
        return take_hold(tail, wallets, (struct ledger_hold *)job, now_ms);
    return job->run == ledger_thread_settlement &&
           take_settlement(tail, wallets, (struct ledger_settlement *)job, now_ms);
}

/* It is durable now: so it is in memory, before anybody hears of it. */
static void apply(struct tail *tail, struct wallets *wallets, struct job *job)
{
    if (job->run == ledger_thread_hold) {
        struct ledger_hold *hold = (struct ledger_hold *)job;

        open_holds_add(&tail->holds, hold);
        hold->durable = true;
        return;
    }
    struct ledger_settlement *settlement = (struct ledger_settlement *)job;
    const struct usage_record *record = &settlement->record;

    open_holds_remove(&tail->holds, &record->exchange_id);
    wallet_release_ahead(wallets, &record->account_id, &record->key_id, settlement->held_nusd,
                         &(struct wallet_charge){record->charge_nusd, record->created_ms});
    settlement->durable = true;
}

static void give_back(struct tail *tail, struct job_list *taken, struct job_list *left)
{
    struct job *job;

    while ((job = job_list_pop(taken)) != NULL) {
        if (job->run == ledger_thread_settlement)
            open_holds_cancel_end(&tail->holds,
                                  &((struct ledger_settlement *)job)->record.exchange_id);
        job_list_push(left, job);
    }
}

/* False: the tail is as it was before `start`, and takes nothing more of this generation. */
static bool make_durable(struct tail *tail, size_t start)
{
    bool ok;

    failpoint_reach(FAILPOINT_BEFORE_COMMIT);
    ok = write_out(tail, start);
    if (ok) {
        failpoint_reach(FAILPOINT_AFTER_COMMIT);
    } else {
        tail->active.bytes = start;
        tail->broken = tail->generation;
    }
    if (ok == tail->fails)
        log_event(ok ? LOG_INFO : LOG_ERROR,
                  ok ? "the ledger's tail can be written again"
                     : "the ledger's tail cannot be written; the tables are",
                  log_text("file", tail->path));
    tail->fails = !ok;
    return ok;
}

void tail_commit(struct tail *tail, struct wallets *wallets, struct job_list *jobs,
                 struct job_list *left)
{
    struct job_list taken = {0};
    int64_t now_ms = clock_wall_ms();
    size_t start;
    struct job *job;

    lock(tail);
    start = tail->active.bytes;
    while ((job = job_list_pop(jobs)) != NULL)
        job_list_push(take(tail, wallets, job, now_ms) ? &taken : left, job);
    if (taken.first && !make_durable(tail, start))
        give_back(tail, &taken, left);
    if (taken.first) {
        atomic_store(&tail->pending, true);
        atomic_fetch_add_explicit(&tail->commits, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&tail->jobs, taken.count, memory_order_relaxed);
    }
    for (job = taken.first; job; job = job->next)
        apply(tail, wallets, job);
    unlock(tail);
    *jobs = taken;
}

bool tail_pending(const struct tail *tail)
{
    return atomic_load(&tail->pending);
}

/* ---- the ledger thread ---- */

/* The next generation is only believed when this one ends with a seal; its first sync is the
 * seal's, too. */
static void append_seal(struct tail *tail)
{
    struct tail_place place = {tail->salt, tail->generation, tail->active.bytes};
    size_t start = tail->active.bytes;

    tail_record_put_seal(&tail->active, &place);
    if (!write_at(tail, tail->generation, start, tail->active.data + start,
                  tail->active.bytes - start))
        tail->broken = tail->generation; /* the next one waits until this one is in the tables */
    tail->active.bytes = start;
}

bool tail_seal(struct tail *tail)
{
    lock(tail);
    if (!tail->is_sealed && tail->file && (tail->active.bytes > 0 || is_broken(tail))) {
        struct buffer empty = tail->sealed;

        append_seal(tail);
        tail->sealed = tail->active;
        tail->active = empty;
        buffer_reset(&tail->active);
        tail->is_sealed = true;
        tail->generation++;
        atomic_store(&tail->pending, true); /* also where it is an empty one that was broken */
    }
    unlock(tail);
    return tail->is_sealed;
}

static uint64_t sealed_generation(const struct tail *tail)
{
    return tail->generation - 1;
}

bool tail_next(const struct tail *tail, size_t *at, struct tail_record *out)
{
    const struct slice rest = {tail->sealed.data + *at, tail->sealed.bytes - *at};
    const struct tail_place place = {tail->salt, sealed_generation(tail), *at};
    size_t size = 0;

    if (rest.bytes == 0)
        return false;
    check(tail_record_read(rest, &place, out, &size) == TAIL_FOUND);
    *at += size;
    return true;
}

bool tail_mark_applied(const struct tail *tail, struct db *db)
{
    return db_run(db, "UPDATE tail SET applied = ?1",
                  DB_VALUES(bind_int((int64_t)sealed_generation(tail))));
}

void tail_forget_sealed(struct tail *tail)
{
    lock(tail);
    buffer_reset(&tail->sealed);
    tail->is_sealed = false;
    if (tail->broken <= sealed_generation(tail))
        tail->broken = 0;
    if (tail->active.bytes == 0)
        atomic_store(&tail->pending, false);
    unlock(tail);
}

void tail_hold_opened(struct tail *tail, const struct ledger_hold *hold)
{
    lock(tail);
    open_holds_add(&tail->holds, hold);
    unlock(tail);
}

void tail_hold_ended(struct tail *tail, const struct id *exchange_id)
{
    lock(tail);
    open_holds_remove(&tail->holds, exchange_id);
    unlock(tail);
}

bool tail_hold_expires(struct tail *tail, const struct id *exchange_id)
{
    bool ours;

    lock(tail);
    ours = open_holds_expire(&tail->holds, exchange_id);
    unlock(tail);
    return ours;
}
