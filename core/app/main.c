/* The command line. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/admin_commands.h"
#include "app/catalog_commands.h"
#include "app/command_options.h"
#include "app/commands.h"
#include "app/config.h"
#include "app/doctor/doctor.h"
#include "app/environment_file.h"
#include "app/ledger_commands.h"
#include "app/mail_commands.h"
#include "app/price_command.h"
#include "app/privileges.h"
#include "app/replay_command.h"
#include "app/screen.h"
#include "app/serve.h"
#include "app/usage_export.h"
#include "app/user_commands.h"
#include "app/version.h"
#include "app/voucher_command.h"
#include "base/asset.h"
#include "base/check.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/secret.h"

/* Where `cmake --install` and the package put it: the build says so. */
#define INSTALLED_CONFIG GW_CONFIG_DIR "/gateway.conf"

enum { SETS_MAX = 64, WORDS_MAX = 8, OPTIONS_MAX = 128, USAGE_STATUS = 2 };

struct arguments {
    const char *config_path;
    struct environment_file environment;
    const char *sets[SETS_MAX];
    unsigned set_count;
    const char *words[WORDS_MAX];
    unsigned word_count;
    const char *given[OPTIONS_MAX]; /* the options as they were written */
    unsigned given_count;
    struct command_options options;
    struct catalog_options catalog;
    struct price_options price;
    struct voucher_options voucher;
    struct admin_command_options admin;
    bool first_run;
    bool version;
};

static const char usage_text[] =
    "usage: llm-gateway [--config FILE] [--set name=value]... [COMMAND]\n"
    "\n"
    "  serve [--first-run]                    run the gateway (the default)\n"
    "  check                                  look at settings and policies, run the examples\n"
    "  migrate                                bring the database up to date\n"
    "  user create EMAIL [--admin] [--name NAME]\n"
    "  user password EMAIL                    a new password, printed; all sessions end\n"
    "  user second-factor EMAIL off           for a lost phone: the password alone opens\n"
    "  user unlock EMAIL                      forget wrong passwords: no more waiting\n"
    "  user role EMAIL user|support|billing|admin\n"
    "  mail bounced EMAIL [WHY]               it came back: no more until it is verified\n"
    "  mail restored EMAIL                    it takes mail again\n"
    "  key create EMAIL [--name NAME]\n"
    "  credit EMAIL AMOUNT [--reason TEXT]    AMOUNT in USD, like 12.50\n"
    "  debit EMAIL AMOUNT --reason TEXT       a correction downwards: takes what is there,\n"
    "                                         the rest is owed\n"
    "  voucher create NAME --amount AMOUNT [--count N] [--kind manual|promotion]\n"
    "      [--group NAME] [--expires TIME]    codes of AMOUNT each, printed\n"
    "  ledger verify                          recompute every balance from the transfers\n"
    "  ledger explain REQUEST_ID              every number of that charge, computed again\n"
    "  ledger export [--format csv|jsonl] [--from TIME] [--to TIME]   all transfers\n"
    "  usage export [--format csv|jsonl] [--from TIME] [--to TIME] [--tz ZONE]\n"
    "                                         the calls of all customers, with their cost\n"
    "  replay [--policies DIR] [--from TIME] [--to TIME] [--tz ZONE] [--json | --csv]\n"
    "                                         what recorded calls cost under the policies\n"
    "                                         of DIR; exit 1 if some sell at a loss or cannot\n"
    "                                         be charged\n"
    "  refund REQUEST_ID [AMOUNT] [--reason TEXT]   without AMOUNT all that is left of it\n"
    "  price MODEL --usage JSON [--group NAME] [--provider NAME] [--at TIME]\n"
    "      [--service-tier NAME] [--speed NAME] [--region NAME] [--choice NAME]\n"
    "      [--search-context NAME] [--size NAME] [--quality NAME] [--resolution NAME]\n"
    "                                         what a call costs, by unit\n"
    "  price -                                the same for each line of stdin: JSON, to JSON\n"
    "  catalog import FILE [--output FILE] [--provider NAME]... [--mode NAME]...\n"
    "      [--label TEXT]                     make policies/catalog.lua from a price file\n"
    "  catalog diff FILE [--json] [--timeout SECONDS]\n"
    "                                         what a newer price file changes, in money of\n"
    "                                         the last 30 days; exit 0 nothing, 1 something\n"
    "  status [--json] [--watch]              what the running gateway does\n"
    "  top [--json]                           the calls that run, the oldest first\n"
    "  drain [--off] [--timeout SECONDS]      have load balancers send no more (/readyz says\n"
    "                                         503), and wait until nothing runs\n"
    "  log-level [debug|info|warn|error]      of the running gateway, until its next reload\n"
    "  doctor [--json]                        looks at settings, machine, certificates,\n"
    "                                         backups and providers, and says what to do;\n"
    "                                         exit 1 if something must be mended\n"
    "  completion bash                        a script for bash\n"
    "  backup FILE                            a verified copy of the database in a new file\n"
    "  version                                which one this is, and of which commit\n"
    "\n"
    "Without --config, gateway.conf in this folder is read, else the installed one:\n"
    "" INSTALLED_CONFIG "\n"
    "While it runs: SIGHUP reloads policies and settings, SIGTERM stops it gently,\n"
    "SIGUSR1 opens its log again.\n";

