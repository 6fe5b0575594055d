/* Sums by group for migrations that read all of a large table:
 *
 *     SELECT sum_into(STATEMENT, KEY_COUNT, key, ..., value, ...) FROM usage
 *
 * It adds up the integers `value, ...` of rows with the same keys (integers and texts) in a hash
 * table. STATEMENT writes the sums: it reads the keys and then the sums as c1, c2, ... from
 * `given_rows` (given_rows.h). It runs at the end, and whenever SUM_GROUPS_MAX groups are there, so
 * memory is bounded and a group may come several times: STATEMENT adds to what it has written. Rows
 * are written nearly in the order of time, so a group of a short time comes once or twice.
 *
 * A GROUP BY sorts all rows, and an upsert for each row looks for it in a B-tree: both cost several
 * times as much (docs/PERFORMANCE.md). The statement fails if STATEMENT does, or if a sum is too
 * large for an integer. Only one statement with `given_rows` runs at a time. */
#ifndef STORE_ENGINE_SUM_INTO_H
#define STORE_ENGINE_SUM_INTO_H

#include <stdbool.h>

#include "store/engine/given_rows.h"

enum {
    SUM_GROUPS_MAX = 4096,        /* in memory: about 1 MB, and their texts */
    SUM_TEXT_BYTES_MAX = 1 << 20, /* of the keys in memory, and of one key */
    SUM_KEYS_MAX = 4,
    SUM_VALUES_MAX = 12
};

/* Adds the function to a handle that has `given_rows` (given_rows_add), which reads from `rows`.
 * False: out of memory. */
bool sum_into_add(struct sqlite3 *handle, struct given_rows *rows);

#endif
