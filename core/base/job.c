#include "base/job.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

void job_list_push(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->last != NULL)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

struct job *job_list_pop(struct job_list *list)
{
    struct job *job = list->first;
    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->last = NULL;
    list->count--;
    job->next = NULL;
    return job;
}

bool job_queue_init(struct job_queue *queue, size_t count_max)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return false;
    *queue = (struct job_queue){.count_max = count_max, .wake_fd = fd};
    check(pthread_mutex_init(&queue->mutex, NULL) == 0);
    return true;
}

/* A sound mutex can always be locked. If the lock fails, going on would lose jobs. */
static void lock(struct job_queue *queue)
{
    check(pthread_mutex_lock(&queue->mutex) == 0);
}

static void unlock(struct job_queue *queue)
{
    check(pthread_mutex_unlock(&queue->mutex) == 0);
}

void job_queue_fini(struct job_queue *queue)
{
    lock(queue); /* wait for a poster that has not left the queue yet */
    check(!queue->waiting.first);
    unlock(queue);
    check(pthread_mutex_destroy(&queue->mutex) == 0);
    close(queue->wake_fd);
    queue->wake_fd = -1;
}

/* Call it under the lock: once the job is visible, its owner may finish it as the last one and
 * close the descriptor. */
static void wake(struct job_queue *queue)
{
    uint64_t one = 1;
    ssize_t n;
    do {
        n = write(queue->wake_fd, &one, sizeof one);
    } while (n < 0 && errno == EINTR);
    check(n == (ssize_t)sizeof one);
}

static void push(struct job_queue *queue, struct job *job)
{
    job_list_push(&queue->waiting, job);
    if (queue->waiting.count == 1)
        wake(queue);
}

static bool post(struct job_queue *queue, struct job *job, bool bounded)
{
    lock(queue);
    bool taken = !queue->closed && !(bounded && queue->waiting.count >= queue->count_max);
    if (taken)
        push(queue, job);
    unlock(queue);
    return taken;
}

bool job_queue_post(struct job_queue *queue, struct job *job)
{
    return post(queue, job, true);
}

bool job_queue_post_always(struct job_queue *queue, struct job *job)
{
    return post(queue, job, false);
}

void job_return(struct job *job)
{
    struct job_queue *reply_queue = job->reply_queue;
    check(reply_queue != NULL);
    /* A closed queue takes it too. It refuses new work, but its owner still waits for the jobs it
     * has sent out: it may free their memory only after `done`. */
    lock(reply_queue);
    push(reply_queue, job);
    unlock(reply_queue);
}

static void return_share(struct job_queue *reply_queue, const struct job_list *jobs)
{
    lock(reply_queue);
    if (reply_queue->waiting.last != NULL)
        reply_queue->waiting.last->next = jobs->first;
    else
        reply_queue->waiting.first = jobs->first;
    reply_queue->waiting.last = jobs->last;
    reply_queue->waiting.count += jobs->count;
    if (reply_queue->waiting.count == jobs->count)
        wake(reply_queue);
    unlock(reply_queue);
}

void job_return_all(struct job_list *jobs)
{
    while (jobs->first != NULL) {
        struct job_queue *reply_queue = jobs->first->reply_queue;
        struct job_list share = {0}, others = {0};
        struct job *job;
        while ((job = job_list_pop(jobs)) != NULL)
            job_list_push(job->reply_queue == reply_queue ? &share : &others, job);
        if (reply_queue != NULL)
            return_share(reply_queue, &share);
        *jobs = others;
    }
}

struct job_list job_queue_take(struct job_queue *queue)
{
    lock(queue);
    struct job_list taken = queue->waiting;
    queue->waiting = (struct job_list){0};
    if (taken.first != NULL ||
        queue->closed) { /* else the eventfd is clear: save the system call */
        uint64_t count;
        while (read(queue->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
            continue;
    }
    unlock(queue);
    return taken;
}

size_t job_queue_finish(struct job_queue *queue)
{
    struct job_list jobs = job_queue_take(queue);
    size_t count = jobs.count;
    struct job *job;
    while ((job = job_list_pop(&jobs)) != NULL) {
        if (job->done != NULL)
            job->done(job); /* may free the job */
    }
    return count;
}

void job_queue_close(struct job_queue *queue)
{
    lock(queue);
    queue->closed = true;
    wake(queue); /* once, so that a thread that waits without limit sees the close */
    unlock(queue);
}

/* The real clock, which tests do not advance: poll sleeps by the real clock too. */
static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void job_queue_wait(struct job_queue *queue, int timeout_ms)
{
    struct pollfd wanted = {.fd = queue->wake_fd, .events = POLLIN};
    int64_t deadline_ms = timeout_ms < 0 ? 0 : now_ms() + timeout_ms;
    while (poll(&wanted, 1, timeout_ms) < 0 && errno == EINTR) {
        if (timeout_ms < 0)
            continue;
        int64_t left_ms = deadline_ms - now_ms();
        timeout_ms = left_ms > 0 ? (int)left_ms : 0;
    }
}

size_t job_queue_waiting(struct job_queue *queue)
{
    check(pthread_mutex_lock(&queue->mutex) == 0);
    size_t count = queue->waiting.count;
    check(pthread_mutex_unlock(&queue->mutex) == 0);
    return count;
}
