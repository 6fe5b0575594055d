/* The commands of the command line, without `serve`; ledger_commands.h has those on the ledger,
 * user_commands.h those on existing users. Each prints its result on stdout and its errors on
 * stderr, and returns the exit status. They may run while a server serves the same database. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/config.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/secret.h"

struct alerts;
struct store;
struct store_value;

struct command_options {
    const char *name;
    const char *reason;
    const char *format;
    const char *from;
    const char *to;
    const char *policies; /* a folder */
    const char *zone;
    bool admin;
    bool json;
    bool csv;
};

int commands_check(const struct config *config);
int commands_migrate(const struct config *config);
int commands_user_create(const struct config *config, const char *email,
                         const struct command_options *options);
int commands_key_create(const struct config *config, const char *email,
                        const struct command_options *options);
int commands_debit(const struct config *config, const char *email, const char *amount,
                   const struct command_options *options);
int commands_credit(const struct config *config, const char *email, const char *amount,
                    const struct command_options *options);

enum { COMMANDS_PASSWORD_BYTES = 32 };

/* ---- also for the other files of commands ---- */

/* Finds the id of the user with this address. */
bool commands_find_user(struct store *store, const char *email, char id[ID_BYTES],
                        struct fault *fault);
/* Makes a random password and the hash to store. */
bool commands_make_password(char password[COMMANDS_PASSWORD_BYTES], char hash[PASSWORD_HASH_BYTES],
                            struct fault *fault);

/* Parses a time of the command line; without a text *out_ms stays. */
bool commands_take_time(const char *option, const char *text, int64_t *out_ms, struct fault *fault);

/* Prints the fault on stderr; returns the exit status 1. */
int commands_fail(const struct fault *fault);
/* Opens the database for a command, and makes its folder. NULL: the reason has been printed. */
struct store *commands_open(const struct config *config);
/* Closes it, and has a running gateway load at once what the command has written. */
void commands_close(const struct config *config, struct store *store);
/* Runs one operation now. Puts its JSON into `result` (initialised; may be NULL). */
bool commands_run(struct store *store, const char *operation, const struct store_value *args,
                  size_t arg_count, struct buffer *result, struct fault *fault);

/* ---- also for serve ---- */

/* Makes the folder of the file `path`. */
bool commands_make_folder(const char *path, struct fault *fault);
/* `alerts`: of the server that opens it; NULL: it is for the command line. */
struct store *commands_open_store(const struct config *config, struct alerts *alerts,
                                  struct fault *fault);

/* Each does the work of its command in an open store. */
bool commands_make_user(struct store *store, const char *email, const char *name, bool admin,
                        char password[COMMANDS_PASSWORD_BYTES], struct fault *fault);
bool commands_make_key(struct store *store, const struct secret *secret, const char *email,
                       const char *name, char key[APIKEY_CHARS + 1], struct fault *fault);
bool commands_give_credit(struct store *store, const char *email, int64_t amount_nusd,
                          const char *kind, const char *reason, struct fault *fault);
bool commands_no_users(struct store *store, bool *out, struct fault *fault);

#endif
