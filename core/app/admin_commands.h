/* The commands that ask a running gateway, over its admin socket. Each prints its result on stdout
 * and its errors on stderr, and returns the exit status: 1 if no gateway answers there. */
#ifndef APP_ADMIN_COMMANDS_H
#define APP_ADMIN_COMMANDS_H

#include <stdbool.h>

#include "app/config.h"

struct admin_command_options {
    bool json;
    bool watch;    /* again each second, until it is interrupted */
    bool off;      /* of drain */
    int timeout_s; /* of drain; -1: drain_timeout_ms */
};

int admin_commands_status(const struct config *config, const struct admin_command_options *options);
int admin_commands_top(const struct config *config, const struct admin_command_options *options);
/* Prints the level; sets it first, unless it is NULL. */
int admin_commands_log_level(const struct config *config, const char *level);
/* Returns 0 when nothing runs any more, 2 if something still does after the time. */
int admin_commands_drain(const struct config *config, const struct admin_command_options *options);

#endif
