/* The first run: `serve --first-run` (used by ./dev run) makes an administrator and a funded key in
 * an empty database and prints how to use them. */
#ifndef APP_FIRST_RUN_H
#define APP_FIRST_RUN_H

#include <stdbool.h>

#include "app/commands.h"
#include "app/config.h"
#include "base/fault.h"
#include "base/secret.h"

/* What was made, until it is shown; empty texts if the database was not empty. */
struct first_run {
    char password[COMMANDS_PASSWORD_BYTES];
    char key[APIKEY_CHARS + 1];
};

/* Call it before the server opens the database. Makes nothing if there is a user already. */
bool first_run_prepare(struct first_run *made, const struct config *config,
                       const struct secret *secret, struct fault *fault);
/* Call it when the server listens: prints on stdout, and wipes `made`. */
void first_run_welcome(struct first_run *made, const char *public_url);

#endif
