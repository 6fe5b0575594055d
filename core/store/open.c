/* Opens and closes a store: makes, starts and stops its parts (store.h). */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "store/books/alerts_table.h"
#include "store/books/apply.h"
#include "store/books/expiry.h"
#include "store/engine/migrate.h"
#include "store/store_internal.h"

enum { AWAIT_MS = 2000, AWAIT_STEP_MS = 5, LOCK_MS = 1000, LOCK_STEP_MS = 20 };

static void pause_ms(int ms)
{
    const struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

/* The lock ends with its descriptor, so a crash leaves none behind. */
static bool take_lock(struct store *store, struct fault *fault)
{
    char *path;
    check(asprintf(&path, "%s-lock", store->path) > 0);
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        fault_set(fault, "database_unusable", "cannot open %s: %s", path, strerror(errno));
        free(path);
        return false;
    }
    free(path);
    for (int ms = 0; ms <= (store->serve ? LOCK_MS : 0); ms += LOCK_STEP_MS) {
        if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (store->serve)
            pause_ms(LOCK_STEP_MS); /* the command line may have it for a moment */
    }
    if (store->serve)
        return fault_set(fault, "database_in_use",
                         "another gateway serves the database %s: stop it, or give this one "
                         "another `database`",
                         store->path);
    return fault_set(fault, "database_in_use",
                     "a gateway of an older version serves the database %s, which this version has "
                     "to change first: stop that one, then start this one",
                     store->path);
}

static void drop_lock(struct store *store)
{
    close(store->lock_fd);
    store->lock_fd = -1;
}

bool store_lock_alone(struct store *store)
{
    struct fault ignored;
    if (store->lock_fd < 0 && !take_lock(store, &ignored) && store->lock_fd >= 0)
        drop_lock(store);
    return store->lock_fd >= 0;
}

static bool start(struct store *store, enum db_mode mode, struct fault *fault)
{
    if ((store->journal.file == NULL &&
         !journal_open(&store->journal, &store->db, mode == DB_WRITE_POWER, fault)) ||
        !apply_recover(&store->db, &store->journal, fault) || !expiry_recover(&store->db, fault))
        return false;
    const struct ledger_parts parts = {
        .db = &store->db,
        .journal = &store->journal,
        .memory = {&store->wallets, &store->directory, &store->quota_settings, &store->quotas},
        .notes = &store->notes,
        .checkpoint = &store->checkpoint,
        .alerts = store->alerts,
        .outbox = &store->outbox,
        .notices = &store->notices,
        .quotas = &store->quotas,
        .top_ups = &store->top_ups};
    db_clear(&store->db);
    if (!journal_begin(&store->journal, &store->db) ||
        !changes_load(&store->ledger.changes, &parts.memory, &store->db) ||
        !alerts_table_load(store->alerts, &store->db))
        return fault_set(fault, "database_unusable", "the database cannot be read: %s",
                         store->db.failure_text);
    for (size_t i = 0; i < REPORTS_THREADS; i++) {
        if (!reports_start(&store->reports[i], store->path, i == REPORTS_LONG, fault))
            return false;
    }
    return checkpoint_start(&store->checkpoint, store->path, mode, fault) &&
           ledger_thread_start(&store->ledger, &parts, fault) &&
           (mode != DB_WRITE_POWER ||
            journal_thread_start(&store->journal_thread, &store->journal, &store->wallets,
                                 &store->ledger.service.queue, fault));
}

static bool has_journal(struct db *db)
{
    db_clear(db);
    return db_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'tail'", NULL, 0, 0) > 0;
}

/* If a migration is due, a running server is an older version: its tables would change under it,
 * and it could settle nothing any more. So migrate only without one. */
static bool migrate(struct store *store, const struct store_options *options, struct fault *fault)
{
    struct db *db = &store->db;
    bool due = false;
    bool ok;
    if (store->serve) {
        /* Refuse records of another version's format before the tables change. */
        return (!has_journal(db) ||
                journal_open(&store->journal, db, options->power_durable, fault)) &&
               migrate_run(db, options->migrations, options->migration_count, fault);
    }
    if (!migrate_is_due(db, options->migrations, options->migration_count, &due, fault))
        return false;
    if (!due)
        return true;
    if (!take_lock(store, fault))
        return false;
    ok = migrate_run(db, options->migrations, options->migration_count, fault);
    drop_lock(store);
    return ok;
}

