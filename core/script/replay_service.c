#include "script/replay_service.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "script/policy_files.h"

enum { KEPT_MS = 60 * 1000 };

enum replay_state { REPLAY_IDLE, REPLAY_RUNNING, REPLAY_DONE, REPLAY_FAILED };

struct replay_service {
    pthread_mutex_t mutex;
    const char *folder;
    void (*start)(void *arg);
    void *arg;
    enum replay_state state;
    struct replay_ask ask;
    uint64_t stamp; /* of the folder when it was asked */
    int64_t asked_ms;
    int64_t ended_ms;
    int64_t records;
    int64_t records_done;
    struct buffer answer; /* members of an object, if it is done */
    struct fault why;     /* if it has failed */
};

struct replay_service *replay_service_new(const char *folder, void (*start)(void *arg), void *arg)
{
    struct replay_service *service = calloc(1, sizeof *service);
    check(service != NULL && pthread_mutex_init(&service->mutex, NULL) == 0);
    service->folder = folder;
    service->start = start;
    service->arg = arg;
    buffer_init(&service->answer, REPLAY_ANSWER_BYTES_MAX);
    return service;
}

void replay_service_free(struct replay_service *service)
{
    if (service == NULL)
        return;
    buffer_fini(&service->answer);
    check(pthread_mutex_destroy(&service->mutex) == 0);
    free(service);
}

static void lock(struct replay_service *service)
{
    check(pthread_mutex_lock(&service->mutex) == 0);
}

static void unlock(struct replay_service *service)
{
    check(pthread_mutex_unlock(&service->mutex) == 0);
}

/* ---- asking ---- */

static bool is_asked(const struct replay_service *service, const struct replay_ask *ask)
{
    return strcmp(service->ask.from, ask->from) == 0 && strcmp(service->ask.to, ask->to) == 0 &&
           strcmp(service->ask.zone, ask->zone) == 0;
}

static bool is_answered(const struct replay_service *service, const struct replay_ask *ask,
                        uint64_t stamp, int64_t now_ms)
{
    return (service->state == REPLAY_DONE || service->state == REPLAY_FAILED) &&
           is_asked(service, ask) && service->stamp == stamp &&
           now_ms - service->ended_ms < KEPT_MS;
}

static void begin(struct replay_service *service, const struct replay_ask *ask, uint64_t stamp,
                  int64_t now_ms)
{
    service->state = REPLAY_RUNNING;
    service->ask = *ask;
    service->stamp = stamp;
    service->asked_ms = now_ms;
    service->ended_ms = 0;
    service->records = service->records_done = 0;
    buffer_reset(&service->answer);
    service->start(service->arg);
}

static void write_error(const struct replay_service *service, struct buffer *out)
{
    if (service->state != REPLAY_FAILED) {
        json_writer_null(out, "error");
        return;
    }
    json_writer_object(out, "error");
    json_writer_text(out, "code", service->why.code);
    json_writer_text(out, "message", service->why.message);
    json_writer_object_end(out);
}

static void write_answer(const struct replay_service *service, struct buffer *out)
{
    if (service->state != REPLAY_DONE) {
        json_writer_null(out, "answer");
        return;
    }
    json_writer_object(out, "answer");
    buffer_append_slice(out, buffer_slice(&service->answer));
    json_writer_object_end(out);
}

static void write_state(const struct replay_service *service, struct buffer *out)
{
    static const char *const names[] = {"idle", "running", "done", "error"};
    json_writer_object(out, NULL);
    json_writer_text(out, "state", names[service->state]);
    json_writer_text_or_null(out, "from", service->ask.from);
    json_writer_text_or_null(out, "to", service->ask.to);
    json_writer_text(out, "zone", service->ask.zone[0] != '\0' ? service->ask.zone : "UTC");
    json_writer_time(out, "asked_at", service->asked_ms);
    if (service->ended_ms != 0)
        json_writer_time(out, "ended_at", service->ended_ms);
    else
        json_writer_null(out, "ended_at");
    json_writer_int(out, "records", service->records);
    json_writer_int(out, "records_done", service->records_done);
    write_error(service, out);
    write_answer(service, out);
    json_writer_object_end(out);
}

bool replay_service_ask(struct replay_service *service, const struct replay_ask *ask,
                        struct buffer *out)
{
    uint64_t stamp = policy_files_stamp(service->folder);
    int64_t now_ms = clock_wall_ms();
    lock(service);
    bool other = service->state == REPLAY_RUNNING && !is_asked(service, ask);
    if (service->state != REPLAY_RUNNING && !is_answered(service, ask, stamp, now_ms))
        begin(service, ask, stamp, now_ms);
    if (!other)
        write_state(service, out);
    unlock(service);
    return !other;
}

/* ---- answering ---- */

void replay_service_take(struct replay_service *service, struct replay_ask *out)
{
    lock(service);
    *out = service->ask;
    unlock(service);
}

void replay_service_progress(struct replay_service *service, int64_t done, int64_t all)
{
    lock(service);
    service->records_done = done;
    service->records = all;
    unlock(service);
}

void replay_service_finish(struct replay_service *service, const struct buffer *members,
                           const struct fault *why)
{
    lock(service);
    service->ended_ms = clock_wall_ms();
    service->state = members != NULL ? REPLAY_DONE : REPLAY_FAILED;
    if (members != NULL)
        buffer_append_slice(&service->answer, buffer_slice(members));
    else
        service->why = *why;
    unlock(service);
}
