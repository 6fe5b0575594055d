/* The commands that look at the ledger, correct it and keep a copy of it. As in commands.h: results
 * on stdout, errors on stderr, the exit status returned, and a server may run meanwhile. */
#ifndef APP_LEDGER_COMMANDS_H
#define APP_LEDGER_COMMANDS_H

#include "app/commands.h"

int commands_ledger_verify(const struct config *config);
int commands_ledger_explain(const struct config *config, const char *exchange_id);
int commands_ledger_export(const struct config *config, const struct command_options *options);
/* `amount` NULL: all that is left of the charge. */
int commands_refund(const struct config *config, const char *exchange_id, const char *amount,
                    const struct command_options *options);
int commands_backup(const struct config *config, const char *target);

#endif
