/* Reads what decided a call's prices, and what its provider said that it cost (table usage_facts).
 * On the thread of the handle. */
#ifndef STORE_BOOKS_FACTS_TABLE_H
#define STORE_BOOKS_FACTS_TABLE_H

#include "store/engine/db.h"
#include "store/usage.h"

/* Without a row, nothing was said. A failed query leaves db->failure. */
void facts_table_read(struct db *db, int64_t usage_seq, struct usage_facts *out);

#endif
