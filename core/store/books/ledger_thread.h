/* The ledger thread owns the tables. It applies the journal (journal.h). It also takes the jobs
 * that the journal does not: operations, settlements with a kept answer or objects, and all jobs if
 * the journal cannot be used. It writes them in one transaction, commits once, updates the tables
 * in memory and returns the jobs. It expires holds, notices what other processes wrote, and moves
 * the log into the database file (checkpoint). So no event loop ever waits for any of this.
 *
 * While the disk fails, it refuses holds and operations, and keeps settlements to try them
 * again. */
#ifndef STORE_BOOKS_LEDGER_THREAD_H
#define STORE_BOOKS_LEDGER_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/metrics.h"
#include "base/service.h"
#include "store/books/alerts_table.h"
#include "store/books/changes.h"
#include "store/books/notices.h"
#include "store/books/rollup.h"

struct alerts;
struct checkpoint;
struct db;
struct journal;
struct notes;
struct outbox;

/* What the thread works on; all is borrowed until it is stopped. */
struct ledger_parts {
    struct db *db;
    struct journal *journal;
    struct memory_tables memory;
    struct notes *notes;
    struct checkpoint *checkpoint;
    struct alerts *alerts; /* NULL: none */
    struct outbox *outbox;
    struct top_up_book *top_ups;
    const struct notice_switches *notices;
    struct quota_book *quotas;
};

struct ledger_thread {
    struct ledger_parts parts;
    struct service service;
    /* for any thread */
    atomic_bool writable;
    atomic_bool giving_up; /* settlements are no longer kept: store_give_up */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t jobs;
    struct metrics_histogram transactions; /* how long each took; it writes them */
    /* for the ledger thread only */
    struct job_list refreshes; /* wait for the changes of other processes */
    struct job_list reads;     /* for the reports threads, once the journal is applied */
    struct job_list unsettled; /* settlements that the disk has refused so far; they go first */
    struct rollup rollup;
    struct changes changes;
    bool operations_ran;   /* in this batch: it may have made changes */
    int64_t now_ms;        /* wall clock, of this batch */
    int64_t applied_us;    /* when the journal was last applied */
    int64_t polled_us;     /* when changes of other processes were last looked for */
    int64_t collected_us;  /* when debts were last collected */
    int64_t topped_up_us;  /* when low balances were last looked for */
    int64_t expired_us;    /* when holds were last expired */
    int64_t forget_due_us; /* when to look for expired answers */
    struct alerts_pace alerts_pace;
    struct notices_pace notices_pace;
    int64_t forget_objects_due_us;
    int64_t forget_turns_due_us;
    int64_t stop_deadline_us;
    int wal_pages;           /* in the log after the last commit */
    int wal_pages_tried;     /* at the last try of a checkpoint */
    bool checkpoint_asked;   /* the checkpoint thread was asked, and has not been seen to finish */
    int64_t checkpointed_us; /* when the checkpoint thread was last asked */
};

/* Starts the thread. It owns the writing handle until ledger_thread_stop. The changes must be
 * loaded. */
bool ledger_thread_start(struct ledger_thread *ledger, const struct ledger_parts *parts,
                         struct fault *fault);
/* Finishes the jobs that wait; settlements get some more seconds if the disk fails. Also after a
 * failed start. */
void ledger_thread_stop(struct ledger_thread *ledger);

#endif
