/* Writes into the tables what the ledger's journal has on top of them. On the thread that owns the
 * writing handle: the ledger thread, and at start whoever opens the store. */
#ifndef STORE_BOOKS_APPLY_H
#define STORE_BOOKS_APPLY_H

#include <stdbool.h>

#include "base/fault.h"
#include "store/books/changes.h"

struct journal;
struct rollup;

/* What is written from where to where; all of it is borrowed. */
struct apply {
    struct db *db;
    struct journal *journal;
    struct memory_tables memory;
    struct rollup *rollup;
    struct changes *changes;
};

/* All that was in the journal when this was called, in one transaction, and what other processes
 * have changed meanwhile into memory. False: the tables cannot be written now
 * (db->failure_text); nothing is lost, the journal keeps it. */
bool apply_all(const struct apply *apply);
/* The same when nobody waits for it: other threads go first, for up to 10 ms in all. */
bool apply_in_steps(const struct apply *apply);

/* At start, before memory is loaded: what a crash has left in the journal. */
bool apply_recover(struct db *db, struct journal *journal, struct fault *fault);

#endif
