/* Ends holds that no exchange will settle any more: expired ones, and at the start those that a
 * crash has left open. On the thread that owns the writing handle. */
#ifndef STORE_BOOKS_EXPIRY_H
#define STORE_BOOKS_EXPIRY_H

#include <stdbool.h>

#include "base/fault.h"
#include "store/engine/db.h"

struct journal;
struct wallets;

/* Expires up to 64 holds in one transaction. The ledger thread calls it from time to time. */
void expiry_run(struct db *db, struct journal *journal, struct wallets *wallets);

/* Ends all open holds in one transaction, when the journal was applied. False: *fault. */
bool expiry_recover(struct db *db, struct fault *fault);

#endif
