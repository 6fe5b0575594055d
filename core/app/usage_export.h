/* `usage export`: the calls of all customers for the operator's own books, one call a line, as CSV
 * or as JSON lines. The columns of the customers' file come first; then who called, what the
 * provider costs, the words that decided the prices, and the units. */
#ifndef APP_USAGE_EXPORT_H
#define APP_USAGE_EXPORT_H

#include "app/commands.h"

/* Writes to stdout as it reads; memory is bounded. Returns the exit status. */
int usage_export_command(const struct config *config, const struct command_options *options);

#endif
