#include "app/replay_runner.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "app/replay.h"
#include "app/replay_report.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "base/zone.h"
#include "script/replay_service.h"

enum { ROWS_MAX = 200 }; /* of each list; the command line has them all */

struct replay_runner {
    struct job job; /* one at a time: the service sees to it */
    const struct config *config;
    struct thread_pool *pool;
    struct replay_service *service;
    atomic_bool cancelled;
};

/* ---- on its thread ---- */

static void on_progress(const struct usage_scan_place *place, void *arg)
{
    struct replay_runner *runner = arg;
    replay_service_progress(runner->service, place->seq - place->first_seq,
                            place->last_seq - place->first_seq);
}

static bool read_times(const struct replay_ask *ask, const struct zone *zone,
                       struct replay_options *out, struct fault *fault)
{
    if ((ask->from[0] == '\0' || replay_read_time(ask->from, zone, &out->from_ms)) &&
        (ask->to[0] == '\0' || replay_read_time(ask->to, zone, &out->to_ms)))
        return true;
    return fault_set(fault, "invalid_value", "from and to must be dates or times");
}

static bool replay_asked(struct replay_runner *runner, const struct replay_ask *ask,
                         const struct zone *zone, struct buffer *out, struct fault *fault)
{
    struct replay replay;
    struct replay_options options = {.database = runner->config->database,
                                     .policies = runner->config->policies,
                                     .zone = zone,
                                     .from_ms = INT64_MIN,
                                     .to_ms = INT64_MAX,
                                     .deadline_us =
                                         clock_mono_us() + LIMIT_REPLAY_MS * INT64_C(1000),
                                     .cancelled = &runner->cancelled,
                                     .on_progress = on_progress,
                                     .arg = runner};
    const struct replay_question question = {ask->from, ask->to, ask->zone,
                                             runner->config->policies};
    if (!read_times(ask, zone, &options, fault) || !replay_run(&options, &replay, fault))
        return false;
    replay_report_json(&replay, &question, ROWS_MAX, out);
    replay_fini(&replay);
    return !out->failed || fault_set(fault, "response_too_large", "the answer is too large");
}

static bool answer(struct replay_runner *runner, struct buffer *out, struct fault *fault)
{
    struct replay_ask ask;
    struct zone zone;
    replay_service_take(runner->service, &ask);
    if (!zone_load(ask.zone, &zone, fault))
        return false;
    bool done = replay_asked(runner, &ask, &zone, out, fault);
    zone_fini(&zone);
    return done;
}

static void run(struct job *job, void *server)
{
    struct replay_runner *runner = (struct replay_runner *)(void *)job;
    struct buffer members;
    struct fault why;
    (void)server;
    buffer_init(&members, REPLAY_ANSWER_BYTES_MAX);
    bool done = answer(runner, &members, &why);
    if (!done)
        log_event(LOG_WARN, "a replay has failed", log_text("reason", why.message));
    replay_service_finish(runner->service, done ? &members : NULL, &why);
    buffer_fini(&members);
}

/* On a worker's thread. */
static void start(void *arg)
{
    struct replay_runner *runner = arg;
    runner->job = (struct job){.run = run};
    check(thread_pool_post(runner->pool, &runner->job));
}

/* ---- making and freeing ---- */

struct replay_runner *replay_runner_new(const struct config *config)
{
    struct replay_runner *runner = calloc(1, sizeof *runner);
    check(runner != NULL);
    _Static_assert(offsetof(struct replay_runner, job) == 0, "a job is cast to its runner");
    runner->config = config;
    atomic_init(&runner->cancelled, false);
    runner->pool = thread_pool_new(1, 2);
    if (runner->pool == NULL) {
        free(runner);
        return NULL;
    }
    runner->service = replay_service_new(config->policies, start, runner);
    return runner;
}

struct replay_service *replay_runner_service(struct replay_runner *runner)
{
    return runner->service;
}

void replay_runner_cancel(struct replay_runner *runner)
{
    atomic_store(&runner->cancelled, true);
}

void replay_runner_free(struct replay_runner *runner)
{
    if (runner == NULL)
        return;
    replay_runner_cancel(runner);
    thread_pool_free(runner->pool);
    replay_service_free(runner->service);
    free(runner);
}
