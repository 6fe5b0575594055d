#include "app/catalog_money.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/replay.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/json_writer.h"
#include "base/zone.h"
#include "script/policy_files.h"

#define SPAN_MS (INT64_C(30) * 24 * 3600 * 1000)

enum { PATH_BYTES = 4096, FOLDER_BYTES = 1024 };

static bool write_file(const char *folder, const char *name, struct slice text)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    bool written = fwrite(text.data, 1, text.bytes, file) == text.bytes;
    return fclose(file) == 0 && written;
}

static bool is_catalog(const struct policy_file *file)
{
    return strcmp(file->name, "catalog.lua") == 0;
}

static void remove_folder(const struct policy_files *files, const char *folder)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, policy_files_get(files, i)->name);
        unlink(path);
    }
    rmdir(folder);
}

/* Leaves nothing behind if it fails. */
static bool make_folder(const struct policy_files *files, struct slice catalog,
                        char path[FOLDER_BYTES], struct fault *fault)
{
    const char *base = getenv("TMPDIR");
    bool fits = snprintf(path, FOLDER_BYTES, "%s/llm-gateway-catalog-XXXXXX",
                         base != NULL && base[0] != '\0' ? base : "/tmp") < FOLDER_BYTES;
    if (!fits || mkdtemp(path) == NULL)
        return fault_set(fault, "cannot_write", "%s: cannot be made", path);
    bool written = true;
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        const struct policy_file *file = policy_files_get(files, i);
        written = written && write_file(path, file->name, is_catalog(file) ? catalog : file->text);
    }
    if (!written)
        remove_folder(files, path);
    return written || fault_set(fault, "cannot_write", "%s: cannot be written", path);
}

/* The calls of a span, and how long they may be looked at. */
struct span {
    const struct config *config;
    int64_t to_ms;
    int64_t deadline_us;
};

static bool run(const struct span *span, const char *policies, struct replay *out,
                struct fault *fault)
{
    struct zone zone;
    if (!zone_load("", &zone, fault))
        return false;
    const struct replay_options options = {.database = span->config->database,
                                           .policies = policies,
                                           .zone = &zone,
                                           .from_ms = span->to_ms - SPAN_MS,
                                           .to_ms = span->to_ms,
                                           .deadline_us = span->deadline_us};
    bool done = replay_run(&options, out, fault);
    zone_fini(&zone);
    return done;
}

static void add_money(const struct replay *present, struct replay *other, struct buffer *out)
{
    json_writer_array(out, "money");
    for (size_t i = 0; i < present->models.count; i++) {
        const struct replay_group *one = present->models.list[i];
        const struct replay_group *two = replay_groups_find(&other->models, one->name);
        if (two == NULL)
            continue;
        json_writer_object(out, NULL);
        json_writer_text(out, "model", one->name);
        json_writer_int(out, "old", one->sums.cost_now_nusd);
        json_writer_int(out, "new", two->sums.cost_now_nusd);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
}

static bool is_late(const struct fault *fault)
{
    return strcmp(fault->code, "timeout") == 0;
}

static bool compare(const struct span *span, const char *folder, struct buffer *out,
                    struct fault *fault)
{
    struct replay present;
    struct replay other;
    if (!run(span, span->config->policies, &present, fault))
        return false;
    bool done = run(span, folder, &other, fault);
    if (done) {
        add_money(&present, &other, out);
        replay_fini(&other);
    } else if (!is_late(fault)) {
        struct fault why = *fault;
        fault_set(fault, why.code, "the policies do not load with it: %s", why.message);
    }
    replay_fini(&present);
    return done;
}

void catalog_money_add(const struct config *config, struct slice catalog, int timeout_s,
                       struct buffer *out)
{
    char folder[FOLDER_BYTES];
    struct fault fault;
    const struct span span = {.config = config,
                              .to_ms = clock_wall_ms(),
                              .deadline_us = clock_mono_us() + timeout_s * INT64_C(1000000)};
    if (access(config->database, F_OK) != 0) {
        json_writer_text(out, "money_error", "there is no database yet");
        return;
    }
    struct policy_files *files = policy_files_read(config->policies, &fault);
    bool done = files != NULL && make_folder(files, catalog, folder, &fault);
    if (done) {
        done = compare(&span, folder, out, &fault);
        remove_folder(files, folder);
    }
    if (!done && is_late(&fault))
        fault_set(&fault, "timeout",
                  "the calls of 30 days took more than %d s: give more with --timeout SECONDS",
                  timeout_s);
    if (!done)
        json_writer_text(out, "money_error", fault.message);
    policy_files_unref(files);
}
