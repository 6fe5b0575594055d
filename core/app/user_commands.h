/* The commands of the command line on existing users. Each returns the exit status. They may run
 * while a server serves the same database. */
#ifndef APP_USER_COMMANDS_H
#define APP_USER_COMMANDS_H

#include "app/config.h"

/* Gives the user a new password, prints it, and ends all sessions. */
int user_commands_password(const struct config *config, const char *email);
/* Lets wrong passwords before now no longer count. */
int user_commands_unlock(const struct config *config, const char *email);
/* Takes the second factor away, for a user who has lost it. */
int user_commands_second_factor_off(const struct config *config, const char *email);
/* `role`: "user" or "admin". */
int user_commands_role(const struct config *config, const char *email, const char *role);

#endif
