/* Calls that were refused, as they are shown: in the form of a usage record that used nothing.
 * Inside the store floor only; on the reports threads. */
#ifndef STORE_QUESTIONS_REFUSALS_H
#define STORE_QUESTIONS_REFUSALS_H

#include <stdbool.h>

#include "store/engine/db.h"

struct store_call;

/* Renders the one with that id, of an account or (null) of any; for the operator with whose it is.
 * False: there is none, *fault says so; or db->failure is set. */
bool refusals_find(struct store_call *call, struct db *db, struct store_value account_id,
                   struct store_value exchange_id, bool operator);

#endif
