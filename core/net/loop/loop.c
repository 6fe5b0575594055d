#include "net/loop/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/check.h"

enum { TICK_MS = 100, TICKS_MAX = 4 };

struct tick {
    void (*call)(void *arg);
    void *arg;
};

struct loop {
    struct event_base *base;
    struct event *wake;
    struct event *timer;
    struct event *later;
    struct job_queue *jobs;
    void *server;
    struct deferred queue; /* a ring; this head is no item */
    struct tick ticks[TICKS_MAX];
    unsigned tick_count;
};

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop *loop = arg;
    struct job_list list = job_queue_take(loop->jobs);
    struct job *job;
    while ((job = job_list_pop(&list)) != NULL) {
        if (job->reply_queue == loop->jobs) {
            if (job->done != NULL)
                job->done(job);
            continue;
        }
        job->run(job, loop->server);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop *loop = arg;
    for (unsigned i = 0; i < loop->tick_count; i++)
        loop->ticks[i].call(loop->ticks[i].arg);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop *loop = arg;
    while (loop->queue.next != &loop->queue) {
        struct deferred *deferred = loop->queue.next;
        loop_cancel(loop, deferred);
        deferred->call(deferred->arg);
    }
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    /* One thread uses a base, so it needs no locks; the changelist joins the many epoll_ctl of a
     * request into few. Never dup() a descriptor in such a base: the changelist would act on the
     * wrong one. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct loop *loop_new(struct job_queue *queue, void *server, struct fault *fault)
{
    struct loop *loop = calloc(1, sizeof *loop);
    check(loop != NULL);
    loop->jobs = queue;
    loop->server = server;
    loop->queue.next = loop->queue.previous = &loop->queue;
    loop->base = base_new();
    if (loop->base == NULL) {
        free(loop);
        fault_set(fault, "event_loop",
                  "libevent could not make an event base; are descriptors left?");
        return NULL;
    }
    loop->wake = event_new(loop->base, queue->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    loop->timer = event_new(loop->base, -1, EV_PERSIST, on_timer, loop);
    loop->later = event_new(loop->base, -1, 0, on_later, loop);
    check(loop->wake != NULL && loop->timer != NULL && loop->later != NULL);
    event_add(loop->wake, NULL);
    const struct timeval interval = {.tv_sec = 0, .tv_usec = TICK_MS * 1000};
    event_add(loop->timer, &interval);
    return loop;
}

void loop_free(struct loop *loop)
{
    event_free(loop->wake);
    event_free(loop->timer);
    event_free(loop->later);
    event_base_free(loop->base);
    free(loop);
}

void loop_run(struct loop *loop)
{
    event_base_dispatch(loop->base);
}

void loop_stop(struct loop *loop)
{
    event_base_loopbreak(loop->base);
}

void loop_defer(struct loop *loop, struct deferred *deferred)
{
    if (deferred->queued)
        return;
    if (loop->queue.next == &loop->queue)
        event_active(loop->later, EV_TIMEOUT, 0);
    deferred->queued = true;
    deferred->next = &loop->queue;
    deferred->previous = loop->queue.previous;
    loop->queue.previous->next = deferred;
    loop->queue.previous = deferred;
}

void loop_cancel(struct loop *loop, struct deferred *deferred)
{
    (void)loop;
    if (!deferred->queued)
        return;
    deferred->previous->next = deferred->next;
    deferred->next->previous = deferred->previous;
    deferred->queued = false;
}

void loop_on_tick(struct loop *loop, void (*tick)(void *arg), void *arg)
{
    check(loop->tick_count < TICKS_MAX);
    loop->ticks[loop->tick_count++] = (struct tick){tick, arg};
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

struct job_queue *loop_queue(struct loop *loop)
{
    return loop->jobs;
}
