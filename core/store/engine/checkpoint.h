/* The checkpoint thread moves the log (WAL) into the database file, on a handle of its own. That
 * takes 20 to 90 ms for 64 MB, while the ledger thread goes on writing. The ledger thread itself
 * moves what was added meanwhile, in a moment, so that the log can begin anew.
 *
 * When a sync fails, the kernel may have dropped pages of the database file that it could not
 * write, and the next sync would succeed without them. SQLite does not write again what an earlier,
 * partial checkpoint has moved. So after a failed sync nothing is moved any more: the log stays
 * whole, and the next start moves all of it. */
#ifndef STORE_ENGINE_CHECKPOINT_H
#define STORE_ENGINE_CHECKPOINT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/fault.h"
#include "base/service.h"
#include "store/engine/db.h"

struct checkpoint {
    struct db db;
    struct service service;
    struct job request;
    atomic_bool busy;     /* a request is under way */
    atomic_bool distrust; /* a sync has failed */
};

bool checkpoint_start(struct checkpoint *checkpoint, const char *path, enum db_mode mode,
                      struct fault *fault);
void checkpoint_stop(struct checkpoint *checkpoint); /* also after a failed start */
/* Asks for a checkpoint. False: one is under way. Any thread. */
bool checkpoint_request(struct checkpoint *checkpoint);
bool checkpoint_busy(const struct checkpoint *checkpoint);
/* Moves what can be moved now, on the calling thread's handle. */
void checkpoint_run(struct checkpoint *checkpoint, struct db *db);
/* False: the log must not be moved before the next start, not even by the last close. */
bool checkpoint_trusted(const struct checkpoint *checkpoint);

#endif
