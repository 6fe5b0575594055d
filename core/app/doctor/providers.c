/* Asks all providers at once, on a loop of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor/checks.h"
#include "base/check.h"
#include "base/clock.h"
#include "exchange/inquiry.h"
#include "net/client/upstream.h"
#include "net/loop/library.h"
#include "net/loop/loop.h"
#include "script/policy_files.h"
#include "script/provider_probes.h"
#include "script/vm.h"

enum { PROBES = 128, ANSWER_BYTES_MAX = 4 * 1024 * 1024, SKEW_MS = 30 * 1000 };

struct round {
    struct doctor_report *report;
    struct loop *loop;
    size_t running;
    int64_t skew_ms; /* of our clock against the provider that differs most */
    bool clocked;    /* some provider has said its time */
    struct question *questions;
    size_t count;
};

struct question {
    struct round *round;
    struct provider_probe probe;
    struct inquiry inquiry;
    int64_t started_us;
};

/* ---- what came of it ---- */

static void note_clock(struct round *round, int64_t date_ms)
{
    int64_t skew_ms = clock_wall_ms() - date_ms;
    if (date_ms == 0)
        return;
    round->clocked = true;
    if (llabs(skew_ms) > llabs(round->skew_ms))
        round->skew_ms = skew_ms;
}

/* What a refusal says. */
struct refusal_words {
    int status;
    enum doctor_verdict verdict;
    const char *advice;
    const char *seen; /* behind the provider's name */
};

static const struct refusal_words refusals[] = {
    {401, DOCTOR_FAIL, "its account refuses us: renew the key in the environment, and restart",
     "refuses the key"},
    {402, DOCTOR_FAIL, "add credits to our account there", "wants money"},
    {403, DOCTOR_WARN,
     "a restricted key may call models all the same: try one on the providers page",
     "refuses its list of models to the key"},
    {429, DOCTOR_WARN, "its rate limit is met: look at its dashboard", "has too many requests"},
};

static const struct refusal_words *find_refusal(int status)
{
    static const struct refusal_words failure = {0, DOCTOR_WARN, "look at its status page",
                                                 "fails"};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].status == status)
            return &refusals[i];
    }
    return status >= 500 ? &failure : NULL;
}

static void note_status(struct question *question, int status)
{
    struct doctor_report *report = question->round->report;
    const struct provider_probe *probe = &question->probe;
    const struct refusal_words *refusal = find_refusal(status);
    int64_t ms = (clock_mono_us() - question->started_us) / 1000;
    if (refusal != NULL)
        doctor_note(report, refusal->verdict, "provider", refusal->advice, "%s %s (%d)",
                    probe->name, refusal->seen, status);
    else if (status >= 200 && status < 300)
        doctor_note(report, DOCTOR_OK, "provider", NULL, "%s answers%s after %lld ms", probe->name,
                    probe->keyed ? ", and takes the key," : "", (long long)ms);
    else
        doctor_note(report, DOCTOR_OK, "provider", NULL,
                    "%s answers (%d); it has no list of models, so its key is not checked",
                    probe->name, status);
}

static void on_end(int status, struct slice body, const char *failure, void *arg)
{
    struct question *question = arg;
    struct round *round = question->round;
    (void)body;
    if (failure != NULL) {
        doctor_note(round->report, DOCTOR_FAIL, "provider",
                    "check base_url, the network and its firewall, DNS, and ca_file",
                    "%s does not answer at %s: %s", question->probe.name, question->probe.url,
                    failure);
    } else {
        note_clock(round, question->inquiry.date_ms);
        note_status(question, status);
    }
    if (--round->running == 0)
        loop_stop(round->loop);
}

/* ---- asking ---- */

static void on_tick(void *arg)
{
    struct round *round = arg;
    for (size_t i = 0; i < round->count; i++)
        inquiry_tick(&round->questions[i].inquiry);
}

static void begin(struct question *question, struct upstream *upstream)
{
    struct round *round = question->round;
    const struct provider_probe *probe = &question->probe;
    if (probe->server == NULL) {
        doctor_note(round->report, DOCTOR_WARN, "provider",
                    "calls go to the other candidates of its models, or are refused", "%s",
                    probe->reason);
        return;
    }
    const struct inquiry_terms terms = {.server = probe->server,
                                        .url = probe->url,
                                        .bytes_max = ANSWER_BYTES_MAX,
                                        .on_end = on_end,
                                        .arg = question};
    question->started_us = clock_mono_us();
    round->running++;
    inquiry_ask(&question->inquiry, upstream, &terms);
}

static void run(struct round *round, struct job_queue *queue, struct fault *fault)
{
    round->loop = loop_new(queue, NULL, fault);
    if (round->loop == NULL) {
        doctor_note(round->report, DOCTOR_FAIL, "provider", "raise ulimit -n", "%s",
                    fault->message);
        return;
    }
    struct upstream *upstream = upstream_new(round->loop);
    for (size_t i = 0; i < round->count; i++)
        begin(&round->questions[i], upstream);
    loop_on_tick(round->loop, on_tick, round);
    if (round->running > 0)
        loop_run(round->loop);
    upstream_free(upstream);
    loop_free(round->loop);
}

static void note_skew(const struct round *round)
{
    long long skew_s = (long long)(round->skew_ms / 1000);
    if (round->clocked && llabs(round->skew_ms) > SKEW_MS)
        doctor_note(round->report, DOCTOR_FAIL, "clock", "set it, and run a time service",
                    "it is %lld s %s a provider's", llabs(skew_s),
                    skew_s > 0 ? "ahead of" : "behind");
    else if (round->clocked)
        doctor_note(round->report, DOCTOR_OK, "clock", NULL,
                    "as the providers' clocks, within %lld s", llabs(skew_s) + 1);
}

static void ask_all(struct vm *vm, struct doctor_report *report)
{
    struct round round = {.report = report};
    struct provider_probe *probes = calloc(PROBES, sizeof *probes);
    struct job_queue queue;
    struct fault fault;
    round.questions = calloc(PROBES, sizeof *round.questions);
    check(probes != NULL && round.questions != NULL && job_queue_init(&queue, 1));
    size_t all = provider_probes_list(vm, probes, PROBES);
    round.count = all < PROBES ? all : PROBES;
    for (size_t i = 0; i < round.count; i++) {
        round.questions[i].round = &round;
        round.questions[i].probe = probes[i];
    }
    run(&round, &queue, &fault);
    note_skew(&round);
    if (all > PROBES)
        doctor_note(report, DOCTOR_WARN, "provider", "the others were not asked", "%zu of %zu", all,
                    (size_t)PROBES);
    for (size_t i = 0; i < round.count; i++) {
        if (probes[i].server != NULL)
            candidate_unref(probes[i].server);
    }
    job_queue_fini(&queue);
    free(probes);
    free(round.questions);
}

void doctor_check_providers(const struct config *config, struct doctor_report *report)
{
    const struct vm_options options = {0};
    struct fault fault;
    struct policy_files *files = policy_files_read(config->policies, &fault);
    struct vm *vm = files != NULL ? vm_new(files, &options, &fault) : NULL;
    if (files != NULL)
        policy_files_unref(files);
    if (vm == NULL) {
        doctor_note(report, DOCTOR_FAIL, "policies",
                    "mend it; what runs keeps the policies before it until a restart", "%s",
                    fault.message);
        return;
    }
    doctor_note(report, DOCTOR_OK, "policies", NULL, "%s, revision %.12s, examples pass",
                config->policies, vm_revision(vm));
    net_library_init();
    ask_all(vm, report);
    vm_unref(vm);
}
