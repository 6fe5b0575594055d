/* The replay that the operator's page asks for: what recorded calls would be charged under the
 * policies that are in the folder now (app/replay.h). One question at a time; a thread of the app's
 * answers it, so no worker waits. The answer is kept for a minute, or until a file of the folder
 * is written. Workers ask, the thread answers; a mutex inside guards. */
#ifndef SCRIPT_REPLAY_SERVICE_H
#define SCRIPT_REPLAY_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/zone.h"

enum { REPLAY_TIME_BYTES = 40, REPLAY_ANSWER_BYTES_MAX = 4 * 1024 * 1024 };

struct replay_service;

struct replay_ask {
    char from[REPLAY_TIME_BYTES]; /* RFC 3339, or a date */
    char to[REPLAY_TIME_BYTES];   /* "": up to the last call */
    char zone[ZONE_TEXT_BYTES];   /* "": UTC */
};

/* Keeps the pointer `folder`. `start(arg)` is called on a worker's thread when a question waits for
 * the answering thread; it must not wait. */
struct replay_service *replay_service_new(const char *folder, void (*start)(void *arg), void *arg);
void replay_service_free(struct replay_service *service); /* NULL is allowed */

/* Asks, or looks how it is getting on: appends a JSON object, {state, from, to, zone, asked_at,
 * ended_at, records, records_done, error: {code, message}, answer}. Returns false while another
 * question is being answered. */
bool replay_service_ask(struct replay_service *service, const struct replay_ask *ask,
                        struct buffer *out);

/* ---- for the answering thread ---- */

void replay_service_take(struct replay_service *service, struct replay_ask *out);
void replay_service_progress(struct replay_service *service, int64_t done, int64_t all);
/* `members` are the members of the answer's object; NULL: there is none, because of *why. */
void replay_service_finish(struct replay_service *service, const struct buffer *members,
                           const struct fault *why);

#endif
