/* Changes: the balances, keys and users that must be loaded into memory again. The table `changes`
 * lists them, whether an operation of this process or the command line made them. They are read
 * inside a transaction, and put into wallets and directory after its commit. Owned by the ledger
 * thread. */
#ifndef STORE_BOOKS_CHANGES_H
#define STORE_BOOKS_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "store/engine/db.h"

struct change;
struct directory;
struct quota_book;
struct quota_settings;
struct wallets;

struct memory_tables {
    struct wallets *wallets;
    struct directory *directory;
    struct quota_settings *quotas;
    struct quota_book *used; /* its counters are loaded again when a key's group has changed */
};

/* QUOTAS: those of a key or user, whose change it is. */
enum change_kind { CHANGE_ACCOUNT, CHANGE_KEY, CHANGE_USER, CHANGE_QUOTAS };

struct changes {
    int64_t known_seq;  /* up to this one, memory has them */
    int64_t staged_seq; /* up to this one, they are staged */
    struct change *first;
    struct change *last;
};

/* For operations: notes a change in the open transaction. */
bool changes_note(struct db *db, enum change_kind kind, const char *id);

/* Loads everything, when the store opens. */
bool changes_load(struct changes *changes, const struct memory_tables *memory, struct db *db);
/* Stages what is new in the open transaction. False: db->failure; nothing is staged. */
bool changes_stage(struct changes *changes, struct db *db);
/* Puts what is staged into memory. Call it after the commit. */
void changes_apply(struct changes *changes, const struct memory_tables *memory);
/* Forgets what is staged, after a rollback. */
void changes_drop(struct changes *changes);

#endif
