#include "app/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/money.h"
#include "net/client/local_client.h"
#include "script/policy_check.h"
#include "store/audit.h"
#include "store/call.h"
#include "store/notices.h"
#include "store/store.h"

enum { REPORT_BYTES_MAX = 16 * 1024 * 1024, NAMES_BYTES_MAX = 16 * 1024 * 1024 };
enum { REFRESH_BYTES_MAX = 4096 };
enum { REFRESH_US = 1000000, REFRESH_PAUSE_US = 5000 };

int commands_fail(const struct fault *fault)
{
    fprintf(stderr, "llm-gateway: %s\n", fault->message);
    return 1;
}

/* ---- the store ---- */

bool commands_make_folder(const char *path, struct fault *fault)
{
    char folder[CONFIG_TEXT_BYTES];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *at = folder; *at != '\0'; at++) {
        if (*at != '/' || at == folder)
            continue;
        *at = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return fault_set(fault, "cannot_write", "cannot make the folder %s: %s", folder,
                             strerror(errno));
        *at = '/';
    }
    return true;
}

struct store *commands_open_store(const struct config *config, struct alerts *alerts,
                                  struct fault *fault)
{
    const struct store_options options = {.path = config->database,
                                          .power_durable = config->durability == 0,
                                          .serve = alerts != NULL,
                                          .providers_shown = config->show_providers != 0,
                                          .migrations = migration_assets,
                                          .migration_count = migration_asset_count,
                                          .alerts = alerts,
                                          .quota_near_ppm = config->quota_warning_percent * 10000};
    struct store *store = store_open(&options, fault);
    struct notice_settings notices;
    alert_settings_notices(&config->alerts, &notices);
    if (store != NULL)
        store_set_notices(store, &notices);
    if (store == NULL && strstr(fault->message, config->database) == NULL) {
        struct fault why = *fault;
        fault_set(fault, why.code, "%s: %s", config->database, why.message);
    }
    return store;
}

static struct store_value text_value(const char *text)
{
    return text != NULL ? bind_text(text) : bind_null();
}

static const struct store_value null_value = {.type = STORE_NULL};

bool commands_run(struct store *store, const char *operation, const struct store_value *args,
                  size_t arg_count, struct buffer *result, struct fault *fault)
{
    struct store_call call;
    if (!store_call_init(&call, operation, args, arg_count, fault))
        return false;
    call.actor = (struct store_actor){.name = "cli"};
    store_call_now(store, &call);
    bool ok = call.ok;
    if (!ok)
        *fault = call.fault;
    else if (result != NULL)
        buffer_append_slice(result, buffer_slice(&call.result));
    store_call_fini(&call);
    return ok;
}

bool commands_find_user(struct store *store, const char *email, char id[ID_BYTES],
                        struct fault *fault)
{
    const struct store_value args[3] = {text_value(email)};
    struct buffer result;
    struct json_value root;
    struct json_value value;
    buffer_init(&result, 4096);
    bool found = commands_run(store, "user.credentials", args, 3, &result, fault);
    if (found && json_parse(buffer_slice(&result), 8, &root, fault) &&
        json_find(&root, "id", &value) == 1)
        snprintf(id, ID_BYTES, "%.*s", (int)(value.raw.bytes - 2), value.raw.data + 1);
    else if (strcmp(fault->code, "not_found") == 0)
        found =
            fault_set(fault, "not_found",
                      "there is no user %s; create one: llm-gateway user create %s", email, email);
    buffer_fini(&result);
    return found;
}

bool commands_no_users(struct store *store, bool *out, struct fault *fault)
{
    const struct store_value args[] = {null_value, null_value, bind_int(1)};
    struct buffer result;
    struct json_value root;
    struct json_value data;
    struct json_item first;
    buffer_init(&result, 65536);
    bool ok = commands_run(store, "customer.list", args, 3, &result, fault) &&
              json_parse(buffer_slice(&result), 16, &root, fault) &&
              json_find(&root, "data", &data) == 1;
    if (ok) {
        struct json_walk walk = json_walk(&data);
        *out = !json_next(&walk, &first);
    }
    buffer_fini(&result);
    return ok;
}

