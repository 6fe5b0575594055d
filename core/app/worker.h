/* A worker: one thread with its own event loop, listening socket, libcurl pool and Lua VM. It owns
 * its exchanges. The main thread talks to it only by jobs. */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "app/config.h"
#include "app/descriptors.h"
#include "base/fault.h"
#include "base/job.h"
#include "base/metrics.h"
#include "exchange/running_calls.h"
#include "script/policy_files.h"

struct worker;
struct pages;
struct tally;
struct tls;
struct tracer;
struct vm;

/* What all workers share; must outlive them. */
struct worker_shared {
    const struct config *config;
    struct store *store;
    struct limiter *limiter;
    struct quotes *quotes;
    struct rates *rates;
    struct survey *survey;
    struct health *health;
    struct limit_queues *limit_queues;
    struct shared_calls *shared_calls;
    struct trial_watch *trial_watch;
    struct hedge_budgets *hedges;
    struct spending *spending;
    struct balances *balances;
    struct alerts *alerts;
    struct access_tokens *tokens;
    struct fair_pool *helpers;
    struct thread_pool *signer;   /* one thread: signs for access tokens */
    struct thread_pool *builder;  /* one thread: builds and closes VMs */
    struct live_metrics *metrics; /* a shard for each worker */
    struct tracer *tracer;        /* NULL: nothing is traced */
    struct reload_status *reload_status;
    struct replay_service *replay_service;
    const struct secret *secret;
    struct tls *tls;
    struct tally *tally;
    struct pages *pages;
    const char *public_url;
    int listen_fd; /* of service_manager.h: all workers accept from it; 0: each has its own */
    struct job_queue *main_queue; /* the main thread's jobs return here */
    const atomic_bool *draining;  /* load balancers are to send no more: /readyz says 503 */
};

/* Makes worker `index` on the calling thread, without its VM, and listens on `port`. NULL:
 * *fault. */
struct worker *worker_new(const struct worker_shared *shared, unsigned index, int port,
                          struct fault *fault);
/* Builds a VM for any worker. Any thread, once shared->public_url has the port that the kernel
 * gave. */
struct vm *worker_build_vm(const struct worker_shared *shared, struct policy_files *files,
                           struct fault *fault);
/* Gives the worker its first VM. Call it before worker_start. */
void worker_take_vm(struct worker *worker, struct vm *vm);
/* Call it before worker_start. */
void worker_bound_connections(struct worker *worker, const struct descriptor_share *share);
int worker_port(const struct worker *worker);
/* When the worker last went round its loop, by the monotonic clock. Any thread. */
int64_t worker_beat_us(const struct worker *worker);

/* What it has now, as of its last tick. Any thread. */
struct worker_figures {
    int64_t beat_us;     /* when it last went round its loop, by the monotonic clock */
    int64_t connections; /* of clients */
    int64_t exchanges;   /* that are not freed */
    int64_t detached;    /* of those, whose clients have left */
    int64_t own_calls;   /* of those: shadows, hedges and test calls */
    size_t waiting;      /* jobs for it */
};
void worker_read_figures(struct worker *worker, struct worker_figures *out);
/* Adds how late its ticks were, by metrics_short_us. Any thread. */
void worker_sum_lag(const struct worker *worker, struct metrics_sums *sums);

bool worker_start(struct worker *worker, struct fault *fault);
void worker_join(struct worker *worker);
void worker_free(struct worker *worker); /* after worker_join, or never started */

/* ---- a job of any thread that has a queue for it to come back to, before WORKER_STOP ---- */

struct worker_listing {
    struct job job; /* reply_queue, done */
    void *owner;    /* of who sends it */
    struct running_call *calls;
    size_t room;
    size_t count; /* output */
    size_t all;   /* output: how many run */
};
void worker_list_calls(struct worker *worker, struct worker_listing *listing);

/* ---- jobs of the main thread; each is sent at most once at a time, and returns to main_queue
 * ---- */

enum worker_order {
    WORKER_SWAP,   /* take `vm` and put it in force */
    WORKER_DRAIN,  /* stop accepting; returns only when nothing is left, or after WORKER_CANCEL */
    WORKER_CANCEL, /* end what runs */
    WORKER_STOP    /* leave the loop */
};

struct worker_job {
    struct job job;
    enum worker_order order;
    struct vm *vm;                /* for WORKER_SWAP; NULL once the worker has taken it */
    int64_t keepalive_comment_ms; /* for WORKER_SWAP: settings that a reload may change */
    int64_t first_event_wait_ms;
    bool returned;                  /* set before on_returned is called */
    void (*on_returned)(void *arg); /* called on the main thread; may be NULL */
    void *arg;
};

void worker_send(struct worker *worker, struct worker_job *job, enum worker_order order);

#endif
