/* A reading handle for those who look at the database from beside: the commands of the auditor. */
#ifndef STORE_ENGINE_READER_H
#define STORE_ENGINE_READER_H

#include "base/fault.h"
#include "store/engine/db.h"

/* Opens it when the tables have all that was answered before: see store_await_tables. db_close also
 * after a failure. */
bool reader_open(struct db *db, const char *path, struct fault *fault);

#endif
