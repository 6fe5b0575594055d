/* The limit of open files, and how many connections of clients it allows. */
#ifndef APP_DESCRIPTORS_H
#define APP_DESCRIPTORS_H

#include "app/config.h"
#include "base/fault.h"

struct descriptor_share {
    size_t connections_max;
    size_t refusals_max; /* connections beyond connections_max, while they get their refusal */
    size_t address_connections_max; /* of one client's address, over all workers */
};

/* Raises the soft limit of open files to the hard limit. */
void descriptors_raise(void);

/* How many files the process has open; -1: that cannot be seen. */
int64_t descriptors_count(void);

/* Divides among the workers what the process does not need itself: half for clients, half for
 * providers, because each client's call may need a connection to a provider. False: *fault, too
 * few. */
bool descriptors_share(const struct config *config, unsigned worker_count,
                       struct descriptor_share *out, struct fault *fault);

#endif
