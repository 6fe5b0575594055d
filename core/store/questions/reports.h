/* A thread that reads: lists, sums, sessions, on a handle of its own that cannot write. An
 * operation that takes too long is stopped, so that a slow report delays the others behind it, and
 * never the ledger. Accounts take turns where reports may be long (base/fair_pool.h): a customer
 * who asks for a hundred lists at once delays the next one's by one of them. */
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
    struct service service; /* not started where there are turns */
    struct db db;
    struct fair_pool *turns; /* of one thread; NULL: who comes first is served first */
    atomic_bool cancelled;
};

/* `turns`: for long ones. */
bool reports_start(struct reports *reports, const char *path, bool turns, struct fault *fault);
void reports_stop(struct reports *reports); /* finishes what waits; also after a failed start */
/* From now on calls fail at once, and the one under way soon. Any thread. */
void reports_cancel(struct reports *reports);
struct store_call;
/* False: too many wait. One that has to make room for another comes back as overloaded. */
bool reports_post(struct reports *reports, struct store_call *call);

#endif
