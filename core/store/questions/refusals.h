/* Refused calls, shown in the form of a usage record that used nothing. Inside the store floor
 * only; on the reports threads. */
#ifndef STORE_QUESTIONS_REFUSALS_H
#define STORE_QUESTIONS_REFUSALS_H

#include <stdbool.h>

#include "store/engine/db.h"

struct store_call;

/* Renders the refusal with this id, of one account or (null) of any; for the operator with its
 * owner. False: there is none, and *fault says so; or db->failure is set. */
bool refusals_find(struct store_call *call, struct db *db, struct store_value account_id,
                   struct store_value exchange_id, bool operator);

#endif
