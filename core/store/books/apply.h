/* Applies the ledger's journal: writes into the tables what they lack. On the thread that owns the
 * writing handle: the ledger thread, or the caller that opens the store. */
#ifndef STORE_BOOKS_APPLY_H
#define STORE_BOOKS_APPLY_H

#include <stdbool.h>

#include "base/fault.h"
#include "store/books/changes.h"

struct journal;
struct rollup;

/* What is needed to apply the journal; all is borrowed. */
struct apply {
    struct db *db;
    struct journal *journal;
    struct memory_tables memory;
    struct rollup *rollup;
    struct changes *changes;
};

/* Applies all that was in the journal at the call, in one transaction, and loads the changes of
 * other processes into memory. False: the tables cannot be written now (db->failure_text); the
 * journal keeps all. */
bool apply_all(const struct apply *apply);
/* The same when no job waits for it: lets other threads go first, for up to 10 ms in all. */
bool apply_in_steps(const struct apply *apply);

/* At the start, before memory is loaded: applies what a crash has left in the journal. */
bool apply_recover(struct db *db, struct journal *journal, struct fault *fault);

#endif
