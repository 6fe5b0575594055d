#include "app/workers.h"

#include <signal.h>
#include <unistd.h>

#include "app/signals.h"
#include "base/clock.h"
#include "base/fair_pool.h"
#include "base/log.h"
#include "store/ledger.h"
#include "store/store.h"

enum {
    LOG_WAIT_MS = 2000,    /* how long the end waits for the log's reader */
    CANCEL_WAIT_MS = 10000 /* how long settlements may take after running requests were cut */
};

unsigned workers_wanted(const struct config *config)
{
    if (config->workers > 0)
        return (unsigned)config->workers;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1)
        return 1;
    return processors > LIMIT_WORKERS ? LIMIT_WORKERS : (unsigned)processors;
}

bool workers_beat(const struct workers *workers, int64_t since_us)
{
    for (unsigned i = 0; i < workers->count; i++) {
        if (worker_beat_us(workers->list[i]) < since_us)
            return false;
    }
    return true;
}

void workers_add_figures(struct worker_figures *sum, const struct worker_figures *of)
{
    sum->connections += of->connections;
    sum->exchanges += of->exchanges;
    sum->detached += of->detached;
    sum->own_calls += of->own_calls;
    sum->waiting += of->waiting;
}

void workers_sum_figures(const struct workers *workers, struct worker_figures *out)
{
    *out = (struct worker_figures){.beat_us = 0};
    for (unsigned i = 0; i < workers->count; i++) {
        struct worker_figures of;
        worker_read_figures(workers->list[i], &of);
        workers_add_figures(out, &of);
    }
}

static unsigned returned_count(const struct worker_job *jobs, unsigned count)
{
    unsigned returned = 0;
    for (unsigned i = 0; i < count; i++)
        returned += jobs[i].returned ? 1 : 0;
    return returned;
}

/* Waits until all jobs are back; returns false after timeout_ms. A second signal to stop ends
 * the process at once: the ledger is consistent at every moment, and the next start voids open
 * holds. */
static bool wait_returned(const struct workers *workers, const struct worker_job *jobs,
                          int64_t timeout_ms)
{
    int64_t deadline_us = clock_mono_us() + timeout_ms * 1000;
    while (returned_count(jobs, workers->count) < workers->count) {
        int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
        if (left_ms <= 0)
            return false;
        int signal_number = signals_wait(workers->signal_fd, workers->shared->main_queue,
                                         (int)(left_ms < 1000 ? left_ms : 1000));
        if (signal_number == SIGHUP || signal_number == SIGUSR1)
            log_reopen(workers->shared->config->log_file);
        else if (signal_number != 0) {
            log_settle(LOG_WAIT_MS);
            _exit(1);
        }
    }
    return true;
}

static void order_all(const struct workers *workers, struct worker_job *jobs,
                      enum worker_order order)
{
    for (unsigned i = 0; i < workers->count; i++)
        worker_send(workers->list[i], &jobs[i], order);
}

bool workers_drain(struct workers *workers, bool *settled)
{
    struct worker_job drains[LIMIT_WORKERS] = {0};
    struct worker_job cancels[LIMIT_WORKERS] = {0};
    int64_t timeout_ms = workers->shared->config->drain_timeout_ms;
    log_event(LOG_INFO, "stopping: no new connections, what runs may finish",
              log_int("drain_timeout_ms", timeout_ms));
    order_all(workers, drains, WORKER_DRAIN);
    bool empty = wait_returned(workers, drains, timeout_ms);
    if (!empty) {
        log_event(LOG_WARN, "drain_timeout_ms is over: running requests are cut");
        order_all(workers, cancels, WORKER_CANCEL);
        if (!wait_returned(workers, cancels, CANCEL_WAIT_MS)) {
            log_event(LOG_ERROR,
                      "a worker does not answer; its holds are voided at the next start");
            return false;
        }
        /* The requests that wanted these jobs are answered: wait only for those that run. */
        fair_pool_drop_waiting(workers->shared->helpers);
        store_cancel_reads(workers->shared->store);
        empty = wait_returned(workers, drains, CANCEL_WAIT_MS);
    }
    *settled = empty;
    if (!empty) {
        log_event(LOG_ERROR, "stopping with requests whose charge could not be written; their "
                             "holds are voided at the next start");
        store_give_up(workers->shared->store);
        empty = wait_returned(workers, drains, CANCEL_WAIT_MS);
    }
    return empty;
}

void workers_stop(struct workers *workers)
{
    struct worker_job stops[LIMIT_WORKERS] = {0};
    for (unsigned i = 0; i < workers->started; i++)
        worker_send(workers->list[i], &stops[i], WORKER_STOP);
    for (unsigned i = 0; i < workers->started; i++)
        worker_join(workers->list[i]);
    if (workers->started > 0)
        job_queue_finish(workers->shared->main_queue);
    workers->started = 0;
}
