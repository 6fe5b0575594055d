/* The store in numbers, for /metrics. */
#ifndef STORE_FIGURES_H
#define STORE_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#include "base/metrics.h"
#include "store/outbox.h"

struct store;

/* The threads of the store that take jobs. */
enum store_queue { STORE_LEDGER, STORE_JOURNAL, STORE_READS, STORE_REPORTS, STORE_QUEUES };

/* Files are -1 where they cannot be looked at. */
struct store_figures {
    size_t waiting[STORE_QUEUES]; /* jobs */
    int64_t unapplied_bytes;      /* of the journal: what the tables lack */
    int64_t apply_lag_us;         /* how long the oldest of that has waited */
    int64_t commits, jobs;        /* since the start: of journal and ledger together */
    struct metrics_sums transactions;
    int64_t database_bytes, log_bytes, journal_bytes; /* log: SQLite's, beside the database */
    int64_t free_bytes;                               /* of its file system, for this user */
    int64_t messages[OUTBOX_LANES];                   /* of the outbox, that wait; -1: not known */
    int64_t oldest_message_ms;                        /* wall clock; 0: none waits */
};

/* Reads the outbox on a handle of its own, and so waits for the disk. Any thread that may; only
 * with `serve`. */
void store_figures(struct store *store, struct store_figures *out);

#endif
