/* A thread that serves a queue: started once, ended by the last job of all. What it does with its
 * jobs is its own: service_serve runs each, others take them in batches.
 *
 * Embedded in what it serves. Who starts it also stops it; jobs are posted by any thread. */
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
    bool stopping;           /* no job will come any more */
    /* private */
    void (*serve)(void *server);
    void *server;
    pthread_t thread;
    struct job stop;
};

/* Starts a thread of this name (at most 15 letters) that calls `serve(server)` and ends with it.
 * The queue takes so many jobs. False: *fault; nothing is left to be stopped. */
bool service_start(struct service *service, const char *name, size_t jobs_max,
                   void (*serve)(void *server), void *server, struct fault *fault);
/* Refuses what is posted from now on, and waits for the thread. Nothing where it is not started. */
void service_stop(struct service *service);

/* ---- on the thread ---- */

/* Moves what has come into `waiting`; waits for something for up to timeout_ms (-1: no limit). */
void service_take(struct service *service, int timeout_ms);
/* A `serve` for who has nothing to do but jobs: runs each with the server, and returns it. */
void service_run_jobs(struct service *service);

#endif
