/* A thread that serves a queue: started once, ended by its last job. service_run_jobs runs one job
 * after another; other services take their jobs in batches.
 *
 * A service is embedded in what it serves. The thread that starts it also stops it; any thread
 * posts jobs. */
#ifndef BASE_SERVICE_H
#define BASE_SERVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "base/job.h"

struct service {
    struct job_queue queue;
    bool started;
    /* the thread's own */
    struct job_list waiting; /* taken from the queue, not yet tried */
    bool stopping;           /* no more jobs will come */
    /* private */
    void (*serve)(void *server);
    void *server;
    pthread_t thread;
    struct job stop;
};

/* Starts a thread of this name (at most 15 letters) that calls `serve(server)` and then ends. The
 * queue takes at most jobs_max jobs. On false *fault is set and nothing needs to be stopped. */
bool service_start(struct service *service, const char *name, size_t jobs_max,
                   void (*serve)(void *server), void *server, struct fault *fault);
/* Refuses new jobs and waits for the thread. Does nothing if the service was not started. */
void service_stop(struct service *service);

/* ---- on the thread ---- */

/* Moves new jobs into `waiting`; waits up to timeout_ms for one (-1: no limit). */
void service_take(struct service *service, int timeout_ms);
/* A `serve` for services that only run jobs: runs each with the server and returns it. */
void service_run_jobs(struct service *service);

#endif
