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

enum { PATH_BYTES = 4096 };

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

static bool make_folder(const struct policy_files *files, struct slice catalog, char path[64],
                        struct fault *fault)
{
    snprintf(path, 64, "/tmp/llm-gateway-catalog-XXXXXX");
    if (mkdtemp(path) == NULL)
        return fault_set(fault, "cannot_write", "%s: cannot be made", path);
    bool written = true;
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        const struct policy_file *file = policy_files_get(files, i);
        written = written && write_file(path, file->name, is_catalog(file) ? catalog : file->text);
    }
    return written || fault_set(fault, "cannot_write", "%s: cannot be written", path);
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

static bool run(const struct config *config, const char *policies, int64_t to_ms,
                struct replay *out, struct fault *fault)
{
    struct zone zone;
    if (!zone_load("", &zone, fault))
        return false;
    const struct replay_options options = {.database = config->database,
                                           .policies = policies,
                                           .zone = &zone,
                                           .from_ms = to_ms - SPAN_MS,
                                           .to_ms = to_ms};
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

static bool compare(const struct config *config, const char *folder, struct buffer *out,
                    struct fault *fault)
{
    struct replay present;
    struct replay other;
    int64_t now_ms = clock_wall_ms();
    if (!run(config, config->policies, now_ms, &present, fault))
        return false;
    bool done = run(config, folder, now_ms, &other, fault);
    if (done) {
        add_money(&present, &other, out);
        replay_fini(&other);
    } else {
        struct fault why = *fault;
        fault_set(fault, why.code, "the policies do not load with it: %s", why.message);
    }
    replay_fini(&present);
    return done;
}

void catalog_money_add(const struct config *config, struct slice catalog, struct buffer *out)
{
    char folder[64];
    struct fault fault;
    if (access(config->database, F_OK) != 0) {
        json_writer_text(out, "money_error", "there is no database yet");
        return;
    }
    struct policy_files *files = policy_files_read(config->policies, &fault);
    bool done = files != NULL && make_folder(files, catalog, folder, &fault);
    if (done) {
        done = compare(config, folder, out, &fault);
        remove_folder(files, folder);
    }
    if (!done)
        json_writer_text(out, "money_error", fault.message);
    policy_files_unref(files);
}
