/* The first five minutes: `serve --first-run` (what ./dev run starts) makes an administrator and
 * a funded key in an empty database and prints how to use them. */
#ifndef APP_FIRST_RUN_H
#define APP_FIRST_RUN_H

#include <stdbool.h>

#include "app/config.h"
#include "base/fault.h"
#include "base/secret.h"

/* Before the server opens the database. Does nothing when there is a user already. */
bool first_run_prepare(const struct config *config, const struct secret *secret,
                       struct fault *fault);
/* When the server listens: prints on stdout, and forgets. */
void first_run_welcome(const char *public_url);

#endif
