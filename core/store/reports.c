#include "store/reports.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/operations.h"

void reports_call(struct job *job, void *server)
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

        inbox_wait(&reports->inbox, -1);
        jobs = inbox_take(&reports->inbox);
        while (jobs.first) {
            struct job *job = job_list_pop(&jobs);
            job->run(job, reports);
            if (job->home)
                job_return(job);
        }
    }
    return NULL;
}

bool reports_start(struct reports *reports, const char *path, struct fault *fault)
{
    reports->stop = (struct job){.run = stop_run};
    atomic_init(&reports->cancelled, false);
    if (!db_open(&reports->db, path, DB_READ, fault)) {
        db_close(&reports->db);
        return false;
    }
    if (!inbox_init(&reports->inbox, LIMIT_REPORT_JOBS)) {
        db_close(&reports->db);
        return fault_set(fault, "no_descriptor", "no file descriptor is left for the reports");
    }
    reports->db.cancelled = &reports->cancelled;
    reports->started = pthread_create(&reports->thread, NULL, thread_main, reports) == 0;
    if (reports->started) {
        pthread_setname_np(reports->thread, "reports");
        return true;
    }
    inbox_fini(&reports->inbox);
    db_close(&reports->db);
    return fault_set(fault, "no_thread", "a reports thread cannot be started");
}

void reports_cancel(struct reports *reports)
{
    atomic_store_explicit(&reports->cancelled, true, memory_order_relaxed);
}

void reports_stop(struct reports *reports)
{
    if (!reports->started)
        return;
    check(inbox_post_always(&reports->inbox, &reports->stop));
    inbox_close(&reports->inbox);
    check(pthread_join(reports->thread, NULL) == 0);
    inbox_fini(&reports->inbox);
    db_close(&reports->db);
    reports->started = false;
}
