/* Which options each command takes: those of its usage. An option of another command would change
 * nothing, and the operator would believe that it does. */
#ifndef APP_COMMAND_OPTIONS_H
#define APP_COMMAND_OPTIONS_H

#include <stdbool.h>

/* `words`: the command, none for `serve`. `option` may go on with =VALUE. True also for a command
 * that there is not: something else refuses it. */
bool command_takes(const char *const *words, unsigned word_count, const char *option);

#endif
