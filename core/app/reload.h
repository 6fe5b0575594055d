/* The reload of policies: all or nothing, and no request waits for it. The builder's thread reads
 * the files once and builds a VM for each worker from the same bytes; only when all are complete
 * does each worker get its own and put it in force, between two turns of its loop. Otherwise
 * nothing changes. What came of it goes into the log, the reload_status and the audit log.
 *
 * Nothing here waits: the steps follow from jobs that come back to the main queue. Main thread. */
#ifndef APP_RELOAD_H
#define APP_RELOAD_H

#include "app/worker.h"

struct reload;

struct reload *reload_new(const struct worker_shared *shared, struct worker *const *workers,
                          unsigned worker_count);
/* Begins one; while one is under way, another follows it. */
void reload_begin(struct reload *reload);
/* What is under way comes to no further step, for the gateway stops. */
void reload_stop(struct reload *reload);
/* When all jobs have come back, before the builder's thread ends. NULL is none. */
void reload_free(struct reload *reload);

#endif
