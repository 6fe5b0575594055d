/* The debts of customers: see debts.c. On the ledger thread, inside an open transaction. */
#ifndef STORE_OPERATIONS_DEBTS_H
#define STORE_OPERATIONS_DEBTS_H

#include <stdint.h>

#include "store/call.h"
#include "store/engine/db.h"

/* The account's debt; 0: none. */
int64_t debts_owed(struct db *db, const char *account_id);
/* Pays the debt as far as the account can. `fresh_nusd` of its balance has just come in. */
bool debts_pay(struct store_call *call, struct db *db, const char *account_id, int64_t fresh_nusd);

#endif
