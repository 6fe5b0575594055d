/* Writes money into the open transaction: holds, their resolutions, transfers, balances. It does
 * not know batches or memory. On the thread that owns the writing handle. */
#ifndef STORE_BOOKS_POSTING_H
#define STORE_BOOKS_POSTING_H

#include <stdbool.h>
#include <stdint.h>

#include "store/books/posting_rows.h"
#include "store/engine/db.h"
#include "store/ledger.h"

/* DONE: written. REFUSED: nothing was written, and the disk is fine. FAILED: db->failure or
 * db->constraint says why, and the transaction must be rolled back. */
enum posting { POSTING_DONE, POSTING_REFUSED, POSTING_FAILED };

enum posting posting_hold(struct db *db, const struct ledger_hold *hold);
/* The two halves of it, for one transaction: the hold, and that it is open. The second is left out
 * if the settlement follows in the same transaction (posting_batch.h): no reader ever sees the hold
 * open. */
enum posting posting_new_hold(struct db *db, const struct ledger_hold *hold);
enum posting posting_open_hold(struct db *db, const struct ledger_hold *hold);
/* REFUSED: no such hold is open (it has ended, or its row was never written), or account, key or
 * amount differ from the hold's. The caller writes balances and totals: see rollup.h. *last_charge
 * is the transfer of the account's last charge (0: none); a charge replaces it. */
enum posting posting_settlement(struct db *db, const struct ledger_settlement *settlement,
                                int64_t now_ms, int64_t *last_charge);
/* The first half of it: the hold is no longer open. */
enum posting posting_close_hold(struct db *db, const struct ledger_settlement *settlement);
/* What a settlement has beside its transfers, its usage record and its resolution: few have any.
 * False: db->failure or db->constraint. */
bool posting_rare_rows(struct db *db, const struct ledger_settlement *settlement, int64_t now_ms,
                       int64_t usage_seq);
/* Ends an open hold without a usage record; `outcome` is "void" or "expire". */
enum posting posting_end_hold(struct db *db, const char *exchange_id, const char *outcome,
                              int64_t held_nusd, int64_t now_ms);

/* A transfer outside of a settlement, with its balances. */
struct posting_transfer {
    struct id id;
    const char *debit_account;
    const char *credit_account;
    int64_t amount_nusd; /* > 0 */
    const char *kind;
    const char *exchange_id; /* NULL: no exchange */
    const char *reason;      /* NULL: no reason */
    const char *receipt;     /* of a credit: what its receipt calls it; NULL: by its kind */
    const char *paid;        /* of a payment: as of struct notice_receipt */
};
bool posting_transfer(struct db *db, const struct posting_transfer *transfer, int64_t now_ms);
/* What a call that the operator pays (of kind "shadow", "hedge" or "test_call") has cost at this
 * provider, from revenue. Nothing for 0. */
bool posting_own_cost(struct db *db, const char *kind, const char *exchange_id,
                      const char *provider, int64_t cost_nusd, int64_t now_ms);

struct posting_change {
    int64_t credit_nusd;
    int64_t debit_nusd;
    int64_t last_charge; /* 0: no change */
};
/* Adds to a balance. An account of the operator is made if it does not exist. */
bool posting_balance(struct db *db, const char *account_id, const struct posting_change *change,
                     int64_t now_ms);
/* Makes an account with a balance of 0. */
bool posting_account(struct db *db, const char *account_id, bool customer, int64_t now_ms);

#endif
