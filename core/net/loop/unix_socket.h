/* A socket in a file, for the programs of this machine. Only the owner of the file, and root, may
 * connect. Any thread; nothing is kept. */
#ifndef NET_LOOP_UNIX_SOCKET_H
#define NET_LOOP_UNIX_SOCKET_H

#include <stdbool.h>

#include "base/fault.h"

/* Makes the file and listens; takes the place of a file that a dead process has left. The path may
 * be longer than what a socket address takes. -1: *fault, also where another process answers
 * there. */
int unix_socket_listen(const char *path, struct fault *fault);
/* A connection that blocks. -1: *fault, whose code is `absent` (no file), `stale` (of a process
 * that has ended), `forbidden`, `silent` (nobody accepts within ten seconds) or `not_reached`. */
int unix_socket_connect(const char *path, struct fault *fault);

#endif
