#include "script/reload_status.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json_writer.h"

struct reload_status {
    pthread_mutex_t mutex;
    const char *folder;
    struct policy_files *files; /* NULL before the first load */
    int64_t loaded_ms;
    int64_t refused_ms; /* 0: no refusal since then */
    char refusal[sizeof((struct fault *)0)->message];
};

struct reload_status *reload_status_new(const char *folder)
{
    struct reload_status *status = calloc(1, sizeof *status);
    check(status != NULL && pthread_mutex_init(&status->mutex, NULL) == 0);
    status->folder = folder;
    return status;
}

void reload_status_free(struct reload_status *status)
{
    if (status == NULL)
        return;
    if (status->files != NULL)
        policy_files_unref(status->files);
    check(pthread_mutex_destroy(&status->mutex) == 0);
    free(status);
}

void reload_status_accept(struct reload_status *status, struct policy_files *files)
{
    struct policy_files *before;
    check(pthread_mutex_lock(&status->mutex) == 0);
    before = status->files;
    status->files = policy_files_ref(files);
    status->loaded_ms = clock_wall_ms();
    status->refused_ms = 0;
    check(pthread_mutex_unlock(&status->mutex) == 0);
    if (before != NULL)
        policy_files_unref(before);
}

void reload_status_refuse(struct reload_status *status, const struct fault *fault)
{
    check(pthread_mutex_lock(&status->mutex) == 0);
    status->refused_ms = clock_wall_ms();
    snprintf(status->refusal, sizeof status->refusal, "%s", fault->message);
    check(pthread_mutex_unlock(&status->mutex) == 0);
}

void reload_status_read(struct reload_status *status, struct reload_facts *out)
{
    *out = (struct reload_facts){.loaded_ms = 0};
    check(pthread_mutex_lock(&status->mutex) == 0);
    if (status->files != NULL)
        snprintf(out->revision, sizeof out->revision, "%s", policy_files_revision(status->files));
    out->loaded_ms = status->loaded_ms;
    out->refused_ms = status->refused_ms;
    if (status->refused_ms > 0)
        snprintf(out->refusal, sizeof out->refusal, "%s", status->refusal);
    check(pthread_mutex_unlock(&status->mutex) == 0);
}

static void render_files(const struct policy_files *files, struct buffer *out)
{
    json_writer_array(out, "files");
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        const struct policy_file *file = policy_files_get(files, i);
        if (file->text.data == NULL)
            continue;
        json_writer_object(out, NULL);
        json_writer_text(out, "name", file->name);
        json_writer_int(out, "bytes", (int64_t)file->text.bytes);
        json_writer_text(out, "sha256", file->sha256);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
}

void reload_status_render(struct reload_status *status, struct buffer *out)
{
    check(pthread_mutex_lock(&status->mutex) == 0);
    check(status->files != NULL);
    json_writer_object(out, NULL);
    json_writer_text(out, "revision", policy_files_revision(status->files));
    json_writer_time(out, "loaded_at", status->loaded_ms);
    json_writer_text(out, "folder", status->folder);
    render_files(status->files, out);
    json_writer_bool(out, "pending",
                     policy_files_stamp(status->folder) != policy_files_read_stamp(status->files));
    if (status->refused_ms) {
        json_writer_object(out, "refused");
        json_writer_time(out, "at", status->refused_ms);
        json_writer_text(out, "message", status->refusal);
        json_writer_object_end(out);
    } else {
        json_writer_null(out, "refused");
    }
    json_writer_object_end(out);
    check(pthread_mutex_unlock(&status->mutex) == 0);
}
