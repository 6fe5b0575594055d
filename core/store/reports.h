/* A thread that reads: lists, sums, sessions, on a handle of its own that cannot write. An
 * operation that takes too long is stopped, so that a slow report delays the others behind it, and
 * never the ledger. */
#ifndef STORE_REPORTS_H
#define STORE_REPORTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/fault.h"
#include "base/job.h"
#include "store/db.h"

enum { REPORTS_TIMEOUT_MS = 10 * 1000 };

struct reports {
    struct inbox inbox;
    struct db db;
    pthread_t thread;
    struct job stop;
    atomic_bool cancelled;
    bool stopping;
    bool started;
};

bool reports_start(struct reports *reports, const char *path, struct fault *fault);
void reports_stop(struct reports *reports); /* finishes what waits; also after a failed start */
/* From now on calls fail at once, and the one under way soon. Any thread. */
void reports_cancel(struct reports *reports);
/* The `run` of a call; `server` is the struct reports. */
void reports_call(struct job *job, void *server);

#endif
