#include "app/command_options.h"

#include <string.h>

struct command {
    const char *first;
    const char *second; /* NULL: any, or none */
    const char *options;
};

/* Those with two words before those with one. */
static const struct command commands[] = {
    {"user", "create", "--admin --name"},
    {"key", "create", "--name"},
    {"voucher", "create", "--amount --count --kind --group --expires"},
    {"ledger", "export", "--format --from --to"},
    {"usage", "export", "--format --from --to --tz"},
    {"catalog", "import", "--output --provider --mode --label"},
    {"catalog", "diff", "--json --timeout"},
    {"price", "-", ""},
    {"price", NULL,
     "--usage --group --provider --at --service-tier --speed --region --choice --search-context "
     "--size --quality --resolution"},
    {"serve", NULL, "--first-run"},
    {"check", NULL, ""},
    {"migrate", NULL, ""},
    {"user", NULL, ""},
    {"mail", NULL, ""},
    {"credit", NULL, "--reason"},
    {"debit", NULL, "--reason"},
    {"ledger", NULL, ""},
    {"replay", NULL, "--policies --from --to --tz --json --csv"},
    {"refund", NULL, "--reason"},
    {"status", NULL, "--json --watch"},
    {"top", NULL, "--json"},
    {"drain", NULL, "--off --timeout"},
    {"log-level", NULL, ""},
    {"doctor", NULL, "--json"},
    {"completion", NULL, ""},
    {"backup", NULL, ""},
    {"version", NULL, ""},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const struct command *find(const char *first, const char *second)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *command = &commands[i];
        if (strcmp(command->first, first) == 0 &&
            (command->second == NULL || strcmp(command->second, second) == 0))
            return command;
    }
    return NULL;
}

static bool lists(const char *options, const char *option, size_t bytes)
{
    for (const char *at = options; *at != '\0';) {
        size_t length = strcspn(at, " ");
        if (length == bytes && memcmp(at, option, bytes) == 0)
            return true;
        at += length + strspn(at + length, " ");
    }
    return false;
}

bool command_takes(const char *const *words, unsigned word_count, const char *option)
{
    size_t bytes = strcspn(option, "=");
    const struct command *command =
        find(word_count > 0 ? words[0] : "serve", word_count > 1 ? words[1] : "");
    return command == NULL || lists("--config --set --version -V", option, bytes) ||
           lists(command->options, option, bytes);
}
