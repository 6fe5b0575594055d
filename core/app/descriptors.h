/* The limit of open files, and how many connections of clients it allows. */
#ifndef APP_DESCRIPTORS_H
#define APP_DESCRIPTORS_H

#include "app/config.h"
#include "base/fault.h"

/* What one worker may have. */
struct descriptor_share {
    size_t connections_max;
    size_t refusals_max;            /* connections beyond them, for as long as a refusal takes */
    size_t address_connections_max; /* of one client's address, to all workers */
};

/* Raises the soft limit of open files to the hard one. */
void descriptors_raise(void);

/* Shares between the workers what is left when all that the process needs for itself is open: half
 * for clients, half for providers, for each call of a client's may need one there. False: *fault,
 * too few. */
bool descriptors_share(const struct config *config, unsigned worker_count,
                       struct descriptor_share *out, struct fault *fault);

#endif
