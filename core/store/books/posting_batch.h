/* Holds and settlements that are written together, each table by one statement: what a statement
 * costs SQLite beside its row is paid once. The rows are the same as posting.h writes, with the
 * same numbers. Borrows what is added until it is written. One thread, within one transaction. */
#ifndef STORE_BOOKS_POSTING_BATCH_H
#define STORE_BOOKS_POSTING_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/books/posting_rows.h"
#include "store/engine/db.h"

enum { POSTING_BATCH_MAX = 256 }; /* holds and settlements */

struct posting_batch {
    const struct ledger_hold *holds[POSTING_BATCH_MAX];
    size_t hold_count;
    struct posting_batched {
        struct posting_entry entry;
        int64_t transfer_seq; /* of its first transfer; 0: it has none */
    } settlements[POSTING_BATCH_MAX];
    size_t settlement_count;
    int64_t first_transfer_seq;
    int64_t next_transfer_seq;
    int64_t first_usage_seq;
};

/* Empties it, and reads the numbers of the next rows: nothing else may add transfers or usage
 * until it is written. False: db->failure. */
bool posting_batch_begin(struct posting_batch *batch, struct db *db);
void posting_batch_add_hold(struct posting_batch *batch, const struct ledger_hold *hold);
/* Of a hold that has ended (posting_close_hold), or that was added before. *last_charge is as of
 * posting_settlement. */
void posting_batch_add_settlement(struct posting_batch *batch,
                                  const struct ledger_settlement *settlement, int64_t at_ms,
                                  int64_t *last_charge);
/* False: db->failure, or db->constraint. Some rows may be written then: roll back. */
bool posting_batch_write(struct posting_batch *batch, struct db *db);

#endif
