/* The debts of customers: see debts.c. On the ledger thread, inside an open transaction. */
#ifndef STORE_OPERATIONS_DEBTS_H
#define STORE_OPERATIONS_DEBTS_H

#include <stdint.h>

#include "base/id.h"
#include "store/call.h"
#include "store/engine/db.h"

/* The account's debt; 0: none. */
int64_t debts_owed(struct db *db, const char *account_id);
/* Pays the debt as far as the account can. `fresh_nusd` of its balance has just come in. */
bool debts_pay(struct store_call *call, struct db *db, const char *account_id, int64_t fresh_nusd);
/* Takes a correction from the customer: what is there at once, the rest is a debt. The caller has
 * checked that `amount_nusd` is above 0 and that the sum of debts stays an amount. */
bool debts_take(struct store_call *call, struct db *db, const struct id *user_id,
                const struct id *account_id, int64_t amount_nusd, const char *reason);
/* The same with what an erased customer has, also what calls hold: it stays apart, and pays what
 * the account owes when they have ended, or later. */
bool debts_forfeit(struct store_call *call, struct db *db, const struct id *user_id,
                   const struct id *account_id, int64_t amount_nusd);
/* The same with what has just come in for a customer who is erased. */
bool debts_forfeit_fresh(struct store_call *call, struct db *db, const struct id *user_id,
                         const struct id *account_id, int64_t fresh_nusd);

#endif
