/* The audit log: every act of the operator's people, written in the transaction of the act. Inside
 * the store floor only. */
#ifndef STORE_OPERATIONS_AUDIT_LOG_H
#define STORE_OPERATIONS_AUDIT_LOG_H

#include <stdbool.h>

#include "store/call.h"
#include "store/engine/db.h"

/* Notes what the call does: by whom and from where its actor says; without one nothing is written,
 * for then it is a customer's own doing. `user_id` is on whom, `target_id` what of his ("" for
 * himself), `detail` a JSON object of texts and booleans, without its closing brace. */
bool audit_log_note(const struct store_call *call, struct db *db, const char *user_id,
                    const char *target_id, struct buffer *detail);

#endif