/* The line of the usage, or one that goes on with it, is about a command of that first word. */
static bool begins_with(const char *line, const char *command)
{
    size_t bytes = strlen(command);
    return strncmp(line, "  ", 2) == 0 && strncmp(line + 2, command, bytes) == 0 &&
           (line[2 + bytes] == ' ' || line[2 + bytes] == '\n');
}

/* Prints what the usage says of that command. Returns false when it says nothing. */
static bool print_synopses(FILE *out, const char *command)
{
    bool any = false;
    bool shown = false;
    const char *end;
    for (const char *line = usage_text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        if (strncmp(line, "   ", 3) != 0) /* else it goes on with the line above */
            shown = begins_with(line, command);
        if (!shown)
            continue;
        fprintf(out, "%s%.*s", any ? "" : "\n", (int)(end - line) + 1, line);
        any = true;
    }
    return any;
}

/* The whole usage would push the mistake off the screen. `command`: its first word, or NULL. */
static int show_usage(const char *command)
{
    if (command == NULL || !print_synopses(stderr, command))
        fputs("llm-gateway --help lists the commands and their options.\n", stderr);
    return USAGE_STATUS;
}

static int usage_error(const char *what, const char *word, const char *command)
{
    fprintf(stderr, "llm-gateway: %s: %s\n", what, word);
    return show_usage(command);
}

/* The value of an option, given as --name VALUE or --name=VALUE; NULL if argv[*at] is another
 * option. */
static const char *option_value(int argc, char **argv, int *at, const char *name)
{
    size_t bytes = strlen(name);
    const char *word = argv[*at];
    check(word != NULL);
    if (strncmp(word, name, bytes) != 0)
        return NULL;
    if (word[bytes] == '=')
        return word + bytes + 1;
    if (word[bytes] != '\0' || *at + 1 >= argc)
        return NULL;
    return argv[++*at];
}

/* Takes an option that may be given several times. */
static bool take_name(const char *names[CATALOG_NAMES_MAX], size_t *count, const char *value)
{
    if (*count == CATALOG_NAMES_MAX)
        return false;
    names[(*count)++] = value;
    return true;
}

static bool take_seconds(int *out, const char *value)
{
    char *end;
    long seconds = strtol(value, &end, 10);
    *out = (int)seconds;
    return end != value && *end == '\0' && seconds >= 0 && seconds <= 24L * 3600;
}

static bool take_catalog_option(struct catalog_options *out, int argc, char **argv, int *at)
{
    const char *value;
    if ((value = option_value(argc, argv, at, "--output")) != NULL)
        out->output = value;
    else if ((value = option_value(argc, argv, at, "--label")) != NULL)
        out->label = value;
    else if ((value = option_value(argc, argv, at, "--provider")) != NULL)
        return take_name(out->providers, &out->provider_count, value);
    else if ((value = option_value(argc, argv, at, "--mode")) != NULL)
        return take_name(out->modes, &out->mode_count, value);
    else if ((value = option_value(argc, argv, at, "--timeout")) != NULL)
        return take_seconds(&out->timeout_s, value);
    else
        return false;
    return true;
}

