/* `llm-gateway replay`: what recorded calls would have been charged under other policies. */
#ifndef APP_REPLAY_COMMAND_H
#define APP_REPLAY_COMMAND_H

#include "app/commands.h"

/* Returns the exit status: 0; 1 if something cannot be charged or is sold at a loss that nobody has
 * allowed; 2 if the question, the policies or the database are no good. */
int replay_command(const struct config *config, const struct command_options *options);

#endif
