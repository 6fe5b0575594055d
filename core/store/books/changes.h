/* What has to be loaded into memory again: customers' balances, keys, users. The table `changes`
 * lists them, whoever made them: an operation of this process, or the command line meanwhile. Read
 * inside a transaction, put into wallets and directory after its commit. The ledger thread's. */
#ifndef STORE_BOOKS_CHANGES_H
#define STORE_BOOKS_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "store/engine/db.h"

struct change;
struct directory;
struct wallets;

/* Where they are put. */
struct memory_tables {
    struct wallets *wallets;
    struct directory *directory;
};

enum change_kind { CHANGE_ACCOUNT, CHANGE_KEY, CHANGE_USER };

struct changes {
    int64_t known_seq;  /* what memory holds */
    int64_t staged_seq; /* what is staged below */
    struct change *first;
    struct change *last;
};

/* For operations: notes a change in the open transaction. */
bool changes_note(struct db *db, enum change_kind kind, const char *id);

/* Loads everything: when the store opens. */
bool changes_load(struct changes *changes, const struct memory_tables *memory, struct db *db);
/* Reads what is new into `changes`, as the open transaction sees it. False: db->failure; nothing
 * is staged. */
bool changes_stage(struct changes *changes, struct db *db);
/* Puts what is staged into memory: call when what was read is committed. */
void changes_apply(struct changes *changes, const struct memory_tables *memory);
/* Forgets what is staged: the transaction was rolled back. */
void changes_drop(struct changes *changes);

#endif
