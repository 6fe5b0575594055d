#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/check.h"
#include "store/migrate.h"
#include "store/state.h"

/* The lock lives as long as its descriptor, so a crash leaves none behind. */
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
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
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

static bool start(struct store *store, enum db_mode mode, struct fault *fault)
{
    if (!ledger_thread_recover(&store->db, fault))
        return false;
    db_clear(&store->db);
    if (!changes_load(&store->ledger.changes, store, &store->db))
        return fault_set(fault, "database_unusable", "the database cannot be read: %s",
                         store->db.failure_text);
    for (size_t i = 0; i < REPORTS_THREADS; i++) {
        if (!reports_start(&store->reports[i], store->path, fault))
            return false;
    }
    return checkpoint_start(&store->checkpoint, store->path, mode, fault) &&
           ledger_thread_start(&store->ledger, store, fault);
}

/* A server that runs already is of an older version when something is due: it would find its tables
 * changed under it and could settle nothing any more. */
static bool migrate(struct store *store, const struct store_options *options, struct fault *fault)
{
    struct db *db = &store->db;
    bool due = false;
    bool ok;

    if (store->serve)
        return migrate_run(db, options->migrations, options->migration_count, fault);
    if (!migrate_is_due(db, options->migrations, options->migration_count, &due, fault))
        return false;
    if (!due)
        return true;
    if (!take_lock(store, fault))
        return false;
    ok = migrate_run(db, options->migrations, options->migration_count, fault);
    close(store->lock_fd);
    store->lock_fd = -1;
    return ok;
}

struct store *store_open(const struct store_options *options, struct fault *fault)
{
    enum db_mode mode = options->power_durable ? DB_WRITE_POWER : DB_WRITE_PROCESS;
    struct store *store = calloc(1, sizeof(*store));

    check(store);
    store->path = strdup(options->path);
    check(store->path);
    store->serve = options->serve;
    store->lock_fd = -1;
    wallet_init(&store->wallets);
    directory_init(&store->directory);
    claims_init(&store->claims);
    if ((!store->serve || take_lock(store, fault)) &&
        db_open(&store->db, store->path, mode, fault) && migrate(store, options, fault) &&
        (!store->serve || start(store, mode, fault)))
        return store;
    store_close(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < REPORTS_THREADS; i++)
        reports_stop(&store->reports[i]);
    ledger_thread_stop(&store->ledger);
    checkpoint_stop(&store->checkpoint);
    if (!checkpoint_trusted(&store->checkpoint))
        db_keep_log(&store->db);
    db_close(&store->db);
    claims_fini(&store->claims);
    directory_fini(&store->directory);
    wallet_fini(&store->wallets);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->path);
    free(store);
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
    /* The wallets' mutexes are taken: a change of state that leaves the store as it is. */
    struct store *unlocked = (struct store *)(uintptr_t)store;

    wallet_totals(&unlocked->wallets, &out->open_holds, &out->held_nusd);
    out->commits = atomic_load_explicit(&store->ledger.commits, memory_order_relaxed);
    out->jobs = atomic_load_explicit(&store->ledger.jobs, memory_order_relaxed);
}
