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
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

struct job *job_list_pop(struct job_list *list)
{
    struct job *job = list->first;
    if (!job)
        return NULL;
    list->first = job->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    job->next = NULL;
    return job;
}

bool inbox_init(struct inbox *inbox, size_t count_max)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return false;
    *inbox = (struct inbox){.count_max = count_max, .wake_fd = fd};
    check(pthread_mutex_init(&inbox->mutex, NULL) == 0);
    return true;
}

/* Locks and unlocks never fail on a sound mutex; where one does, going on would lose jobs. */
static void lock(struct inbox *inbox)
{
    check(pthread_mutex_lock(&inbox->mutex) == 0);
}

static void unlock(struct inbox *inbox)
{
    check(pthread_mutex_unlock(&inbox->mutex) == 0);
}

void inbox_fini(struct inbox *inbox)
{
    lock(inbox); /* a poster may still be on its way out of the inbox */
    check(!inbox->waiting.first);
    unlock(inbox);
    check(pthread_mutex_destroy(&inbox->mutex) == 0);
    close(inbox->wake_fd);
    inbox->wake_fd = -1;
}

/* Under the lock, and it must be so: once the job is visible its home may finish it, see that it
 * was the last, and close the descriptor. */
static void wake(struct inbox *inbox)
{
    uint64_t one = 1;
    ssize_t n;
    do {
        n = write(inbox->wake_fd, &one, sizeof one);
    } while (n < 0 && errno == EINTR);
    check(n == (ssize_t)sizeof one);
}

static void push(struct inbox *inbox, struct job *job)
{
    job_list_push(&inbox->waiting, job);
    if (inbox->waiting.count == 1)
        wake(inbox);
}

static bool post(struct inbox *inbox, struct job *job, bool bounded)
{
    lock(inbox);
    bool taken = !inbox->closed && !(bounded && inbox->waiting.count >= inbox->count_max);
    if (taken)
        push(inbox, job);
    unlock(inbox);
    return taken;
}

bool inbox_post(struct inbox *inbox, struct job *job)
{
    return post(inbox, job, true);
}

bool inbox_post_always(struct inbox *inbox, struct job *job)
{
    return post(inbox, job, false);
}

void job_return(struct job *job)
{
    struct inbox *home = job->home;
    check(home);
    /* Even into a closed inbox: it refuses new work, but its owner still waits for what it has
     * sent out, whose memory is free again only after `done`. */
    lock(home);
    push(home, job);
    unlock(home);
}

static void return_share(struct inbox *home, const struct job_list *jobs)
{
    lock(home);
    if (home->waiting.last)
        home->waiting.last->next = jobs->first;
    else
        home->waiting.first = jobs->first;
    home->waiting.last = jobs->last;
    home->waiting.count += jobs->count;
    if (home->waiting.count == jobs->count)
        wake(home);
    unlock(home);
}

void job_return_all(struct job_list *jobs)
{
    while (jobs->first) {
        struct inbox *home = jobs->first->home;
        struct job_list share = {0}, others = {0};
        struct job *job;

        while ((job = job_list_pop(jobs)) != NULL)
            job_list_push(job->home == home ? &share : &others, job);
        if (home)
            return_share(home, &share);
        *jobs = others;
    }
}

struct job_list inbox_take(struct inbox *inbox)
{
    lock(inbox);
    struct job_list taken = inbox->waiting;
    inbox->waiting = (struct job_list){0};
    if (taken.first || inbox->closed) { /* else the eventfd is clear: spare the system call */
        uint64_t count;
        while (read(inbox->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
            continue;
    }
    unlock(inbox);
    return taken;
}

size_t inbox_finish(struct inbox *inbox)
{
    struct job_list jobs = inbox_take(inbox);
    size_t count = jobs.count;
    struct job *job;
    while ((job = job_list_pop(&jobs)) != NULL) {
        if (job->done)
            job->done(job); /* may free the job */
    }
    return count;
}

void inbox_close(struct inbox *inbox)
{
    lock(inbox);
    inbox->closed = true;
    wake(inbox); /* once, so that a thread that waits without a limit looks up */
    unlock(inbox);
}

/* The real clock, which tests do not advance: poll sleeps by it too. */
static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void inbox_wait(struct inbox *inbox, int timeout_ms)
{
    struct pollfd wanted = {.fd = inbox->wake_fd, .events = POLLIN};
    int64_t deadline_ms = timeout_ms < 0 ? 0 : now_ms() + timeout_ms;
    while (poll(&wanted, 1, timeout_ms) < 0 && errno == EINTR) {
        if (timeout_ms < 0)
            continue;
        int64_t left_ms = deadline_ms - now_ms();
        timeout_ms = left_ms > 0 ? (int)left_ms : 0;
    }
}
