/* All workers together: what the main thread tells each of them, and waits for. On the main
 * thread. */
#ifndef APP_WORKERS_H
#define APP_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/worker.h"
#include "base/limits.h"

struct workers {
    struct worker *list[LIMIT_WORKERS];
    unsigned count;
    unsigned started; /* the first ones, whose threads run */
    const struct worker_shared *shared;
    int signal_fd; /* signals.h */
};

/* How many there are to be. */
unsigned workers_wanted(const struct config *config);

/* Whether all have gone round their loops, on which nothing waits, since this time of the monotonic
 * clock. */
bool workers_beat(const struct workers *workers, int64_t since_us);

/* Adds the counts of one to a sum. */
void workers_add_figures(struct worker_figures *sum, const struct worker_figures *of);
/* What all have together; beat_us: 0. Any thread. */
void workers_sum_figures(const struct workers *workers, struct worker_figures *out);

/* Lets running requests end, at most drain_timeout_ms, then cuts them. If the disk fails,
 * settlements that wait for it come back unwritten; *settled is then false. Returns false if a
 * worker does not come to its end: its thread still runs. A second SIGTERM or SIGINT meanwhile ends
 * the process at once. */
bool workers_drain(struct workers *workers, bool *settled);
/* Ends their threads: after workers_drain, or where a start has failed. */
void workers_stop(struct workers *workers);

#endif
