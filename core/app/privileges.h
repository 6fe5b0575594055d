/* The user that the process runs as. If it starts as root, it becomes the `user` of gateway.conf:
 * it reads the TLS key as root, then takes that user's identity for all files that it opens or
 * makes. Of root's rights it keeps only the one to bind a port below 1024, and drops that when it
 * listens.
 *
 * As root without `user` it serves loopback only, where only this machine's users reach it. So a
 * first try in a container, where everything is root, needs no settings. `user = root` says that
 * root is intended. */
#ifndef APP_PRIVILEGES_H
#define APP_PRIVILEGES_H

#include <sys/types.h>

#include "app/config.h"
#include "base/fault.h"

struct privileges {
    bool change; /* the process is root and must change */
    uid_t user_id;
    gid_t group_id;
    char user[CONFIG_TEXT_BYTES];
};

/* Finds the user to become. False: there is no such user, or the present user cannot become it. */
bool privileges_find(const struct config *config, struct privileges *out, struct fault *fault);
/* The same for the server, which refuses to be root beyond loopback. */
bool privileges_find_server(const struct config *config, struct privileges *out,
                            struct fault *fault);
/* Takes the user's identity for files; the calling thread may still bind any port. */
bool privileges_lend(const struct privileges *privileges, struct fault *fault);
/* Takes it for good, in all threads. */
bool privileges_drop(const struct privileges *privileges, struct fault *fault);

#endif
