/* The calls that run right now, of all workers: `GET /calls`, for `llm-gateway top`. Each worker
 * lists its own (running_calls.h) as a job; the reply waits for the last of them. On the admin
 * thread. */
#ifndef APP_ADMIN_CALLS_H
#define APP_ADMIN_CALLS_H

#include "app/workers.h"
#include "base/job.h"
#include "net/server/server.h"

struct calls;

/* Both borrowed; the workers' jobs come back to `queue`. */
struct calls *calls_new(const struct workers *workers, struct job_queue *queue);
/* Nothing must be under way. */
void calls_free(struct calls *calls);

/* format=text: a table; else JSON: {running, calls: [...]}, the oldest first. */
void calls_answer(struct calls *calls, struct http_request *request);
/* Calls `on_end` when nothing is under way any more: at once, or later. */
void calls_finish(struct calls *calls, void (*on_end)(void *arg), void *arg);

#endif
