/* The commands on the catalogue of prices (docs/CATALOG.md). Each returns the exit status. */
#ifndef APP_CATALOG_COMMANDS_H
#define APP_CATALOG_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/config.h"

enum { CATALOG_NAMES_MAX = 64, CATALOG_TIMEOUT_S = 120 };

struct catalog_options {
    const char *output;                       /* NULL: catalog.lua of the policies; "-": stdout */
    const char *label;                        /* the version of the price file, as people know it */
    const char *providers[CATALOG_NAMES_MAX]; /* none: all */
    size_t provider_count;
    const char *modes[CATALOG_NAMES_MAX]; /* imported although they are not served yet */
    size_t mode_count;
    int timeout_s; /* of the calls that are charged again; -1: CATALOG_TIMEOUT_S */
};

/* Makes catalog.lua from a price file; a summary goes to stderr. The old file stays until the new
 * one is complete. */
int catalog_commands_import(const struct config *config, const char *file,
                            const struct catalog_options *options);
/* Says what a newer price file changes. Returns 0: nothing, 1: something, 2: an error. */
int catalog_commands_diff(const struct config *config, const char *file,
                          const struct catalog_options *options, bool json);

#endif
