#include "app/reload.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/log.h"
#include "script/policy_files.h"
#include "script/vm.h"

/* Sends one order to all workers and waits until all have carried it out. */
static void order_all(struct worker *const *workers, struct worker_job *jobs, unsigned count,
                      struct inbox *main_inbox, enum worker_order order)
{
    unsigned home = 0;
    for (unsigned i = 0; i < count; i++)
        worker_send(workers[i], &jobs[i], order);
    while (home < count) {
        inbox_wait(main_inbox, -1);
        inbox_finish(main_inbox);
        home = 0;
        for (unsigned i = 0; i < count; i++)
            home += jobs[i].home ? 1 : 0;
    }
}

static bool refuse(const struct fault *fault)
{
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

static bool prepare_and_swap(struct worker *const *workers, struct worker_job *jobs, unsigned count,
                             struct inbox *main_inbox, struct policy_files *files,
                             const struct config *config)
{
    for (unsigned i = 0; i < count; i++) {
        jobs[i].files = files;
        jobs[i].keepalive_comment_ms = config->keepalive_comment_ms;
    }
    order_all(workers, jobs, count, main_inbox, WORKER_PREPARE);
    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].ok)
            continue;
        order_all(workers, jobs, count, main_inbox, WORKER_DISCARD);
        return refuse(&jobs[i].fault);
    }
    order_all(workers, jobs, count, main_inbox, WORKER_SWAP);
    log_event(LOG_INFO, "policies reloaded", log_text("revision", policy_files_revision(files)));
    return true;
}

bool reload_policies(struct worker *const *workers, unsigned worker_count, struct inbox *main_inbox,
                     const struct config *config)
{
    struct fault fault;
    struct policy_files *files = policy_files_read(config->policies, &fault);
    if (files == NULL)
        return refuse(&fault);
    bool good = try_files(files, &fault) || refuse(&fault);
    if (good) {
        struct worker_job *jobs = calloc(worker_count, sizeof *jobs);
        check(jobs != NULL);
        good = prepare_and_swap(workers, jobs, worker_count, main_inbox, files, config);
        free(jobs);
    }
    policy_files_unref(files);
    return good;
}
