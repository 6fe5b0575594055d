#include "app/reload.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/log.h"
#include "script/policy_files.h"
#include "script/vm.h"
#include "store/call.h"

/* Sends one order to all workers and waits until all have carried it out. */
static void order_all(const struct reload *reload, struct worker_job *jobs, enum worker_order order)
{
    unsigned count = reload->worker_count;
    unsigned home = 0;
    for (unsigned i = 0; i < count; i++)
        worker_send(reload->workers[i], &jobs[i], order);
    while (home < count) {
        inbox_wait(reload->main_inbox, -1);
        inbox_finish(reload->main_inbox);
        home = 0;
        for (unsigned i = 0; i < count; i++)
            home += jobs[i].home ? 1 : 0;
    }
}

/* ---- the audit log ---- */

struct note {
    struct store_call call; /* first: its job is cast back */
    bool home;
};

static void on_noted(struct job *job)
{
    ((struct note *)(void *)job)->home = true;
}

/* An entry with the revision that is in force now, or why it is not (`refusal`; else NULL). */
static void note_reload(const struct reload *reload, const char *revision, const char *refusal)
{
    const struct store_value args[] = {
        {.type = revision != NULL ? STORE_TEXT : STORE_NULL, .text = slice_of(revision)},
        {.type = refusal != NULL ? STORE_TEXT : STORE_NULL, .text = slice_of(refusal)}};
    struct note note = {.home = false};
    struct fault fault;
    if (!store_call_init(&note.call, "policy.reload", args, 2, &fault)) {
        log_event(LOG_ERROR, "the audit log has no entry", log_text("reason", fault.message));
        return;
    }
    note.call.actor = (struct store_actor){.name = "cli"};
    note.call.job.home = reload->main_inbox;
    note.call.job.done = on_noted;
    bool posted = store_call_post(reload->store, &note.call);
    while (posted && !note.home) {
        inbox_wait(reload->main_inbox, -1);
        inbox_finish(reload->main_inbox);
    }
    if (!posted || !note.call.ok)
        log_event(LOG_ERROR, "the audit log has no entry",
                  log_text("reason", posted ? note.call.fault.message : "the ledger is busy"));
    store_call_fini(&note.call);
}

/* ---- the reload ---- */

static bool refuse(const struct reload *reload, const struct fault *fault)
{
    policy_news_refuse(reload->news, fault);
    note_reload(reload, NULL, fault->message);
    log_event(LOG_ERROR, "reload refused, the old policies stay in force",
              log_text("reason", fault->message));
    return false;
}

/* A throw-away VM first: a mistake is found before any worker is asked to spend time on it. */
static bool try_files(struct policy_files *files, struct fault *fault)
{
    const struct vm_options options = {0};
    struct vm *vm = vm_new(files, &options, fault);
    if (vm == NULL)
        return false;
    vm_unref(vm);
    return true;
}

static bool prepare_and_swap(const struct reload *reload, struct worker_job *jobs,
                             struct policy_files *files)
{
    for (unsigned i = 0; i < reload->worker_count; i++) {
        jobs[i].files = files;
        jobs[i].keepalive_comment_ms = reload->config->keepalive_comment_ms;
    }
    order_all(reload, jobs, WORKER_PREPARE);
    for (unsigned i = 0; i < reload->worker_count; i++) {
        if (jobs[i].ok)
            continue;
        order_all(reload, jobs, WORKER_DISCARD);
        return refuse(reload, &jobs[i].fault);
    }
    order_all(reload, jobs, WORKER_SWAP);
    policy_news_accept(reload->news, files);
    note_reload(reload, policy_files_revision(files), NULL);
    log_event(LOG_INFO, "policies reloaded", log_text("revision", policy_files_revision(files)));
    return true;
}

bool reload_policies(const struct reload *reload)
{
    struct fault fault;
    struct policy_files *files = policy_files_read(reload->config->policies, &fault);
    if (files == NULL)
        return refuse(reload, &fault);
    bool good = try_files(files, &fault) || refuse(reload, &fault);
    if (good) {
        struct worker_job *jobs = calloc(reload->worker_count, sizeof *jobs);
        check(jobs != NULL);
        good = prepare_and_swap(reload, jobs, files);
        free(jobs);
    }
    policy_files_unref(files);
    return good;
}
