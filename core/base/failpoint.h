/* Failpoints: places where a test lets the process die as by kill -9. They are compiled in with
 * GW_FAILPOINTS only; in the product failpoint_reach() is nothing.
 *
 * GW_FAILPOINT=NAME:N in the environment: the N-th time that this point is reached in the process,
 * by whichever thread, it ends by SIGKILL right there. */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#include <stdbool.h>

#include "base/fault.h"

enum failpoint {
    FAILPOINT_AFTER_HOLD,      /* accepted in memory, its row on its way */
    FAILPOINT_HOLD_DURABLE,    /* the exchange hears that its row is on disk */
    FAILPOINT_BEFORE_UPSTREAM, /* nothing has been sent to a provider */
    FAILPOINT_AFTER_USAGE,     /* read and priced, the settlement not yet queued */
    FAILPOINT_BEFORE_COMMIT,   /* a batch is about to become durable */
    FAILPOINT_AFTER_COMMIT,    /* it is on disk, and nobody knows */
    FAILPOINT_BEFORE_TABLES,   /* what the journal has is in the tables, but not committed */
    FAILPOINT_AFTER_TABLES,    /* it is committed, and the journal does not know */
    FAILPOINT_BEFORE_LAST_BYTE /* the settlement is durable, the last bytes wait for it still */
};

#ifdef GW_FAILPOINTS
enum { FAILPOINTS_BUILT = 1 };
#define failpoint_reach(point) failpoint_hit(point)
#else
enum { FAILPOINTS_BUILT = 0 };
#define failpoint_reach(point) ((void)0)
#endif

/* Reads GW_FAILPOINT, before any thread starts. False: it names no point or no count, and a test
 * would test nothing. */
bool failpoint_arm(struct fault *fault);
void failpoint_hit(enum failpoint point);

#endif
