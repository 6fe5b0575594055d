/* The table of kept answers (answers.h), for the files of this floor that have an open
 * transaction. */
#ifndef STORE_BOOKS_ANSWERS_TABLE_H
#define STORE_BOOKS_ANSWERS_TABLE_H

#include "store/answers.h"
#include "store/engine/db.h"

/* Writes into the open transaction. False: db->failure says why. */
bool answers_table_keep(struct db *db, const struct kept_answer *answer, int64_t now_ms);
/* Deletes some expired answers in a transaction of its own, if *due_us (monotonic) has come. Sets
 * the next *due_us. */
void answers_table_forget(struct db *db, int64_t *due_us);

#endif
