/* A reading handle for the auditor's commands, which run beside a server. */
#ifndef STORE_ENGINE_READER_H
#define STORE_ENGINE_READER_H

#include "base/fault.h"
#include "store/engine/db.h"

/* Opens it once the tables have all that was answered before: see store_await_tables. Call db_close
 * also after a failure. */
bool reader_open(struct db *db, const char *path, struct fault *fault);

#endif
