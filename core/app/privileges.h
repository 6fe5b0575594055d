/* Who the process is. Started as root, it becomes the `user` of gateway.conf: it reads the TLS key
 * as root, then takes that user's identity for all files that it opens or makes, keeps of root
 * only the right to bind a port below 1024, and gives up that when it listens.
 *
 * As root without `user` it serves loopback only: there nobody but this machine's users reaches
 * it, and a first try in a container, where everything is root, needs no settings. `user = root`
 * says that root is meant. */
#ifndef APP_PRIVILEGES_H
#define APP_PRIVILEGES_H

#include <sys/types.h>

#include "app/config.h"
#include "base/fault.h"

struct privileges {
    bool change; /* we are root and shall not stay it */
    uid_t user_id;
    gid_t group_id;
    char user[CONFIG_TEXT_BYTES];
};

/* Finds out who to become. False: there is no such user, or this one cannot become it. */
bool privileges_find(const struct config *config, struct privileges *out, struct fault *fault);
/* The same for the server, which refuses to be root for all the world. */
bool privileges_find_server(const struct config *config, struct privileges *out,
                            struct fault *fault);
/* Files are that user's from now on; the calling thread may still bind any port. */
bool privileges_lend(const struct privileges *privileges, struct fault *fault);
/* For good, in all threads. */
bool privileges_drop(const struct privileges *privileges, struct fault *fault);

#endif
