/* Which options each command takes: those of its usage. One that another command takes would
 * change nothing, and whoever wrote it believes that it does. */
#ifndef APP_COMMAND_OPTIONS_H
#define APP_COMMAND_OPTIONS_H

#include <stdbool.h>

/* `words`: the command, none for `serve`. `option` may go on with =VALUE. True also for a command
 * that there is not: something else refuses it. */
bool command_takes(const char *const *words, unsigned word_count, const char *option);

#endif
