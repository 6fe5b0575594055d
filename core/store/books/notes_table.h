/* The queue of notes and their tables (notes.h is the face). Any thread adds notes, guarded by a
 * mutex inside; the ledger thread writes and deletes them. */
#ifndef STORE_BOOKS_NOTES_TABLE_H
#define STORE_BOOKS_NOTES_TABLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/notes.h"

struct db;
struct wallets;

enum { NOTES_ACCOUNTS = 1024 };

/* An account's refusals in a minute. */
struct notes_sample {
    struct id account_id;
    int64_t minute;
    int64_t kept;
    int64_t left_out; /* and not yet written */
};

struct note;

struct notes {
    pthread_mutex_t mutex;
    struct note *first;
    struct note *last;
    size_t count;
    uint64_t dropped; /* and not yet logged */
    struct notes_sample samples[NOTES_ACCOUNTS];
    atomic_bool waiting;
    int64_t forget_due_us; /* for the ledger thread only */
};

void notes_table_init(struct notes *notes);
void notes_table_fini(struct notes *notes);
/* Whether a note waits that a reader of the tables would miss. */
bool notes_table_is_waiting(const struct notes *notes);
/* For the ledger thread, outside of a transaction: writes what waits; deletes what is old. */
void notes_table_write(struct notes *notes, struct wallets *wallets, struct db *db);
void notes_table_forget(struct notes *notes, struct db *db);

bool notes_table_take_refusal(struct notes *notes, const struct id *account_id, int64_t now_ms);
void notes_table_put_refusal(struct notes *notes, const struct refused_call *refused);
void notes_table_put_attempt(struct notes *notes, const struct id *exchange_id,
                             const struct attempt_note *attempt);

#endif
