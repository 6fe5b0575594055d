#include "script/policy_news.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "store/operations/reply.h"

struct policy_news {
    pthread_mutex_t mutex;
    const char *folder;
    struct policy_files *files; /* NULL before the first */
    int64_t loaded_ms;
    int64_t refused_ms; /* 0: none since then */
    char refusal[sizeof((struct fault *)0)->message];
};

struct policy_news *policy_news_new(const char *folder)
{
    struct policy_news *news = calloc(1, sizeof *news);

    check(news && pthread_mutex_init(&news->mutex, NULL) == 0);
    news->folder = folder;
    return news;
}

void policy_news_free(struct policy_news *news)
{
    if (!news)
        return;
    if (news->files)
        policy_files_unref(news->files);
    check(pthread_mutex_destroy(&news->mutex) == 0);
    free(news);
}

void policy_news_accept(struct policy_news *news, struct policy_files *files)
{
    struct policy_files *before;

    check(pthread_mutex_lock(&news->mutex) == 0);
    before = news->files;
    news->files = policy_files_ref(files);
    news->loaded_ms = clock_wall_ms();
    news->refused_ms = 0;
    check(pthread_mutex_unlock(&news->mutex) == 0);
    if (before)
        policy_files_unref(before);
}

void policy_news_refuse(struct policy_news *news, const struct fault *fault)
{
    check(pthread_mutex_lock(&news->mutex) == 0);
    news->refused_ms = clock_wall_ms();
    snprintf(news->refusal, sizeof news->refusal, "%s", fault->message);
    check(pthread_mutex_unlock(&news->mutex) == 0);
}

static void render_files(const struct policy_files *files, struct buffer *out)
{
    reply_array(out, "files");
    for (size_t i = 0; i < POLICY_FILE_COUNT; i++) {
        const struct policy_file *file = policy_files_get(files, i);

        reply_object(out, NULL);
        reply_text(out, "name", file->name);
        reply_int(out, "bytes", (int64_t)file->text.bytes);
        reply_text(out, "sha256", file->sha256);
        reply_object_end(out);
    }
    reply_array_end(out);
}

void policy_news_render(struct policy_news *news, struct buffer *out)
{
    check(pthread_mutex_lock(&news->mutex) == 0);
    check(news->files);
    reply_object(out, NULL);
    reply_text(out, "revision", policy_files_revision(news->files));
    reply_time(out, "loaded_at", news->loaded_ms);
    reply_text(out, "folder", news->folder);
    render_files(news->files, out);
    if (news->refused_ms) {
        reply_object(out, "refused");
        reply_time(out, "at", news->refused_ms);
        reply_text(out, "message", news->refusal);
        reply_object_end(out);
    } else {
        reply_null(out, "refused");
    }
    reply_object_end(out);
    check(pthread_mutex_unlock(&news->mutex) == 0);
}