struct text_option {
    const char *name;
    const char **value;
};

static bool take_text_option(const struct text_option *options, size_t count, int argc, char **argv,
                             int *at)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = option_value(argc, argv, at, options[i].name);
        if (value == NULL)
            continue;
        *options[i].value = value;
        return true;
    }
    return false;
}

static bool take_price_option(struct price_options *out, int argc, char **argv, int *at)
{
    const struct text_option options[] = {
        {"--usage", &out->usage},
        {"--group", &out->group},
        {"--service-tier", &out->service_tier},
        {"--speed", &out->speed},
        {"--region", &out->region},
        {"--choice", &out->choice},
        {"--search-context", &out->search_context},
        {"--size", &out->size},
        {"--quality", &out->quality},
        {"--resolution", &out->resolution},
        {"--at", &out->at},
    };
    return take_text_option(options, sizeof options / sizeof options[0], argc, argv, at);
}

static bool take_voucher_option(struct voucher_options *out, int argc, char **argv, int *at)
{
    const struct text_option options[] = {
        {"--amount", &out->amount},
        {"--count", &out->count},
        {"--kind", &out->kind},
        {"--expires", &out->expires},
    };
    return take_text_option(options, sizeof options / sizeof options[0], argc, argv, at);
}

static bool take_admin_option(struct admin_command_options *out, const char *word)
{
    if (strcmp(word, "--watch") == 0)
        out->watch = true;
    else if (strcmp(word, "--off") == 0)
        out->off = true;
    else
        return false;
    return true;
}

static bool take_option(struct arguments *out, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    const char *value;
    if ((value = option_value(argc, argv, at, "--config")) != NULL)
        out->config_path = value;
    else if ((value = option_value(argc, argv, at, "--name")) != NULL)
        out->options.name = value;
    else if ((value = option_value(argc, argv, at, "--reason")) != NULL)
        out->options.reason = value;
    else if ((value = option_value(argc, argv, at, "--format")) != NULL)
        out->options.format = value;
    else if ((value = option_value(argc, argv, at, "--from")) != NULL)
        out->options.from = value;
    else if ((value = option_value(argc, argv, at, "--to")) != NULL)
        out->options.to = value;
    else if ((value = option_value(argc, argv, at, "--policies")) != NULL)
        out->options.policies = value;
    else if ((value = option_value(argc, argv, at, "--tz")) != NULL)
        out->options.zone = value;
    else if (strcmp(word, "--json") == 0)
        out->options.json = true;
    else if (strcmp(word, "--csv") == 0)
        out->options.csv = true;
    else if (strcmp(word, "--admin") == 0)
        out->options.admin = true;
    else if (strcmp(word, "--first-run") == 0)
        out->first_run = true;
    else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        out->version = true;
    else if (out->set_count < SETS_MAX && (value = option_value(argc, argv, at, "--set")) != NULL)
        out->sets[out->set_count++] = value;
    else
        return take_admin_option(&out->admin, word) ||
               take_catalog_option(&out->catalog, argc, argv, at) ||
               take_price_option(&out->price, argc, argv, at) ||
               take_voucher_option(&out->voucher, argc, argv, at);
    return true;
}

/* Names all options that the command does not take: who mends one is not told of the next.
 * Returns 0, or the exit status. */
static int check_options(const struct arguments *arguments)
{
    bool any = false;
    for (unsigned i = 0; i < arguments->given_count; i++) {
        if (command_takes(arguments->words, arguments->word_count, arguments->given[i]))
            continue;
        fprintf(stderr, "%s%s", any ? ", " : "llm-gateway: the command does not take this option: ",
                arguments->given[i]);
        any = true;
    }
    if (!any)
        return 0;
    fputc('\n', stderr);
    return show_usage(arguments->words[0]);
}

/* Returns 0, or the exit status. */
static int read_arguments(struct arguments *out, int argc, char **argv)
{
    for (int at = 1; at < argc; at++) {
        if (argv[at][0] == '-' && argv[at][1] != '\0') {
            const char *option = argv[at];
            if (out->given_count == OPTIONS_MAX || !take_option(out, argc, argv, &at))
                return usage_error("unknown option, or its value is missing or wrong", option,
                                   out->words[0]);
            out->given[out->given_count++] = option;
        } else if (out->word_count == WORDS_MAX) {
            return usage_error("too many words", argv[at], out->words[0]);
        } else {
            out->words[out->word_count++] = argv[at];
        }
    }
    return check_options(out);
}

