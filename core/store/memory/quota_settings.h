/* The quotas that are set in the dashboard, by the id of their user or key. The ledger thread fills
 * it with what is committed. Guarded by a mutex inside; while nothing is set, nobody takes it. */
#ifndef STORE_MEMORY_QUOTA_SETTINGS_H
#define STORE_MEMORY_QUOTA_SETTINGS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "store/memory/table.h"
#include "store/quotas.h"

struct quota_settings {
    pthread_mutex_t mutex;
    struct table table;
    uint64_t version;       /* of the last list that was put */
    atomic_size_t subjects; /* with a quota */
};

void quota_settings_init(struct quota_settings *settings);
void quota_settings_fini(struct quota_settings *settings);
/* Replaces the quotas of a subject; an empty list removes it. */
void quota_settings_put(struct quota_settings *settings, const char *subject,
                        const struct quota_list *list);
/* Copies them; an empty list if there are none. Any thread. */
void quota_settings_find(struct quota_settings *settings, const char *subject,
                         struct quota_list *out);
/* Adds a quota. False: the list is full. `model`: "" for all. */
bool quota_list_add(struct quota_list *list, const struct quota_rule *rule, const char *model);

#endif
