/* A reports thread: reads lists, sums and sessions on a handle of its own that cannot write. An
 * operation that takes too long is stopped, so a slow report delays the reports after it, and never
 * the ledger. On the thread for long reports, accounts take turns (base/fair_pool.h): if one
 * customer asks for a hundred lists at once, the next customer waits for one of them. */
#ifndef STORE_QUESTIONS_REPORTS_H
#define STORE_QUESTIONS_REPORTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/fair_pool.h"
#include "base/fault.h"
#include "base/service.h"
#include "store/engine/db.h"

enum { REPORTS_TIMEOUT_MS = 10 * 1000 };

struct reports {
    struct service service; /* not started if `turns` is set */
    struct db db;
    struct fair_pool *turns; /* has one thread; NULL: first come, first served */
    atomic_bool cancelled;
};

/* `turns`: accounts take turns. */
bool reports_start(struct reports *reports, const char *path, bool turns, struct fault *fault);
void reports_stop(struct reports *reports); /* finishes its jobs; also after a failed start */
/* From now on calls fail at once, and the running one soon. Any thread. */
void reports_cancel(struct reports *reports);
struct store_call;
/* False: too many wait. A call that is pushed out by another returns as overloaded. */
bool reports_post(struct reports *reports, struct store_call *call);

#endif