static bool said(const struct arguments *arguments, unsigned word_count, const char *first,
                 const char *second)
{
    if (arguments->word_count != word_count || strcmp(arguments->words[0], first) != 0)
        return false;
    return second == NULL || strcmp(arguments->words[1], second) == 0;
}

/* The candidate of --provider, which the catalogue's commands may have several times. */
static int price(const struct config *config, const struct arguments *arguments)
{
    struct price_options options = arguments->price;
    options.provider =
        arguments->catalog.provider_count > 0 ? arguments->catalog.providers[0] : NULL;
    return price_command(config, arguments->words[1], &options);
}

/* --group is an option of `price`, too. */
static int make_vouchers(const struct config *config, const struct arguments *arguments)
{
    struct voucher_options options = arguments->voucher;
    options.group = arguments->price.group;
    return voucher_command_create(config, arguments->words[2], &options);
}

static int print_completion(void)
{
    check(completion_asset_count == 1);
    fwrite(completion_assets[0].data, 1, completion_assets[0].bytes, stdout);
    return 0;
}

/* --json and --timeout are options of others, too. Returns -1: it is none of these commands. */
static int run_admin_command(const struct config *config, const struct arguments *arguments)
{
    struct admin_command_options options = arguments->admin;
    options.json = arguments->options.json;
    options.timeout_s = arguments->catalog.timeout_s;
    if (said(arguments, 1, "status", NULL))
        return admin_commands_status(config, &options);
    if (said(arguments, 1, "top", NULL))
        return admin_commands_top(config, &options);
    if (said(arguments, 1, "drain", NULL))
        return admin_commands_drain(config, &options);
    if (said(arguments, 2, "completion", "bash"))
        return print_completion();
    if (said(arguments, 1, "doctor", NULL))
        return doctor_command(config, arguments->config_path, &arguments->environment,
                              options.json);
    if (said(arguments, 1, "log-level", NULL) || said(arguments, 2, "log-level", NULL))
        return admin_commands_log_level(config,
                                        arguments->word_count == 2 ? arguments->words[1] : NULL);
    return -1;
}

/* Commands that work on files and the database. */
static int run_own_command(const struct arguments *arguments, const struct config *config)
{
    const char *const *words = arguments->words;
    if (said(arguments, 1, "check", NULL))
        return commands_check(config);
    if (said(arguments, 1, "migrate", NULL))
        return commands_migrate(config);
    if (said(arguments, 3, "user", "create"))
        return commands_user_create(config, words[2], &arguments->options);
    if (said(arguments, 3, "user", "password"))
        return user_commands_password(config, words[2]);
    if (said(arguments, 3, "user", "unlock"))
        return user_commands_unlock(config, words[2]);
    if (said(arguments, 4, "user", "second-factor") && strcmp(words[3], "off") == 0)
        return user_commands_second_factor_off(config, words[2]);
    if (said(arguments, 4, "user", "role"))
        return user_commands_role(config, words[2], words[3]);
    if (said(arguments, 3, "mail", "bounced"))
        return mail_commands_bounced(config, words[2], "");
    if (said(arguments, 4, "mail", "bounced"))
        return mail_commands_bounced(config, words[2], words[3]);
    if (said(arguments, 3, "mail", "restored"))
        return mail_commands_restored(config, words[2]);
    if (said(arguments, 3, "key", "create"))
        return commands_key_create(config, words[2], &arguments->options);
    if (said(arguments, 3, "debit", NULL))
        return commands_debit(config, words[1], words[2], &arguments->options);
    if (said(arguments, 3, "credit", NULL))
        return commands_credit(config, words[1], words[2], &arguments->options);
    if (said(arguments, 3, "voucher", "create"))
        return make_vouchers(config, arguments);
    if (said(arguments, 2, "ledger", "verify"))
        return commands_ledger_verify(config);
    if (said(arguments, 3, "ledger", "explain"))
        return commands_ledger_explain(config, words[2]);
    if (said(arguments, 2, "ledger", "export"))
        return commands_ledger_export(config, &arguments->options);
    if (said(arguments, 2, "usage", "export"))
        return usage_export_command(config, &arguments->options);
    if (said(arguments, 2, "refund", NULL) || said(arguments, 3, "refund", NULL))
        return commands_refund(config, words[1], arguments->word_count == 3 ? words[2] : NULL,
                               &arguments->options);
    if (said(arguments, 1, "replay", NULL))
        return replay_command(config, &arguments->options);
    if (said(arguments, 2, "price", NULL))
        return price(config, arguments);
    if (said(arguments, 3, "catalog", "import"))
        return catalog_commands_import(config, words[2], &arguments->catalog);
    if (said(arguments, 3, "catalog", "diff"))
        return catalog_commands_diff(config, words[2], &arguments->catalog,
                                     arguments->options.json);
    if (said(arguments, 2, "backup", NULL))
        return commands_backup(config, words[1]);
    char all[512] = "";
    for (unsigned i = 0; i < arguments->word_count; i++) {
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? " " : "", words[i]);
    }
    return usage_error("unknown command, or it has a word too few or too many", all, words[0]);
}

