/* The reload of policies: all or nothing. The bytes are read once; each worker builds its own VM
 * from them; only when all have said yes does each put it in force, between two turns of its
 * loop. Otherwise nothing changes. Main thread. */
#ifndef APP_RELOAD_H
#define APP_RELOAD_H

#include <stdbool.h>

#include "app/config.h"
#include "app/worker.h"
#include "base/fault.h"
#include "base/job.h"
#include "script/policy_news.h"

/* Whom it concerns. */
struct reload {
    struct worker *const *workers;
    unsigned worker_count;
    struct inbox *main_inbox;
    const struct config *config;
    struct policy_news *news;
    struct store *store;
};

/* Waits for the workers; what came of it goes into the log, the news and the audit log. False: the
 * old policies stay in force. */
bool reload_policies(const struct reload *reload);

#endif
