/* The commands that check, correct and back up the ledger. As in commands.h: results on stdout,
 * errors on stderr, the exit status is returned, and a server may run meanwhile. */
#ifndef APP_LEDGER_COMMANDS_H
#define APP_LEDGER_COMMANDS_H

#include "app/commands.h"

int commands_ledger_verify(const struct config *config);
int commands_ledger_explain(const struct config *config, const char *exchange_id);
int commands_ledger_export(const struct config *config, const struct command_options *options);
/* `amount` NULL: the rest of the charge. */
int commands_refund(const struct config *config, const char *exchange_id, const char *amount,
                    const struct command_options *options);
int commands_backup(const struct config *config, const char *target);

#endif