static int run_command(const struct arguments *arguments, const struct config *config)
{
    struct privileges privileges;
    struct fault fault;
    /* Files that a command makes beside the database must belong to the server's user, too. */
    if (!privileges_find(config, &privileges, &fault) || !privileges_drop(&privileges, &fault)) {
        fprintf(stderr, "llm-gateway: %s\n", fault.message);
        return 1;
    }
    int status = run_admin_command(config, arguments);
    return screen_end(status >= 0 ? status : run_own_command(arguments, config));
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return argc > 1 && strcmp(argv[1], "help") == 0;
}

static const char *find_config(void)
{
    if (access("gateway.conf", R_OK) == 0)
        return "gateway.conf";
    return access(INSTALLED_CONFIG, F_OK) == 0 ? INSTALLED_CONFIG : NULL;
}

static bool read_settings(struct arguments *arguments, struct config *config, struct fault *fault)
{
    struct environment_file *environment = &arguments->environment;
    struct fault why;
    if (arguments->config_path == NULL)
        arguments->config_path = find_config();
    environment_file_read(arguments->config_path, environment);
    if (config_load(config, arguments->config_path, arguments->sets, arguments->set_count, &why))
        return true;
    if (environment->unreadable)
        return fault_set(fault, why.code,
                         "%s. %s could not be read: run this as root, or as the gateway's user",
                         why.message, environment->path);
    *fault = why;
    return false;
}

int main(int argc, char **argv)
{
    static struct arguments arguments = {.catalog = {.timeout_s = -1}};
    static struct serve_options serving;
    struct config config;
    struct fault fault;
    check_prepare();
    /* A limit on file sizes (ulimit -f) must fail the write, like a full disk, and not kill the
     * process. */
    signal(SIGXFSZ, SIG_IGN);
    if (wants_help(argc, argv)) {
        fputs(usage_text, stdout);
        return screen_end(0);
    }
    int status = read_arguments(&arguments, argc, argv);
    if (status != 0)
        return status;
    if (arguments.version || said(&arguments, 1, "version", NULL)) {
        printf("llm-gateway %s (%s)%s\n", version_number, version_commit,
               FAILPOINTS_BUILT ? " with failpoints" : "");
        return screen_end(0);
    }
    if (FAILPOINTS_BUILT && !failpoint_arm(&fault)) {
        fprintf(stderr, "llm-gateway: %s\n", fault.message);
        return 1;
    }
    if (!read_settings(&arguments, &config, &fault) || !secret_init(&fault)) {
        fprintf(stderr, "llm-gateway: %s\n", fault.message);
        return 1;
    }
    log_configure((enum log_level)config.log_level, config.log_format == 1);
    if (arguments.word_count > 0 && !said(&arguments, 1, "serve", NULL))
        return run_command(&arguments, &config);
    serving.config = config;
    serving.config_path = arguments.config_path;
    serving.sets = arguments.sets;
    serving.set_count = arguments.set_count;
    serving.first_run = arguments.first_run;
    return serve(&serving);
}
