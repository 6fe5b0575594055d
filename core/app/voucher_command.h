/* The command line's `voucher create`. Returns the exit status. It may run while a server serves
 * the same database. */
#ifndef APP_VOUCHER_COMMAND_H
#define APP_VOUCHER_COMMAND_H

#include "app/commands.h"
#include "app/config.h"

/* What `voucher create` takes, as it was typed; NULL: not given. */
struct voucher_options {
    const char *amount; /* of each, in USD */
    const char *count;
    const char *kind;    /* manual or promotion */
    const char *group;   /* whose customers may redeem */
    const char *expires; /* a date or a time */
};

/* Makes a batch and prints its codes, one a line. */
int voucher_command_create(const struct config *config, const char *name,
                           const struct voucher_options *options);

#endif
