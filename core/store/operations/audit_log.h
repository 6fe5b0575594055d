/* The audit log: every act of an administrator, and what a customer does to the secrets of keys,
 * written in the transaction of the act. Inside the store floor only. */
#ifndef STORE_OPERATIONS_AUDIT_LOG_H
#define STORE_OPERATIONS_AUDIT_LOG_H

#include <stdbool.h>

#include "store/call.h"
#include "store/engine/db.h"

/* Notes the act of a call. The call's actor says who acts and from where; without an actor nothing
 * is written, because then a customer acts in a way that needs no proof later. `user_id` is the
 * user that the act changes, `target_id` the id of the user's changed thing (a key, a transfer) or
 * "" for the user as such. `detail` is a JSON object of texts and booleans, without its closing
 * brace. */
bool audit_log_note(const struct store_call *call, struct db *db, const char *user_id,
                    const char *target_id, struct buffer *detail);

#endif
