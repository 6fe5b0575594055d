/* The ledger thread owns the tables. It writes behind the journal (journal.h) what that has made
 * durable; and takes the jobs that the journal does not (operations, settlements with a kept
 * answer, all of them when the journal cannot be used): writes them in one transaction, commits
 * once, brings the tables in memory up to it and returns the jobs. It also expires holds,
 * notices what other processes wrote and moves the log into the database file (checkpoint), so
 * that no event loop ever waits for any of it.
 *
 * While the disk fails: holds and operations are refused, settlements are kept and tried again. */
#ifndef STORE_BOOKS_LEDGER_THREAD_H
#define STORE_BOOKS_LEDGER_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/service.h"
#include "store/books/changes.h"
#include "store/books/rollup.h"

struct checkpoint;
struct db;
struct journal;
struct notes;

/* What it works on; all of it is borrowed until it is stopped. */
struct ledger_parts {
    struct db *db;
    struct journal *journal;
    struct memory_tables memory;
    struct notes *notes;
    struct checkpoint *checkpoint;
};

struct ledger_thread {
    struct ledger_parts parts;
    struct service service;
    /* any thread */
    atomic_bool writable;
    atomic_bool giving_up; /* settlements are not kept any more: store_give_up */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t jobs;
    /* the thread's own */
    struct job_list refreshes; /* until other processes' changes have been looked for */
    struct job_list reads;     /* for the reports threads, when the tables have caught up */
    struct job_list unsettled; /* settlements that the disk has refused so far; they go first */
    struct rollup rollup;
    struct changes changes;
    bool operations_ran;   /* in this batch: there may be own changes */
    int64_t now_ms;        /* wall, of this batch */
    int64_t caught_up_us;  /* when the tables were last brought up to the journal */
    int64_t polled_us;     /* when foreign changes were last looked for */
    int64_t collected_us;  /* when debts were last collected */
    int64_t expired_us;    /* when expired holds were */
    int64_t forget_due_us; /* when to look for answers that are kept no longer */
    int64_t stop_deadline_us;
    int wal_pages;           /* in the log after the last commit */
    int wal_pages_tried;     /* when a checkpoint was last tried */
    bool checkpoint_asked;   /* of the checkpoint thread, and its end not yet seen */
    int64_t checkpointed_us; /* when one was last asked of it */
};

/* The writing handle is the thread's from here until ledger_thread_stop; changes are loaded. */
bool ledger_thread_start(struct ledger_thread *ledger, const struct ledger_parts *parts,
                         struct fault *fault);
/* Finishes what waits; settlements get some more seconds when the disk fails. Also after a failed
 * start. */
void ledger_thread_stop(struct ledger_thread *ledger);

#endif
