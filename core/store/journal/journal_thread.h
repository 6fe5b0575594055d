/* The thread that makes holds and settlements durable where that takes a sync of the disk
 * (`durability = power`): it appends all that wait to the journal (journal.h), syncs once, and
 * sends them back. What the journal does not take goes on to the ledger thread. */
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
    /* the thread's own */
    int64_t committed_us; /* when the last commit began */
    size_t crowd;         /* how many jobs it had */
};

/* The three are borrowed until it is stopped. */
bool journal_thread_start(struct journal_thread *thread, struct journal *journal,
                          struct wallets *wallets, struct job_queue *ledger, struct fault *fault);
/* Finishes what waits. Before the ledger thread is stopped. */
void journal_thread_stop(struct journal_thread *thread);

#endif
