/* Asks the running gateway over its admin socket, for the command line. Where it does not answer,
 * it says what is to be done. */
#ifndef APP_GATEWAY_ASK_H
#define APP_GATEWAY_ASK_H

#include <stdbool.h>

#include "app/config.h"
#include "base/buffer.h"
#include "base/fault.h"

/* Appends the body of the reply to `body`. False: *fault says what was seen, with a code of
 * unix_socket_connect or `off` (there is no socket), and *advice what to do. */
bool gateway_ask(const struct config *config, const char *method, const char *target, int *status,
                 struct buffer *body, struct fault *fault, const char **advice);

#endif
