/* Many rows by one statement. A statement for each row costs SQLite more than the row: it looks at
 * the schema, opens cursors, finds the end of the table and binds each value. So there is a table
 * `given_rows` (columns c1, c2, ...) whose rows are made by a function while the statement runs:
 *
 *     INSERT OR FAIL INTO holds (exchange_id, ...) SELECT c1, ... FROM given_rows
 *
 * It is run by db_run_given. OR FAIL: the caller rolls back all, so SQLite need not keep what the
 * statement changes. */
#ifndef STORE_ENGINE_GIVEN_ROWS_H
#define STORE_ENGINE_GIVEN_ROWS_H

#include <stdbool.h>

#include "store/value.h"

struct sqlite3;

enum { GIVEN_VALUES_MAX = 40 }; /* a row */

/* Sets the values of the next row, which live until the next call. False: there are no more. */
typedef bool given_row(void *arg, struct store_value *values);

/* What runs through `given_rows` now; part of struct db. */
struct given_rows {
    given_row *next; /* NULL: no statement does */
    void *arg;
};

/* False: out of memory. `rows` outlives the handle. */
bool given_rows_add(struct sqlite3 *handle, struct given_rows *rows);

#endif
