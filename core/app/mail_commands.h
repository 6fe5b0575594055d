/* The commands about mail. Each returns the exit status. */
#ifndef APP_MAIL_COMMANDS_H
#define APP_MAIL_COMMANDS_H

#include "app/config.h"

/* Mail to a user's address has come back; `why` may be "". */
int mail_commands_bounced(const struct config *config, const char *email, const char *why);
/* It may be mailed again. */
int mail_commands_restored(const struct config *config, const char *email);

#endif