bool commands_take_time(const char *option, const char *text, int64_t *out_ms, struct fault *fault)
{
    if (text == NULL || clock_parse(text, out_ms))
        return true;
    return fault_set(fault, "invalid_value",
                     "%s must be a date like 2026-11-22 or a time like 2026-11-22T21:34:00Z: %.64s",
                     option, text);
}

bool commands_make_password(char password[COMMANDS_PASSWORD_BYTES], char hash[PASSWORD_HASH_BYTES],
                            struct fault *fault)
{
    char token[TOKEN_CHARS + 1];
    token_make(token);
    snprintf(password, COMMANDS_PASSWORD_BYTES, "%.20s", token);
    if (password_hash(slice_of(password), hash))
        return true;
    return fault_set(fault, "out_of_memory", "there is no memory to hash a password (64 MB)");
}

bool commands_make_user(struct store *store, const char *email, const char *name, bool admin,
                        char password[COMMANDS_PASSWORD_BYTES], struct fault *fault)
{
    char hash[PASSWORD_HASH_BYTES];
    if (strchr(email, '@') == NULL || strlen(email) > LIMIT_EMAIL_BYTES)
        return fault_set(fault, "invalid_email", "%s is no e-mail address", email);
    if (!commands_make_password(password, hash, fault))
        return false;
    const struct store_value args[] = {text_value(email), text_value(name), text_value(hash),
                                       text_value(admin ? "admin" : "user")};
    return commands_run(store, "user.create", args, 4, NULL, fault);
}

bool commands_make_key(struct store *store, const struct secret *secret, const char *email,
                       const char *name, char key[APIKEY_CHARS + 1], struct fault *fault)
{
    char user_id[ID_BYTES];
    char prefix[12];
    char hex[DIGEST_HEX_BYTES];
    struct digest digest;
    if (!commands_find_user(store, email, user_id, fault))
        return false;
    apikey_make(key);
    snprintf(prefix, sizeof prefix, "%.11s", key);
    secret_digest(secret, slice_of(key), &digest);
    digest_hex(&digest, hex);
    const struct store_value args[] = {text_value(user_id), text_value(hex),
                                       text_value(prefix),  text_value(key + APIKEY_CHARS - 4),
                                       text_value(name),    null_value,
                                       null_value,          null_value,
                                       null_value};
    return commands_run(store, "key.create", args, 9, NULL, fault);
}

bool commands_give_credit(struct store *store, const char *email, int64_t amount_nusd,
                          const char *kind, const char *reason, struct fault *fault)
{
    char user_id[ID_BYTES];
    if (!commands_find_user(store, email, user_id, fault))
        return false;
    const struct store_value args[] = {text_value(user_id), bind_int(amount_nusd), text_value(kind),
                                       text_value(reason)};
    return commands_run(store, "credit.create", args, 4, NULL, fault);
}

/* ---- commands ---- */

/* Reads what the database names of the policies; nothing if there is none yet. */
static bool read_names(const struct config *config, struct buffer *out, struct fault *fault)
{
    if (access(config->database, F_OK) != 0)
        return true;
    return store_policy_names(config->database, out, fault);
}

int commands_check(const struct config *config)
{
    struct buffer report, names;
    struct fault fault;
    buffer_init(&report, REPORT_BYTES_MAX);
    buffer_init(&names, NAMES_BYTES_MAX);
    struct brand *brand = brand_new(&config->brand, &fault);
    bool good = brand != NULL && read_names(config, &names, &fault) &&
                policy_check(config->policies, buffer_slice(&names), &report, &fault);
    buffer_fini(&names);
    brand_free(brand);
    if (good)
        printf("%.*s", (int)report.bytes, report.data);
    buffer_fini(&report);
    if (!good)
        return commands_fail(&fault);
    printf("ok: the settings and the policies in %s are good\n", config->policies);
    return 0;
}

struct store *commands_open(const struct config *config)
{
    struct fault fault;
    struct store *store = NULL;
    if (commands_make_folder(config->database, &fault))
        store = commands_open_store(config, NULL, &fault);
    if (store == NULL)
        commands_fail(&fault);
    return store;
}

/* False: it has no room for one more that asks, and soon will. */
static bool ask_for_refresh(const char *admin_socket)
{
    struct buffer body;
    struct fault fault;
    int status = 0;
    buffer_init(&body, REFRESH_BYTES_MAX);
    bool answered = local_client_ask(admin_socket, "PUT", "/refresh", &status, &body, &fault);
    buffer_fini(&body);
    return answered ? status != 503 : strcmp(fault.code, "dropped") != 0;
}

