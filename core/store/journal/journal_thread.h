/* The journal thread makes holds and settlements durable if that needs a sync of the disk
 * (`durability = power`). It appends all that wait to the journal (journal.h), syncs once, and
 * returns them. It forwards to the ledger thread what the journal does not take. */
#ifndef STORE_JOURNAL_JOURNAL_THREAD_H
#define STORE_JOURNAL_JOURNAL_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/service.h"

struct journal;
struct wallets;

struct journal_thread {
    struct journal *journal;
    struct wallets *wallets;
    struct job_queue *ledger; /* takes what the journal does not */
    struct service service;
    /* for the journal thread only */
    int64_t committed_us; /* when the last commit began */
    size_t crowd;         /* the jobs of that commit */
};

/* Journal, wallets and queue are borrowed until the thread is stopped. */
bool journal_thread_start(struct journal_thread *thread, struct journal *journal,
                          struct wallets *wallets, struct job_queue *ledger, struct fault *fault);
/* Finishes the jobs that wait. Call it before the ledger thread is stopped. */
void journal_thread_stop(struct journal_thread *thread);

#endif
