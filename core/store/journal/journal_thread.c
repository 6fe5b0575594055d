#include "store/journal/journal_thread.h"

#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/store_internal.h"

enum {
    BATCH_JOBS = 512,
    CROWD_JOBS = 2, /* so many in the last batch: more are coming, worth waiting for */
    GATHER_US = 500 /* from the start of one commit to that of the next */
};

static void sleep_us(int64_t us)
{
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    nanosleep(&time, NULL);
}

static void stop_run(struct job *job, void *server)
{
    struct tail_thread *thread = server;

    (void)job;
    thread->stopping = true;
}

static void take_waiting(struct tail_thread *thread)
{
    struct job_list taken = inbox_take(&thread->inbox);

    while (taken.first)
        job_list_push(&thread->waiting, job_list_pop(&taken));
}

/* Alone, a job is committed at once. In a crowd a commit waits a moment for the others. */
static void gather(struct tail_thread *thread)
{
    int64_t wait_us = thread->committed_us + GATHER_US - clock_mono_us();

    take_waiting(thread);
    if (thread->crowd < CROWD_JOBS || thread->waiting.count >= thread->crowd || wait_us <= 0)
        return;
    sleep_us(wait_us);
    take_waiting(thread);
}

static struct job_list next_batch(struct tail_thread *thread)
{
    struct job_list jobs = {0};

    while (jobs.count < BATCH_JOBS && thread->waiting.first) {
        struct job *job = job_list_pop(&thread->waiting);
        if (job == &thread->stop)
            job->run(job, thread);
        else
            job_list_push(&jobs, job);
    }
    return jobs;
}

/* What the tail does not take is the ledger thread's. A hold is refused where too many wait. */
static void pass_on(struct store *store, struct job *job)
{
    struct inbox *inbox = &store->ledger.inbox;
    struct ledger_hold *hold = (struct ledger_hold *)job;

    if (job->run != ledger_thread_hold) {
        check(inbox_post_always(inbox, job));
    } else if (!inbox_post(inbox, job)) {
        hold->durable = false;
        wallet_give_back(&store->wallets, hold);
        job_return(job);
    }
}

static void commit(struct tail_thread *thread)
{
    struct store *store = thread->store;
    struct job_list jobs = next_batch(thread);
    struct job_list left = {0};

    thread->crowd = jobs.count;
    if (jobs.count == 0)
        return;
    thread->committed_us = clock_mono_us();
    tail_commit(&store->tail, &store->wallets, &jobs, &left);
    job_return_all(&jobs);
    while (left.first)
        pass_on(store, job_list_pop(&left));
}

static void *thread_main(void *arg)
{
    struct tail_thread *thread = arg;

    while (!thread->stopping || thread->waiting.first) {
        if (!thread->waiting.first)
            inbox_wait(&thread->inbox, -1);
        gather(thread);
        commit(thread);
    }
    return NULL;
}

bool tail_thread_start(struct tail_thread *thread, struct store *store, struct fault *fault)
{
    *thread = (struct tail_thread){.store = store, .stop = {.run = stop_run}};
    if (!inbox_init(&thread->inbox, LIMIT_LEDGER_JOBS))
        return fault_set(fault, "no_descriptor", "no file descriptor is left for the ledger");
    thread->started = pthread_create(&thread->thread, NULL, thread_main, thread) == 0;
    if (thread->started) {
        pthread_setname_np(thread->thread, "tail");
        return true;
    }
    inbox_fini(&thread->inbox);
    return fault_set(fault, "no_thread", "the thread of the ledger's tail cannot be started");
}

void tail_thread_stop(struct tail_thread *thread)
{
    if (!thread->started)
        return;
    check(inbox_post_always(&thread->inbox, &thread->stop));
    inbox_close(&thread->inbox);
    check(pthread_join(thread->thread, NULL) == 0);
    inbox_fini(&thread->inbox);
    thread->started = false;
}
