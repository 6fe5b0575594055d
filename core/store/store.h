/* The store: the one SQLite database of the gateway, the threads that use it, and the tables in
 * memory that answer without it. Only engine/ includes sqlite3.h.
 *
 *   journal         a file beside the database (FILE-tail) to which holds and settlements are
 *                   appended; what is in it is durable. With `durability = power` a thread of its
 *                   own appends and syncs once for all that wait: at once when idle; in a crowd it
 *                   waits up to 0.5 ms for the others. Else the caller appends, and nothing waits.
 *   ledger thread   owns the one writing handle. Applies the journal, and writes what the journal
 *                   does not take: one transaction a batch, then returns the jobs.
 *   reports threads two read-only handles: one for quick reads (sessions, balances), one for long
 *                   ones (lists, sums), which are stopped after 10 s.
 *   checkpoint      moves the log into the database file, so that the ledger thread need not.
 *   memory          wallets (posted, held) and the key directory, loaded at the start; a hold is
 *                   decided here, on the calling thread, and written later. Guarded by mutexes
 *                   inside.
 *
 * One process serves a database: a lock file beside it (FILE-lock) refuses a second. The command
 * line may write from another process meanwhile: the ledger thread loads what the table `changes`
 * lists, at least every 100 ms. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/asset.h"
#include "base/fault.h"

struct alerts;
struct store;

struct store_options {
    const char *path;   /* its folder must exist */
    bool power_durable; /* synchronous=FULL; else NORMAL, which survives only kill -9 */
    /* Takes the server lock, recovers open holds and starts the threads. Without it (command line)
     * there are no threads, and only store_call_now works. */
    bool serve;
    bool providers_shown;           /* customers see which provider answered */
    const struct asset *migrations; /* sorted by name "NNNN_words.sql" */
    size_t migration_count;
    struct alerts *alerts;  /* or NULL */
    int64_t quota_near_ppm; /* a used share that is worth a warning; 0: none */
};

/* Opens and migrates the database (each migration once, in order, in one transaction with its row
 * in `migrations`: name, SHA-256). Refuses an applied migration that differs or is missing, and a
 * database newer than this program. With `serve` voids the holds that a crash has left open. NULL:
 * *fault says what to do. */
struct store *store_open(const struct store_options *options, struct fault *fault);
/* Finishes all jobs that wait, stops the threads, closes. No other thread may use the store any
 * more. */
void store_close(struct store *store);

/* For a reader beside a server (or after a crash): waits until the tables have all that was
 * answered before this call. If no server runs, applies the journal itself. True also after 2 s in
 * which a server could not write the tables. False: *fault. */
bool store_await_tables(const char *path, struct fault *fault);

/* For a quick stop: lists and sums that wait or run fail soon, because no client waits for them any
 * more. Any thread. */
void store_cancel_reads(struct store *store);
/* For a stop while the disk still fails: from now on a settlement that the disk refuses returns as
 * not durable, and is not kept. Any thread. */
void store_give_up(struct store *store);

/* Whether the last batch could be committed: for /readyz. Any thread. */
bool store_writable(const struct store *store);

struct store_totals {
    int64_t open_holds;
    int64_t held_nusd;
    uint64_t commits;
    uint64_t jobs;
};
void store_totals(const struct store *store, struct store_totals *out); /* any thread */

/* Recomputes every balance, key total and roll-up from transfers and usage, and checks what must
 * hold between them (books/verify.c). Appends a line to `report` for each difference. True: nothing
 * differs. False: *fault has the code "ledger_differs", or says why the database cannot be read.
 * Works on its own read-only handle, also while a server runs. */
struct buffer;
bool store_verify(const char *path, struct buffer *report, struct fault *fault);

/* For the command line: takes the lock if no server runs. True: none will run before this store is
 * closed. */
bool store_lock_alone(struct store *store);

#endif
