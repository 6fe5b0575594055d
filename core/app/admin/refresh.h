/* Loads what a command has written into the database: `PUT /refresh`. So its effect is in force
 * when the command returns: a new key works, a disabled one does not. On the admin thread. */
#ifndef APP_ADMIN_REFRESH_H
#define APP_ADMIN_REFRESH_H

#include "app/admin/pending.h"
#include "base/job.h"
#include "net/server/server.h"

struct store;

/* Replies when memory has it. The job comes back to `queue`. */
void refresh_answer(struct store *store, struct job_queue *queue, struct pending *pending,
                    struct http_request *request);

#endif
