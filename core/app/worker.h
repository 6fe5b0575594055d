/* A worker: one thread with its own event loop, listening socket, libcurl pool and Lua VM. It
 * owns its exchanges. The main thread talks to it by jobs only. */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include <stdbool.h>

#include "app/config.h"
#include "app/descriptors.h"
#include "base/fault.h"
#include "base/job.h"
#include "script/policy_files.h"

struct worker;
struct pages;
struct tally;
struct tls;
struct vm;

/* What all workers share; must outlive them. */
struct worker_shared {
    const struct config *config;
    struct store *store;
    struct limiter *limiter;
    struct rates *rates;
    struct survey *survey;
    struct fair_pool *helpers;
    struct thread_pool *builder;  /* one thread: builds VMs and closes them */
    struct live_metrics *metrics; /* a shard for each worker */
    struct reload_status *reload_status;
    const struct secret *secret;
    struct tls *tls;
    struct tally *tally;
    const struct pages *pages;
    const char *public_url;
    struct job_queue *main_queue; /* where jobs of the main thread come back */
};

/* Builds worker `index` on the calling thread, all but its VM, and listens on `port`. NULL:
 * *fault. */
struct worker *worker_new(const struct worker_shared *shared, unsigned index, int port,
                          struct fault *fault);
/* Builds a VM for any of the workers. On any thread, once shared->public_url says the port that the
 * kernel gave. */
struct vm *worker_build_vm(const struct worker_shared *shared, struct policy_files *files,
                           struct fault *fault);
/* Takes its first VM over. Before worker_start. */
void worker_take_vm(struct worker *worker, struct vm *vm);
/* Before it is started. */
void worker_bound_connections(struct worker *worker, const struct descriptor_share *share);
int worker_port(const struct worker *worker);
bool worker_start(struct worker *worker, struct fault *fault); /* the thread */
void worker_join(struct worker *worker);
void worker_free(struct worker *worker); /* after worker_join, or never started */

/* ---- jobs of the main thread; each is in flight at most once and comes back to main_queue ---- */

enum worker_order {
    WORKER_SWAP,  /* take `vm` over and put it in force */
    WORKER_DRAIN, /* stop accepting; comes back only when nothing is left, or after WORKER_CANCEL */
    WORKER_CANCEL, /* end what runs */
    WORKER_STOP    /* leave the loop */
};

struct worker_job {
    struct job job;
    enum worker_order order;
    struct vm *vm;                /* with WORKER_SWAP; NULL once the worker has it */
    int64_t keepalive_comment_ms; /* the same: reloadable settings */
    int64_t first_event_wait_ms;
    bool ended;                     /* with WORKER_DRAIN: nothing is left */
    bool returned;                  /* it has come back; set before on_returned */
    void (*on_returned)(void *arg); /* on the main thread; NULL: nothing */
    void *arg;
};

void worker_send(struct worker *worker, struct worker_job *job, enum worker_order order);

#endif
