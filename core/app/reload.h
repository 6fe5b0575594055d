/* The reload of policies: all or nothing, and no request waits for it. The builder's thread reads
 * the files once and builds a VM for each worker from the same bytes. Only when all are complete,
 * each worker takes its own and puts it in force between two turns of its loop. Otherwise nothing
 * changes. The result goes into the log, the reload_status and the audit log.
 *
 * Nothing here waits: the steps follow from jobs that return to the main queue. On the main
 * thread. */
#ifndef APP_RELOAD_H
#define APP_RELOAD_H

#include "app/worker.h"

struct reload;

/* `on_end` is called when a reload has ended and no other follows, whatever came of it. */
struct reload *reload_new(const struct worker_shared *shared, struct worker *const *workers,
                          unsigned worker_count, void (*on_end)(void *arg), void *arg);
/* Begins a reload. If one is under way, another follows it. */
void reload_begin(struct reload *reload);
/* Ends the reload before its next step, because the gateway stops. */
void reload_stop(struct reload *reload);
/* Call it when all jobs have returned, before the builder's thread ends. NULL is allowed. */
void reload_free(struct reload *reload);

#endif
