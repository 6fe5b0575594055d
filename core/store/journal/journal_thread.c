#include "store/journal/journal_thread.h"

#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/books/ledger_jobs.h"
#include "store/journal/journal.h"
#include "store/memory/wallet.h"

enum {
    BATCH_JOBS = 512,
    CROWD_JOBS = 2, /* with so many in the last batch, it is worth waiting for more */
    GATHER_US = 500 /* from the start of one commit to the start of the next */
};

static void sleep_us(int64_t us)
{
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

/* A job alone is committed at once. In a crowd a commit waits a moment for other jobs. */
static void gather(struct journal_thread *thread)
{
    int64_t wait_us = thread->committed_us + GATHER_US - clock_mono_us();
    service_take(&thread->service, 0);
    if (thread->crowd < CROWD_JOBS || thread->service.waiting.count >= thread->crowd ||
        wait_us <= 0)
        return;
    sleep_us(wait_us);
    service_take(&thread->service, 0);
}

static struct job_list next_batch(struct journal_thread *thread)
{
    struct job_list jobs = {0};
    while (jobs.count < BATCH_JOBS && thread->service.waiting.first != NULL)
        job_list_push(&jobs, job_list_pop(&thread->service.waiting));
    return jobs;
}

/* Forwards what the journal does not take. A hold is refused if the ledger thread has too many
 * jobs. */
static void pass_on(struct journal_thread *thread, struct job *job)
{
    struct ledger_hold *hold = (struct ledger_hold *)job;
    if (job->run != ledger_thread_hold) {
        check(job_queue_post_always(thread->ledger, job));
    } else if (!job_queue_post(thread->ledger, job)) {
        hold->durable = false;
        wallet_give_back(thread->wallets, hold);
        job_return(job);
    }
}

static void commit(struct journal_thread *thread)
{
    struct job_list jobs = next_batch(thread);
    struct job_list left = {0};
    thread->crowd = jobs.count;
    if (jobs.count == 0)
        return;
    thread->committed_us = clock_mono_us();
    journal_commit(thread->journal, thread->wallets, &jobs, &left);
    job_return_all(&jobs);
    while (left.first != NULL)
        pass_on(thread, job_list_pop(&left));
}

static void serve(void *server)
{
    struct journal_thread *thread = server;
    struct service *service = &thread->service;
    while (!service->stopping || service->waiting.first != NULL) {
        if (service->waiting.first == NULL)
            service_take(service, -1);
        gather(thread);
        commit(thread);
    }
}

bool journal_thread_start(struct journal_thread *thread, struct journal *journal,
                          struct wallets *wallets, struct job_queue *ledger, struct fault *fault)
{
    *thread = (struct journal_thread){.journal = journal, .wallets = wallets, .ledger = ledger};
    return service_start(&thread->service, "journal", LIMIT_LEDGER_JOBS, serve, thread, fault);
}

void journal_thread_stop(struct journal_thread *thread)
{
    service_stop(&thread->service);
}
