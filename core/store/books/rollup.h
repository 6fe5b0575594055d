/* The sums of one batch: what its settlements add to balances, key totals and the sums by hour.
 * They are added up in memory, so that a row that many settlements change is written once, before
 * the commit. Owned by the ledger thread; lives as long as the batch, because the texts are the
 * jobs'. */
#ifndef STORE_BOOKS_ROLLUP_H
#define STORE_BOOKS_ROLLUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/books/posting.h"
#include "store/books/posting_batch.h"
#include "store/engine/db.h"
#include "store/usage.h"

/* HOUR: a row of `hourly`, for one customer. SALES: a quarter of an hour, for all customers. */
enum rollup_kind { ROLLUP_BALANCE, ROLLUP_KEY, ROLLUP_HOUR, ROLLUP_SALES };

enum { ROLLUP_SUMS = 9 };

struct rollup_row {
    uint64_t hash;
    enum rollup_kind kind;
    int64_t period; /* hours or quarters of an hour since 1970 */
    const char *account_id;
    const char *key_id;
    const char *model;
    const char *provider;
    char cost_name[POSTING_ACCOUNT_BYTES]; /* "cost:PROVIDER" for such a balance, else "" */
    /* BALANCE: credited, debited, last charge. KEY: spent, requests, last used, abandoned. HOUR
     * and SALES: requests, errors, input, cached input, output, reasoning tokens, charge, cost,
     * overrun. */
    int64_t sums[ROLLUP_SUMS];
    struct unit_counts *others; /* HOUR and SALES: units that no sum has; NULL: none. Owned */
};

struct rollup {
    struct rollup_row *rows;
    size_t row_count;
    size_t row_capacity;
    uint32_t *slots; /* row + 1, 0: free; twice as many as rows */
};

void rollup_init(struct rollup *rollup,
                 size_t settlements_max); /* a settlement adds at most 7 rows */
void rollup_fini(struct rollup *rollup);
void rollup_reset(struct rollup *rollup);
/* Writes a settlement into the open transaction (posting_settlement), and adds what it changes to
 * the sums. The record is borrowed until the sums are written. */
enum posting rollup_post(struct rollup *rollup, struct db *db,
                         const struct ledger_settlement *settlement, int64_t now_ms);
/* The same for a hold that has ended, except that `batch` writes the settlement. */
void rollup_post_later(struct rollup *rollup, struct db *db, struct posting_batch *batch,
                       const struct ledger_settlement *settlement, int64_t now_ms);
/* Writes the rows into the open transaction. False: db->failure or db->constraint. */
bool rollup_write(struct rollup *rollup, struct db *db, int64_t now_ms);

#endif
