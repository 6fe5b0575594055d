/* The table of turns that the gateway keeps (turns.h). On the ledger thread. */
#ifndef STORE_BOOKS_TURNS_TABLE_H
#define STORE_BOOKS_TURNS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "store/engine/db.h"
#include "store/turns.h"

/* Whether what the turn goes on from is still there: it may have been deleted, or pushed out, while
 * the call ran. */
bool turns_table_goes_on(struct db *db, const struct id *account_id, const struct made_turn *turn);
/* Whether a request could still bring in all of its conversation, with this turn. */
bool turns_table_has_room(struct db *db, const struct id *account_id, const struct made_turn *turn);

/* Writes a turn, lets those that it continues last as long, and takes the account's oldest ones
 * away while it has more than its bytes: a conversation as a whole. Writes nothing of a turn that
 * does not go on. Returns false if the database refuses. */
bool turns_table_add(struct db *db, const struct id *account_id, const struct made_turn *turn,
                     int64_t now_ms);

/* Deletes expired turns, a few at a time, when it is due. */
void turns_table_forget(struct db *db, int64_t *due_us);

#endif
