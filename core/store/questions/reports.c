#include "store/questions/reports.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "store/call.h"
#include "store/operations/operations.h"

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
    if (db_run(db, "BEGIN", NULL, 0)) /* all statements see one moment */
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
    reports_call(job, call->reports);
}

/* The hash of the first argument, which for nearly all lists is the account. */
static uint64_t lane_of(const struct store_call *call)
{
    bool has_text = call->arg_count > 0 && call->args[0].type == STORE_TEXT;
    return has_text ? hash_on(HASH_START, call->args[0].text) : HASH_START;
}

bool reports_post(struct reports *reports, struct store_call *call)
{
    if (reports->turns == NULL) {
        call->job.run = reports_call;
        return job_queue_post(&reports->service.queue, &call->job);
    }
    call->job.run = reports_take_turn;
    call->fair.address = call->fair.account = lane_of(call);
    call->fair.rank = FAIR_CLEAN;
    /* The fault of a call that is dropped; a call that runs sets its own. */
    fault_set(&call->fault, "overloaded", "too many reports are asked for; try again soon");
    return fair_pool_post(reports->turns, &call->fair);
}

static void serve(void *server)
{
    struct reports *reports = server;
    service_run_jobs(&reports->service);
}

static bool start(struct reports *reports, bool turns, struct fault *fault)
{
    if (!turns)
        return service_start(&reports->service, "reports", LIMIT_REPORT_JOBS, serve, reports,
                             fault);
    reports->turns = fair_pool_new(1, LIMIT_REPORT_JOBS);
    return reports->turns != NULL ||
           fault_set(fault, "no_thread", "a reports thread cannot be started");
}

bool reports_start(struct reports *reports, const char *path, bool turns, struct fault *fault)
{
    atomic_init(&reports->cancelled, false);
    if (db_open(&reports->db, path, DB_READ, fault)) {
        reports->db.cancelled = &reports->cancelled;
        if (start(reports, turns, fault))
            return true;
    }
    db_close(&reports->db);
    return false;
}

void reports_cancel(struct reports *reports)
{
    atomic_store_explicit(&reports->cancelled, true, memory_order_relaxed);
    if (reports->turns != NULL)
        fair_pool_drop_waiting(reports->turns);
}

void reports_stop(struct reports *reports)
{
    if (reports->turns == NULL && !reports->service.started)
        return;
    if (reports->turns != NULL)
        fair_pool_free(reports->turns);
    service_stop(&reports->service);
    db_close(&reports->db);
    reports->turns = NULL;
}
