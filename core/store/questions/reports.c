#include "store/questions/reports.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/operations/operations.h"
#include "store/store_internal.h"

/* The `run` of a call. */
static void reports_call(struct job *job, void *server)
{
    struct store_call *call = (struct store_call *)job;
    struct reports *reports = server;
    struct db *db = &reports->db;

    if (atomic_load_explicit(&reports->cancelled, memory_order_relaxed)) {
        call->ok = fault_set(&call->fault, "unavailable", "the gateway is stopping");
        return;
    }
    db_clear(db);
    db->deadline_us = clock_mono_us() + REPORTS_TIMEOUT_MS * INT64_C(1000);
    if (db_run(db, "BEGIN", NULL, 0)) /* all its statements see one moment */
        operations_run(call, db);
    else
        operations_fail(call, db);
    db->deadline_us = 0;
    db_rollback(db);
}

/* The pool has no server of its own. */
static void reports_take_turn(struct job *job, void *server)
{
    struct store_call *call = (struct store_call *)job;

    (void)server;
    reports_call(job, &call->store->reports[REPORTS_LONG]);
}

/* FNV-1a of the first argument: of nearly all lists it is the account. */
static uint64_t lane_of(const struct store_call *call)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    bool has_text = call->arg_count > 0 && call->args[0].type == STORE_TEXT;

    for (size_t i = 0; has_text && i < call->args[0].text.bytes; i++)
        hash = (hash ^ (unsigned char)call->args[0].text.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

bool reports_post(struct reports *reports, struct store_call *call)
{
    if (!reports->turns) {
        call->job.run = reports_call;
        return job_queue_post(&reports->queue, &call->job);
    }
    call->job.run = reports_take_turn;
    call->fair.address = call->fair.account = lane_of(call);
    call->fair.rank = FAIR_CLEAN;
    /* For the one that is dropped; whoever runs writes its own. */
    fault_set(&call->fault, "overloaded", "too many reports are asked for; try again soon");
    return fair_pool_post(reports->turns, &call->fair);
}

static void stop_run(struct job *job, void *server)
{
    struct reports *reports = server;

    (void)job;
    reports->stopping = true;
}

static void *thread_main(void *arg)
{
    struct reports *reports = arg;

    while (!reports->stopping) {
        struct job_list jobs;

        job_queue_wait(&reports->queue, -1);
        jobs = job_queue_take(&reports->queue);
        while (jobs.first) {
            struct job *job = job_list_pop(&jobs);
            job->run(job, reports);
            if (job->reply_queue)
                job_return(job);
        }
    }
    return NULL;
}

static bool start_thread(struct reports *reports)
{
    reports->started = pthread_create(&reports->thread, NULL, thread_main, reports) == 0;
    if (reports->started)
        pthread_setname_np(reports->thread, "reports");
    return reports->started;
}

static bool start_turns(struct reports *reports)
{
    reports->turns = fair_pool_new(1, LIMIT_REPORT_JOBS);
    reports->started = reports->turns != NULL;
    return reports->started;
}

bool reports_start(struct reports *reports, const char *path, bool turns, struct fault *fault)
{
    reports->stop = (struct job){.run = stop_run};
    atomic_init(&reports->cancelled, false);
    if (!db_open(&reports->db, path, DB_READ, fault)) {
        db_close(&reports->db);
        return false;
    }
    if (!job_queue_init(&reports->queue, LIMIT_REPORT_JOBS)) {
        db_close(&reports->db);
        return fault_set(fault, "no_descriptor", "no file descriptor is left for the reports");
    }
    reports->db.cancelled = &reports->cancelled;
    if (turns ? start_turns(reports) : start_thread(reports))
        return true;
    job_queue_fini(&reports->queue);
    db_close(&reports->db);
    return fault_set(fault, "no_thread", "a reports thread cannot be started");
}

void reports_cancel(struct reports *reports)
{
    atomic_store_explicit(&reports->cancelled, true, memory_order_relaxed);
    if (reports->turns)
        fair_pool_drop_waiting(reports->turns);
}

void reports_stop(struct reports *reports)
{
    if (!reports->started)
        return;
    if (reports->turns) {
        fair_pool_free(reports->turns);
    } else {
        check(job_queue_post_always(&reports->queue, &reports->stop));
        job_queue_close(&reports->queue);
        check(pthread_join(reports->thread, NULL) == 0);
    }
    job_queue_fini(&reports->queue);
    db_close(&reports->db);
    reports->turns = NULL;
    reports->started = false;
}
