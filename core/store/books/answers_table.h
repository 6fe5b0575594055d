/* The rows of answers.h, for the files of this floor that have a transaction to write them in. */
#ifndef STORE_BOOKS_ANSWERS_TABLE_H
#define STORE_BOOKS_ANSWERS_TABLE_H

#include "store/answers.h"
#include "store/engine/db.h"

/* Into the open transaction. False: db->failure says why. */
bool answers_table_keep(struct db *db, const struct kept_answer *answer, int64_t now_ms);
/* Takes away some of those whose time is over, in a transaction of its own, if *due_us (monotonic)
 * has come; sets when the next are due. */
void answers_table_forget(struct db *db, int64_t *due_us);

#endif
