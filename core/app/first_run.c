#include "app/first_run.h"

#include <stdio.h>

#include "app/commands.h"
#include "base/clock.h"
#include "base/secret.h"
#include "store/store.h"

#define FIRST_EMAIL "admin@example.com"

enum { FIRST_CREDIT_NUSD = 5 * 1000000000LL };

static bool make_first(struct first_run *made, struct store *store, const struct secret *secret,
                       struct fault *fault)
{
    return commands_make_user(store, FIRST_EMAIL, "Administrator", true, made->password, fault) &&
           commands_give_credit(store, FIRST_EMAIL, FIRST_CREDIT_NUSD, "promotion",
                                "to try the gateway", fault) &&
           commands_make_key(store, secret, FIRST_EMAIL, "first key", made->key, fault);
}

bool first_run_prepare(struct first_run *made, const struct config *config,
                       const struct secret *secret, struct fault *fault)
{
    bool empty = false;
    struct store *store = commands_open_store(config, NULL, fault);
    if (store == NULL)
        return false;
    bool good = commands_no_users(store, &empty, fault) &&
                (!empty || make_first(made, store, secret, fault));
    store_close(store);
    return good;
}

void first_run_welcome(struct first_run *made, const char *public_url)
{
    printf("\nLLM Gateway is running.\n\n  address     %s\n  API         %s/api/v1\n", public_url,
           public_url);
    if (made->key[0] == '\0') {
        printf(
            "\nThe database has users already. A new key: build/llm-gateway key create EMAIL\n\n");
        fflush(stdout);
        return;
    }
    printf(
        "  sign in as  " FIRST_EMAIL "\n  password    %s   (shown only now)\n"
        "  key         %s   (shown only now; $5.00 of credits)\n\nTry it:\n\n"
        "curl %s/api/v1/chat/completions -H 'Authorization: Bearer %s' "
        "-H 'Content-Type: application/json' "
        "-d '{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}]}'\n\n",
        made->password, made->key, public_url, made->key);
    fflush(stdout);
    secret_wipe(made, sizeof *made);
}
