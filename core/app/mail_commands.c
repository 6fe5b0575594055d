#include "app/mail_commands.h"

#include <stdio.h>

#include "app/commands.h"
#include "store/call.h"
#include "store/store.h"

static bool run(const struct config *config, const char *operation, const char *email,
                const char *why)
{
    const struct store_value args[] = {bind_text(email), bind_text(why)};
    struct fault fault;
    struct store *store = commands_open(config);
    if (store == NULL)
        return false;
    bool done = commands_run(store, operation, args, why != NULL ? 2 : 1, NULL, &fault);
    commands_close(config, store);
    if (!done)
        commands_fail(&fault);
    return done;
}

int mail_commands_bounced(const struct config *config, const char *email, const char *why)
{
    if (!run(config, "address.refused", email, why))
        return 1;
    printf("ok: %s gets no mail but what verifies it, until that is done\n", email);
    return 0;
}

int mail_commands_restored(const struct config *config, const char *email)
{
    if (!run(config, "address.restored", email, NULL))
        return 1;
    printf("ok: %s gets mail again\n", email);
    return 0;
}
