/* Brings the database to the form that this program knows: each migration once, in order, in a
 * transaction with its row in `migrations`. On the thread that opens the store. */
#ifndef STORE_ENGINE_MIGRATE_H
#define STORE_ENGINE_MIGRATE_H

#include "base/asset.h"
#include "base/fault.h"
#include "store/engine/db.h"

/* Whether migrate_run has anything to apply. False: the fault is migrate_run's. */
bool migrate_is_due(struct db *db, const struct asset *migrations, size_t migration_count,
                    bool *due, struct fault *fault) __attribute__((warn_unused_result));
/* False: nothing (more) was applied; the fault names the migration and says what to do. */
bool migrate_run(struct db *db, const struct asset *migrations, size_t migration_count,
                 struct fault *fault) __attribute__((warn_unused_result));

#endif
