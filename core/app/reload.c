#include "app/reload.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "exchange/trial_watch.h"
#include "script/alert_subjects.h"
#include "script/policy_files.h"
#include "script/reload_status.h"
#include "script/vm.h"
#include "store/alerts.h"
#include "store/call.h"
#include "store/quotas.h"

struct reload {
    const struct worker_shared *shared;
    struct worker *const *workers;
    unsigned worker_count;
    void (*on_end)(void *arg);
    void *on_end_arg;
    bool under_way;
    bool again;           /* another SIGHUP came meanwhile */
    atomic_bool stopping; /* the builder reads it, too */

    struct job build; /* while it runs, the builder's thread owns the next fields */
    struct policy_files *files;
    bool built;
    struct fault fault;       /* if not built */
    struct alert_scope scope; /* of the new policies */

    struct worker_job *swaps; /* one per worker, with its VM */
    unsigned swaps_left;
    struct store_call note;
};

/* ---- the end of a reload ---- */

static void drop_built(struct reload *reload)
{
    for (unsigned i = 0; i < reload->worker_count; i++) {
        vm_unref(reload->swaps[i].vm);
        reload->swaps[i].vm = NULL;
    }
    policy_files_unref(reload->files);
    reload->files = NULL;
    free(reload->scope.subjects); /* if the stop came before the alerts had them */
    reload->scope.subjects = NULL;
}

static void finish(struct reload *reload)
{
    bool again = reload->again && !atomic_load(&reload->stopping);
    drop_built(reload);
    reload->under_way = reload->again = false;
    if (again)
        reload_begin(reload);
    else
        reload->on_end(reload->on_end_arg);
}

static void tell(struct reload *reload)
{
    if (reload->built)
        log_event(LOG_INFO, "policies reloaded",
                  log_text("revision", policy_files_revision(reload->files)));
    else
        log_event(LOG_ERROR, "reload refused, the old policies stay in force",
                  log_text("reason", reload->fault.message));
    finish(reload);
}

/* ---- the audit log ---- */

static void complain(const char *reason)
{
    log_event(LOG_ERROR, "the audit log has no entry", log_text("reason", reason));
}

static void on_noted(struct job *job)
{
    struct store_call *call = (struct store_call *)(void *)job;
    struct reload *reload = (struct reload *)(void *)((char *)call - offsetof(struct reload, note));
    if (!call->ok)
        complain(call->fault.message);
    store_call_fini(call);
    tell(reload);
}

/* Writes an entry with the revision now in force, or why the new one is not. */
static void note(struct reload *reload)
{
    const struct store_value none = {.type = STORE_NULL};
    struct store_value args[] = {none, none};
    struct store_value *told = &args[reload->built ? 0 : 1];
    struct fault fault;
    told->type = STORE_TEXT;
    told->text =
        slice_of(reload->built ? policy_files_revision(reload->files) : reload->fault.message);
    if (!store_call_init(&reload->note, "policy.reload", args, 2, &fault)) {
        complain(fault.message);
        tell(reload);
        return;
    }
    reload->note.actor = (struct store_actor){.name = "cli"};
    reload->note.job.reply_queue = reload->shared->main_queue;
    reload->note.job.done = on_noted;
    if (store_call_post(reload->shared->store, &reload->note))
        return;
    complain("the ledger is busy");
    store_call_fini(&reload->note);
    tell(reload);
}

/* ---- the swap ---- */

static void on_swapped(void *arg)
{
    struct reload *reload = arg;
    if (--reload->swaps_left > 0)
        return;
    reload_status_accept(reload->shared->reload_status, reload->files);
    quotas_reload(reload->shared->store);
    alerts_clear(reload->shared->alerts, ALERT_RELOAD_REFUSED, "policies");
    note(reload);
}

/* What the old policies have brought forth may be mended, or gone; what is still true is raised
 * again: by the next call, and by the next question for a balance, which is asked at once. Before
 * any call of the new policies, and for good: calls of the old ones go on. */
static void end_alerts(struct reload *reload)
{
    trial_watch_forget(reload->shared->trial_watch);
    alerts_set_scope(reload->shared->alerts, &reload->scope);
    reload->scope.subjects = NULL; /* moved */
}

static void swap(struct reload *reload)
{
    end_alerts(reload);
    reload->swaps_left = reload->worker_count;
    for (unsigned i = 0; i < reload->worker_count; i++) {
        struct worker_job *job = &reload->swaps[i];
        job->keepalive_comment_ms = reload->shared->config->keepalive_comment_ms;
        job->first_event_wait_ms = reload->shared->config->first_event_wait_ms;
        job->on_returned = on_swapped;
        job->arg = reload;
        worker_send(reload->workers[i], job, WORKER_SWAP);
    }
}

/* ---- building ---- */

static struct reload *reload_of_build(struct job *job)
{
    return (struct reload *)(void *)((char *)job - offsetof(struct reload, build));
}

/* On the builder's thread. The first mistake ends it: all VMs come from the same bytes. */
static void run_build(struct job *job, void *server)
{
    struct reload *reload = reload_of_build(job);
    (void)server;
    reload->built = false;
    reload->files = policy_files_read(reload->shared->config->policies, &reload->fault);
    if (reload->files == NULL)
        return;
    for (unsigned i = 0; i < reload->worker_count; i++) {
        if (atomic_load(&reload->stopping))
            return;
        reload->swaps[i].vm = worker_build_vm(reload->shared, reload->files, &reload->fault);
        if (reload->swaps[i].vm == NULL)
            return;
    }
    reload->built = true;
    alert_subjects_read(reload->swaps[0].vm, &reload->scope);
}

static void on_built(struct job *job)
{
    struct reload *reload = reload_of_build(job);
    if (atomic_load(&reload->stopping)) {
        finish(reload);
    } else if (reload->built) {
        log_event(LOG_DEBUG, "policies are built, each worker gets its own");
        swap(reload);
    } else {
        reload_status_refuse(reload->shared->reload_status, &reload->fault);
        alerts_raise(reload->shared->alerts, ALERT_RELOAD_REFUSED, "policies",
                     reload->fault.message);
        note(reload);
    }
}

void reload_begin(struct reload *reload)
{
    if (reload->under_way) {
        log_event(LOG_INFO, "new policies are on their way; the files are read again afterwards");
        reload->again = true;
        return;
    }
    reload->under_way = true;
    reload->build =
        (struct job){.reply_queue = reload->shared->main_queue, .run = run_build, .done = on_built};
    check(thread_pool_post(reload->shared->builder, &reload->build));
}

/* ---- making and freeing ---- */

struct reload *reload_new(const struct worker_shared *shared, struct worker *const *workers,
                          unsigned worker_count, void (*on_end)(void *arg), void *arg)
{
    struct reload *reload = calloc(1, sizeof *reload);
    check(reload != NULL);
    reload->swaps = calloc(worker_count, sizeof *reload->swaps);
    check(reload->swaps != NULL);
    reload->shared = shared;
    reload->workers = workers;
    reload->worker_count = worker_count;
    reload->on_end = on_end;
    reload->on_end_arg = arg;
    return reload;
}

void reload_stop(struct reload *reload)
{
    atomic_store(&reload->stopping, true);
}

void reload_free(struct reload *reload)
{
    if (reload == NULL)
        return;
    drop_built(reload);
    free(reload->swaps);
    free(reload);
}
