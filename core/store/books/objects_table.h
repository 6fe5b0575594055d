/* The table of what providers keep (objects.h), for the files of this floor that have an open
 * transaction. */
#ifndef STORE_BOOKS_OBJECTS_TABLE_H
#define STORE_BOOKS_OBJECTS_TABLE_H

#include "store/engine/db.h"
#include "store/objects.h"

/* The word of a kind in the table. */
const char *objects_table_kind(enum kept_kind kind);
/* Writes into the open transaction. False: db->failure says why. */
bool objects_table_add(struct db *db, const struct id *account_id,
                       const struct made_objects *objects, int64_t now_ms);
/* Deletes some expired rows in a transaction of its own, if *due_us (monotonic) has come. Sets the
 * next *due_us. */
void objects_table_forget(struct db *db, int64_t *due_us);

#endif
