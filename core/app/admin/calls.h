/* The calls that run right now, of all workers: `GET /calls`, for `llm-gateway top`. Each worker
 * lists its own (running_calls.h) as a job; the reply waits for the last of them. On the admin
 * thread. */
#ifndef APP_ADMIN_CALLS_H
#define APP_ADMIN_CALLS_H

#include "app/admin/pending.h"
#include "app/workers.h"
#include "base/job.h"
#include "net/server/server.h"

/* format=text: a table; else JSON: {running, calls: [...]}, the oldest first. Jobs of workers come
 * back to `queue`. */
void calls_answer(const struct workers *workers, struct job_queue *queue, struct pending *pending,
                  struct http_request *request);

#endif
