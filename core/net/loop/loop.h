/* A worker's event loop: libevent's, without locks, used by one thread only. The floors above
 * see this and never event2/: ticks, deferred calls and the queue that lets other threads in. */
#ifndef NET_LOOP_LOOP_H
#define NET_LOOP_LOOP_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/job.h"

struct loop;
struct event_base;

/* Something to be called soon: in this turn of the loop, after the present callback has
 * returned. Embedded in its owner, which calls loop_cancel before it goes. */
struct deferred {
    struct deferred *next;
    struct deferred *previous;
    void (*call)(void *arg);
    void *arg;
    bool queued;
};

/* `queue` may be posted to by any thread; a job that comes back to it has `done` called, any
 * other has `run(job, server)` called, which returns it when it is done with it. */
struct loop *loop_new(struct job_queue *queue, void *server, struct fault *fault);
void loop_free(struct loop *loop);

void loop_run(struct loop *loop);  /* until loop_stop */
void loop_stop(struct loop *loop); /* from the loop's own thread */

void loop_defer(struct loop *loop, struct deferred *deferred); /* once, however often asked */
void loop_cancel(struct loop *loop, struct deferred *deferred);

/* Calls `tick` about every 100 ms: deadlines are compared there, so that no request needs a
 * timer of its own. */
void loop_on_tick(struct loop *loop, void (*tick)(void *arg), void *arg);

/* For net/ only. */
struct event_base *loop_base(struct loop *loop);
struct job_queue *loop_queue(struct loop *loop); /* the reply queue of what net/ sends out */

#endif
