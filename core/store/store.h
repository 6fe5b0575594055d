/* The store: the one SQLite database of this gateway, the threads that use it, and the tables in
 * memory that answer without waiting for it. Only engine/ includes sqlite3.h.
 *
 *   journal            a file beside the database (FILE-tail) to which holds and settlements are
 *                   appended; what is in it is durable. With `durability = power` by a thread of
 *                   its own, which syncs once for all that wait: at once when idle; in a crowd it
 *                   waits up to 0.5 ms for the others. Else by the caller: nothing to wait for.
 *   ledger thread   owns the one writing handle. Writes the tables behind the journal, and what the
 *                   journal does not take: one transaction a batch, then returns the jobs.
 *   reports threads two read-only handles: one for what is quick (sessions, balances), one for what
 *                   may take long (lists, sums), which is stopped after 10 s.
 *   checkpoint      moves the log into the database file, so that the ledger thread need not.
 *   memory          wallets (posted, held) and the key directory, loaded at start; a hold is
 *                   decided here, on the calling thread, and written behind. Guarded by mutexes
 *                   inside.
 *
 * One process serves a database: a lock file beside it (FILE-lock) refuses a second. The command
 * line's `credit`, `refund`, `key create` and `user create` may write from another process
 * meanwhile: the ledger thread sees the foreign change (the table `changes`, looked at in each
 * batch and at least every 100 ms) and loads it. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/asset.h"
#include "base/fault.h"

struct store;

struct store_options {
    const char *path;   /* the database file; its folder must exist */
    bool power_durable; /* synchronous=FULL; else NORMAL: survives kill -9 only */
    /* Take the server lock, recover open holds, start the threads; else (command line) no threads:
     * store_call_now only. */
    bool serve;
    bool providers_shown;           /* customers see which provider answered */
    const struct asset *migrations; /* sorted by name "NNNN_words.sql" */
    size_t migration_count;
};

/* Opens, migrates (each migration once, in order, in one transaction with its row in `migrations`:
 * name, SHA-256; an applied one whose text differs, or that is missing, is refused; so is a
 * database newer than us), and with `serve` voids the holds that a crash has left open. NULL:
 * *fault says what to do. */
struct store *store_open(const struct store_options *options, struct fault *fault);
/* Finishes all jobs that wait, stops the threads, closes. No other thread may use the store any
 * more. */
void store_close(struct store *store);

/* For a reader beside a server (or after a crash): waits until the tables of the database have
 * all that was answered before this call. Where nobody serves it, writes them itself. True also
 * after 2 s in which a server could not write them. False: *fault. */
bool store_await_tables(const char *path, struct fault *fault);

/* For a stop that waits no longer: lists and sums that wait or are under way fail soon, for nobody
 * waits for their answers any more. Any thread. */
void store_cancel_reads(struct store *store);
/* For a stop while the disk fails, after all patience: from now on a settlement that the disk
 * refuses comes back as not durable instead of being kept. Any thread. */
void store_give_up(struct store *store);

/* True while the last batch could be committed: for /readyz. Any thread. */
bool store_writable(const struct store *store);

struct store_totals {
    int64_t open_holds;
    int64_t held_nusd;
    uint64_t commits;
    uint64_t jobs;
};
void store_totals(const struct store *store, struct store_totals *out); /* any thread */

/* Recomputes every balance, key total and roll-up from transfers and usage, checks that the
 * sum over all accounts is 0, that no customer is below zero, that every hold has at most one
 * resolution, that every settlement's transfers add up to its usage record, that no refund is above
 * its charge, and that every kept answer is of something that was done. Appends one line of text
 * for each difference to `report` (struct buffer). True: nothing differs. False: *fault has code
 * "ledger_differs", or says why the database cannot be read. Works on its own read-only handle,
 * also while a server runs. */
struct buffer;
bool store_verify(const char *path, struct buffer *report, struct fault *fault);

/* For the command line: whether no server runs, and none will before this store is closed. */
bool store_lock_alone(struct store *store);

#endif
