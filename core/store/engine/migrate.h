/* Migrations bring the database to the form that this program knows: each runs once, in order, in a
 * transaction with its row in `migrations`. On the thread that opens the store. */
#ifndef STORE_ENGINE_MIGRATE_H
#define STORE_ENGINE_MIGRATE_H

#include "base/asset.h"
#include "base/fault.h"
#include "store/engine/db.h"

/* Whether migrate_run has anything to do. False: the same faults as migrate_run. */
bool migrate_is_due(struct db *db, const struct asset *migrations, size_t migration_count,
                    bool *due, struct fault *fault) __attribute__((warn_unused_result));
/* False: a migration failed; those before it stay. The fault names it and says what to do. */
bool migrate_run(struct db *db, const struct asset *migrations, size_t migration_count,
                 struct fault *fault) __attribute__((warn_unused_result));

#endif
