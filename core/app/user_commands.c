#include "app/user_commands.h"

#include <stdio.h>

#include "app/commands.h"
#include "base/id.h"
#include "store/call.h"
#include "store/store.h"

enum { ARGS_MAX = 5 };

/* Runs an operation on a user. Its first argument is the user's id; the caller sets the others. */
static bool run_for(const struct config *config, const char *email, const char *operation,
                    struct store_value *args, size_t arg_count)
{
    char id[ID_BYTES];
    struct fault fault;
    struct store *store = commands_open(config);
    if (store == NULL)
        return false;
    bool done = commands_find_user(store, email, id, &fault);
    if (done) {
        args[0] = bind_text(id);
        done = commands_run(store, operation, args, arg_count, NULL, &fault);
    }
    commands_close(config, store);
    if (!done)
        commands_fail(&fault);
    return done;
}

int user_commands_password(const struct config *config, const char *email)
{
    char password[COMMANDS_PASSWORD_BYTES];
    char hash[PASSWORD_HASH_BYTES];
    struct fault fault;
    struct store_value args[ARGS_MAX] = {{.type = STORE_NULL}};
    if (!commands_make_password(password, hash, &fault))
        return commands_fail(&fault);
    args[1] = bind_text(hash);
    if (!run_for(config, email, "user.password", args, 5))
        return 1;
    fprintf(stderr, "all sessions of %s are ended; the new password, to be changed after:\n",
            email);
    printf("%s\n", password);
    return 0;
}

int user_commands_unlock(const struct config *config, const char *email)
{
    struct store_value args[ARGS_MAX] = {{.type = STORE_NULL}};
    if (!run_for(config, email, "user.unlock", args, 1))
        return 1;
    printf("ok: wrong passwords for %s from before count no more\n", email);
    return 0;
}

int user_commands_second_factor_off(const struct config *config, const char *email)
{
    struct store_value args[ARGS_MAX] = {{.type = STORE_NULL}};
    if (!run_for(config, email, "factor.remove", args, 1))
        return 1;
    printf("ok: %s signs in with the password alone\n", email);
    return 0;
}

int user_commands_role(const struct config *config, const char *email, const char *role)
{
    struct store_value args[ARGS_MAX] = {{.type = STORE_NULL}};
    args[4] = bind_text(role);
    if (!run_for(config, email, "customer.update", args, 5))
        return 1;
    printf("ok: the role of %s is %s\n", email, role);
    return 0;
}
