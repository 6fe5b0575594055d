/* The thread that moves the log (WAL) into the database file, on a handle of its own: 20 to 90 ms
 * for 64 MB, during which the ledger thread goes on writing. What has come on top meanwhile the
 * ledger thread moves itself, in a moment, so that the log can begin anew. */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/fault.h"
#include "base/job.h"
#include "store/db.h"

struct checkpoint {
    struct db db;
    struct inbox inbox;
    pthread_t thread;
    struct job request;
    struct job stop;
    atomic_bool busy; /* a request is under way */
    bool stopping;
    bool started;
};

bool checkpoint_start(struct checkpoint *checkpoint, const char *path, enum db_mode mode,
                      struct fault *fault);
void checkpoint_stop(struct checkpoint *checkpoint); /* also after a failed start */
/* Asks for one; not while one is under way. The ledger thread. */
void checkpoint_request(struct checkpoint *checkpoint);
bool checkpoint_busy(const struct checkpoint *checkpoint);
/* Moves what can be moved now, on the calling thread's handle. */
void checkpoint_run(struct db *db);

#endif
