#include "app/replay_command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/replay.h"
#include "app/replay_report.h"
#include "base/clock.h"
#include "base/zone.h"

enum { REPORT_BYTES_MAX = 256 * 1024 * 1024, WARNS_STATUS = 1, FAILED_STATUS = 2 };

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static bool check_options(const struct command_options *options, struct fault *fault)
{
    if (options->json && options->csv)
        return fault_set(fault, "invalid_value", "either --json or --csv, not both");
    return true;
}

/* ---- progress, on a terminal ---- */

static void show_progress(const struct usage_scan_place *place, void *arg)
{
    int64_t all = place->last_seq - place->first_seq;
    (void)arg;
    fprintf(stderr, "\r%lld of %lld records", (long long)(place->seq - place->first_seq),
            (long long)all);
}

static void clear_progress(void)
{
    fputs("\r\033[K", stderr);
}

/* ---- the command ---- */

static int print(const struct replay *replay, const struct replay_question *question,
                 const struct command_options *options)
{
    struct buffer out;
    buffer_init(&out, REPORT_BYTES_MAX);
    if (options->json) {
        buffer_append_char(&out, '{');
        replay_report_json(replay, question, SIZE_MAX, &out);
        buffer_append_text(&out, "}\n");
    } else if (options->csv) {
        replay_report_csv(replay, &out);
    } else {
        replay_report_text(replay, question, &out);
    }
    bool good =
        !out.failed && fwrite(out.data, 1, out.bytes, stdout) == out.bytes && fflush(stdout) == 0;
    buffer_fini(&out);
    if (good)
        return replay_warns(replay) ? WARNS_STATUS : 0;
    fputs("llm-gateway: the answer cannot be written\n", stderr);
    return FAILED_STATUS;
}

static bool run(const struct config *config, const struct command_options *options,
                const struct zone *zone, struct replay *out, struct fault *fault)
{
    bool shown = isatty(STDERR_FILENO) != 0;
    struct replay_options asked = {.database = config->database,
                                   .policies = options->policies != NULL ? options->policies
                                                                         : config->policies,
                                   .zone = zone,
                                   .from_ms = INT64_MIN,
                                   .to_ms = INT64_MAX,
                                   .on_progress = shown ? show_progress : NULL};
    if (!replay_take_time("--from", options->from, zone, &asked.from_ms, fault) ||
        !replay_take_time("--to", options->to, zone, &asked.to_ms, fault))
        return false;
    bool done = replay_run(&asked, out, fault);
    if (shown)
        clear_progress();
    return done;
}

static int fail(const struct fault *fault)
{
    commands_fail(fault);
    return FAILED_STATUS;
}

int replay_command(const struct config *config, const struct command_options *options)
{
    const struct replay_question question = {
        .from = or_empty(options->from),
        .to = or_empty(options->to),
        .zone = or_empty(options->zone),
        .policies = options->policies != NULL ? options->policies : config->policies};
    struct replay replay;
    struct zone zone;
    struct fault fault;
    if (!check_options(options, &fault) || !zone_load(question.zone, &zone, &fault))
        return fail(&fault);
    bool done = run(config, options, &zone, &replay, &fault);
    zone_fini(&zone);
    if (!done)
        return fail(&fault);
    int status = print(&replay, &question, options);
    replay_fini(&replay);
    return status;
}
