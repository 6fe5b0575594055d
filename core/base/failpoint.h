/* Failpoints: places where a test kills the process as kill -9 would. Only builds with
 * GW_FAILPOINTS have them; in the product failpoint_reach() does nothing.
 *
 * GW_FAILPOINT=NAME:N in the environment: SIGKILL ends the process right there when any of its
 * threads reaches this point and it is the N-th time in the process. */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#include <stdbool.h>

#include "base/fault.h"

enum failpoint {
    FAILPOINT_AFTER_HOLD,      /* the hold is accepted in memory, its row is on its way */
    FAILPOINT_HOLD_DURABLE,    /* the exchange learns that the hold's row is on disk */
    FAILPOINT_BEFORE_UPSTREAM, /* nothing has been sent to a provider */
    FAILPOINT_AFTER_USAGE,     /* usage is read and priced, the settlement is not yet queued */
    FAILPOINT_BEFORE_COMMIT,   /* a batch is about to become durable */
    FAILPOINT_AFTER_COMMIT,    /* the batch is on disk, and no thread has been told */
    FAILPOINT_BEFORE_TABLES,   /* the journal's entries are in the tables, not committed */
    FAILPOINT_AFTER_TABLES,    /* the tables are committed, the journal does not know it */
    FAILPOINT_BEFORE_LAST_BYTE /* the settlement is durable, the last bytes still wait for it */
};

#ifdef GW_FAILPOINTS
enum { FAILPOINTS_BUILT = 1 };
#define failpoint_reach(point) failpoint_hit(point)
#else
enum { FAILPOINTS_BUILT = 0 };
#define failpoint_reach(point) ((void)0)
#endif

/* Reads GW_FAILPOINT; call it before any thread starts. Returns false when it names no known point
 * or no count: the test would then test nothing. */
bool failpoint_arm(struct fault *fault);
void failpoint_hit(enum failpoint point);

#endif
