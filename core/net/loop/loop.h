/* A worker's event loop: libevent's, without locks, used by one thread only. The floors above see
 * this file and never event2/: ticks, deferred calls and the queue through which other threads come
 * in. */
#ifndef NET_LOOP_LOOP_H
#define NET_LOOP_LOOP_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/job.h"

struct loop;
struct event_base;

/* A call that runs soon: in this turn of the loop, after the present callback has returned. Its
 * owner embeds it and calls loop_cancel before it is freed. */
struct deferred {
    struct deferred *next;
    struct deferred *previous;
    void (*call)(void *arg);
    void *arg;
    bool queued;
};

/* Any thread may post to `queue`. For a job that comes back through it the loop calls `done`; for
 * another job it calls `run(job, server)`, which must return the job when it has finished it. */
struct loop *loop_new(struct job_queue *queue, void *server, struct fault *fault);
void loop_free(struct loop *loop);

void loop_run(struct loop *loop);  /* until loop_stop */
void loop_stop(struct loop *loop); /* call it on the loop's own thread */

/* Runs once, even if deferred several times. */
void loop_defer(struct loop *loop, struct deferred *deferred);
void loop_cancel(struct loop *loop, struct deferred *deferred);

/* Calls `tick` about every 100 ms. Deadlines are compared there, so that no request needs a timer
 * of its own. */
void loop_on_tick(struct loop *loop, void (*tick)(void *arg), void *arg);

/* Only for net/. */
struct event_base *loop_base(struct loop *loop);
struct job_queue *loop_queue(struct loop *loop); /* the reply queue of net/'s own jobs */

#endif
