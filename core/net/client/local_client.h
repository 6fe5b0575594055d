/* One request over a Unix socket, for the command line: it blocks. Any thread. */
#ifndef NET_CLIENT_LOCAL_CLIENT_H
#define NET_CLIENT_LOCAL_CLIENT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"

/* Appends the body of the reply to `body`, which bounds it. False: *fault. Its code is one of
 * unix_socket_connect, or `silent`: the gateway did not send all within ten seconds; or `dropped`:
 * it has closed without a reply, for it has no room or stops; or `not_reached`: what came is no
 * reply. */
bool local_client_ask(const char *socket_path, const char *method, const char *target, int *status,
                      struct buffer *body, struct fault *fault);

#endif