static struct store *new_store(const char *path, bool serve)
{
    /* Its shards are aligned to cache lines, and calloc aligns only to 16. */
    struct store *store = aligned_alloc(_Alignof(struct store), sizeof *store);
    check(store != NULL);
    memset(store, 0, sizeof *store);
    store->path = strdup(path);
    check(store->path != NULL);
    store->serve = serve;
    store->lock_fd = -1;
    wallet_init(&store->wallets);
    directory_table_init(&store->directory);
    quota_settings_init(&store->quota_settings);
    quota_book_init(&store->quotas);
    top_up_book_init(&store->top_ups);
    claims_table_init(&store->claims);
    notes_table_init(&store->notes);
    outbox_table_init(&store->outbox);
    journal_init(&store->journal);
    return store;
}

struct store *store_open(const struct store_options *options, struct fault *fault)
{
    enum db_mode mode = options->power_durable ? DB_WRITE_POWER : DB_WRITE_PROCESS;
    struct store *store = new_store(options->path, options->serve);
    store->providers_shown = options->providers_shown;
    store->alerts = options->alerts;
    store->quotas.near_ppm = options->quota_near_ppm;
    if ((!store->serve || take_lock(store, fault)) &&
        db_open(&store->db, store->path, mode, fault) && migrate(store, options, fault) &&
        (store->serve ? start(store, mode, fault) : store_await_tables(store->path, fault)))
        return store;
    store_close(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    journal_thread_stop(&store->journal_thread);
    ledger_thread_stop(&store->ledger); /* forwards the reads */
    for (size_t i = 0; i < REPORTS_THREADS; i++)
        reports_stop(&store->reports[i]);
    checkpoint_stop(&store->checkpoint);
    if (!checkpoint_trusted(&store->checkpoint))
        db_keep_log(&store->db);
    db_close(&store->db);
    journal_fini(&store->journal);
    notes_table_fini(&store->notes);
    outbox_table_fini(&store->outbox);
    claims_table_fini(&store->claims);
    quota_book_fini(&store->quotas);
    top_up_book_fini(&store->top_ups);
    quota_settings_fini(&store->quota_settings);
    directory_table_fini(&store->directory);
    wallet_fini(&store->wallets);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->path);
    free(store);
}

/* ---- for readers beside a server ---- */

static uint64_t applied_now(const char *path, uint64_t *newest)
{
    struct db db;
    struct fault fault;
    uint64_t applied = JOURNAL_UNKNOWN;
    if (db_open(&db, path, DB_READ, &fault)) {
        applied = journal_applied(&db);
        *newest = applied == JOURNAL_UNKNOWN ? 0 : journal_newest(&db);
    }
    db_close(&db);
    return applied;
}

/* Applies what a crash has left in the journal. False with an empty fault: another process
 * serves. */
static bool write_tables(const char *path, struct fault *fault)
{
    struct store *store = new_store(path, false);
    bool ok;
    if (take_lock(store, fault)) {
        ok = db_open(&store->db, path, DB_WRITE_POWER, fault) &&
             journal_open(&store->journal, &store->db, true, fault) &&
             apply_recover(&store->db, &store->journal, fault);
    } else {
        ok = false;
        if (strcmp(fault->code, "database_in_use") == 0)
            *fault = (struct fault){0};
    }
    store_close(store);
    return ok;
}

bool store_await_tables(const char *path, struct fault *fault)
{
    uint64_t newest = 0;
    uint64_t ignored;
    uint64_t applied = applied_now(path, &newest);
    for (int ms = 0; applied < newest && ms < AWAIT_MS; ms += AWAIT_STEP_MS) {
        if (write_tables(path, fault))
            return true;
        if (fault->code[0])
            return false;
        pause_ms(AWAIT_STEP_MS);
        applied = applied_now(path, &ignored);
    }
    return true;
}

void store_cancel_reads(struct store *store)
{
    for (size_t i = 0; i < REPORTS_THREADS; i++)
        reports_cancel(&store->reports[i]);
}

void store_give_up(struct store *store)
{
    atomic_store(&store->ledger.giving_up, true);
}

bool store_writable(const struct store *store)
{
    return atomic_load_explicit(&store->ledger.writable, memory_order_relaxed);
}

void store_totals(const struct store *store, struct store_totals *out)
{
    /* Locks the wallets' mutexes, but does not change the store. */
    struct store *unlocked = (struct store *)(uintptr_t)store;
    wallet_totals(&unlocked->wallets, &out->open_holds, &out->held_nusd);
    out->commits = atomic_load_explicit(&store->ledger.commits, memory_order_relaxed) +
                   atomic_load_explicit(&store->journal.commits, memory_order_relaxed);
    out->jobs = atomic_load_explicit(&store->ledger.jobs, memory_order_relaxed) +
                atomic_load_explicit(&store->journal.jobs, memory_order_relaxed);
}