/* A gateway that stays busy looks by itself, every 100 ms. */
void commands_close(const struct config *config, struct store *store)
{
    store_close(store);
    if (config->admin_socket[0] == '\0')
        return;
    int64_t end_us = clock_mono_us() + REFRESH_US;
    while (!ask_for_refresh(config->admin_socket) && clock_mono_us() < end_us)
        usleep(REFRESH_PAUSE_US);
}

int commands_migrate(const struct config *config)
{
    struct store *store = commands_open(config);
    if (store == NULL)
        return 1;
    commands_close(config, store);
    printf("ok: %s is up to date\n", config->database);
    return 0;
}

int commands_user_create(const struct config *config, const char *email,
                         const struct command_options *options)
{
    char password[COMMANDS_PASSWORD_BYTES];
    struct fault fault;
    struct store *store = commands_open(config);
    if (store == NULL)
        return 1;
    bool made = commands_make_user(store, email, options->name, options->admin, password, &fault);
    commands_close(config, store);
    if (!made)
        return commands_fail(&fault);
    fprintf(stderr, "%s %s can sign in with this password:\n",
            options->admin ? "administrator" : "user", email);
    printf("%s\n", password);
    return 0;
}

int commands_key_create(const struct config *config, const char *email,
                        const struct command_options *options)
{
    char key[APIKEY_CHARS + 1];
    struct secret secret;
    struct fault fault;
    struct store *store = commands_open(config);
    if (store == NULL)
        return 1;
    bool made =
        commands_make_folder(config->secret_file, &fault) &&
        secret_load(config->secret_file, &secret, &fault) &&
        commands_make_key(store, &secret, email,
                          options->name != NULL ? options->name : "command line", key, &fault);
    commands_close(config, store);
    if (!made)
        return commands_fail(&fault);
    fprintf(stderr, "this key is shown only now:\n");
    printf("%s\n", key);
    return 0;
}

static bool take_amount(const char *text, int64_t *out_nusd, struct fault *fault)
{
    if (!money_parse(slice_of(text), out_nusd, fault))
        return false;
    return *out_nusd != 0 ||
           fault_set(fault, "invalid_amount", "an amount of nothing changes nothing");
}

static bool take_debit(struct store *store, const char *email, int64_t amount_nusd,
                       const char *reason, struct fault *fault)
{
    char user_id[ID_BYTES];
    if (!commands_find_user(store, email, user_id, fault))
        return false;
    const struct store_value args[] = {text_value(user_id), bind_int(amount_nusd),
                                       text_value(reason)};
    return commands_run(store, "debit.create", args, 3, NULL, fault);
}

int commands_debit(const struct config *config, const char *email, const char *amount,
                   const struct command_options *options)
{
    char text[MONEY_TEXT_BYTES];
    struct fault fault;
    int64_t amount_nusd;
    if (options->reason == NULL) {
        fault_set(&fault, "missing_field",
                  "--reason is missing: it stands in the customer's history");
        return commands_fail(&fault);
    }
    if (!take_amount(amount, &amount_nusd, &fault))
        return commands_fail(&fault);
    struct store *store = commands_open(config);
    if (store == NULL)
        return 1;
    bool taken = take_debit(store, email, amount_nusd, options->reason, &fault);
    commands_close(config, store);
    if (!taken)
        return commands_fail(&fault);
    printf("%s\n", money_format(amount_nusd, text));
    return 0;
}

int commands_credit(const struct config *config, const char *email, const char *amount,
                    const struct command_options *options)
{
    char text[MONEY_TEXT_BYTES];
    struct fault fault;
    int64_t amount_nusd;
    if (!take_amount(amount, &amount_nusd, &fault))
        return commands_fail(&fault);
    struct store *store = commands_open(config);
    if (store == NULL)
        return 1;
    const char *reason = options->reason != NULL ? options->reason : "added by the operator";
    bool given = commands_give_credit(store, email, amount_nusd, "manual", reason, &fault);
    commands_close(config, store);
    if (!given)
        return commands_fail(&fault);
    printf("%s\n", money_format(amount_nusd, text));
    return 0;
}
