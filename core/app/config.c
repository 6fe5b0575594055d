#include "app/config.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/secret.h"

enum { LINE_BYTES = 2048 };

struct setting {
    const char *name;
    const char *standard; /* as text, like in the file */
    enum { SETTING_TEXT, SETTING_INTEGER, SETTING_CHOICE } type;
    size_t offset;
    unsigned marks;
    int64_t min;
    int64_t max;
    const char *choices[7]; /* the value is the index; NULL ends them */
};

/* RELOADED: SIGHUP takes it. RELATIVE: a path, if it is relative from the folder of the file. */
enum { RESTART = 0, RELOADED = 1, RELATIVE = 2 };

/* A setting: its name, its standard, its place in struct config, and its marks. */
#define SETTING(setting_type, setting_name, standard_text, place, setting_marks, ...)              \
    {                                                                                              \
        .name = setting_name, .standard = standard_text, .type = setting_type,                     \
        .offset = offsetof(struct config, place), .marks = setting_marks, __VA_ARGS__              \
    }
#define TEXT(name, standard, place, marks) SETTING(SETTING_TEXT, name, standard, place, marks, )
#define INTEGER(name, standard, place, marks, least, most)                                         \
    SETTING(SETTING_INTEGER, name, standard, place, marks, .min = least, .max = most)
#define CHOICE(name, standard, place, marks, ...)                                                  \
    SETTING(SETTING_CHOICE, name, standard, place, marks, .choices = {__VA_ARGS__, NULL})
_Static_assert((int)PROCESSOR_TEXT_BYTES == (int)CONFIG_TEXT_BYTES &&
                   (int)ALERT_SETTING_BYTES == (int)CONFIG_TEXT_BYTES &&
                   (int)BRAND_SETTING_BYTES == (int)CONFIG_TEXT_BYTES &&
                   (int)DOOR_SETTING_BYTES == (int)CONFIG_TEXT_BYTES &&
                   (int)TRACE_SETTING_BYTES == (int)CONFIG_TEXT_BYTES,
               "all texts are as long");

static const struct setting settings[] = {
    TEXT("listen", "127.0.0.1:3000", listen, RESTART),
    TEXT("database", "data/gateway.db", database, RELATIVE),
    TEXT("secret_file", "data/gateway.secret", secret_file, RELATIVE),
    TEXT("policies", "policies", policies, RELATIVE),
    TEXT("webui", "webui/dist", webui, RELATIVE),
    TEXT("public_url", "", public_url, RESTART),
    TEXT("admin_socket", "data/admin.sock", admin_socket, RELATIVE),
    TEXT("metrics_listen", "", metrics_listen, RESTART),
    TEXT("brand_name", "LLM Gateway", brand.name, RELOADED),
    TEXT("brand_logo", "", brand.logo, RELOADED | RELATIVE),
    TEXT("brand_colour", "", brand.colour, RELOADED),
    TEXT("contact", "", brand.contact, RELOADED),
    TEXT("tls_certificate", "", tls_certificate, RELATIVE),
    TEXT("tls_key", "", tls_key, RELATIVE),
    CHOICE("show_providers", "no", show_providers, RESTART, "no", "yes"),
    CHOICE("public_prices", "off", public_prices, RESTART, "off", "on"),
    CHOICE("docs", "public", docs, RESTART, "off", "public", "signed_in"),
    CHOICE("cors", "any", cors, RESTART, "off", "any"),
    INTEGER("hsts_max_age_s", "31536000", hsts_max_age_s, RESTART, 0,
            INT64_C(10) * 366 * 24 * 3600),
    TEXT("user", "", user, RESTART),
    TEXT("trusted_proxies", "", trusted_proxies, RESTART),
    CHOICE("forwarded_header", "any", forwarded_header, RESTART, "any", "x-forwarded-for",
           "forwarded"),
    CHOICE("proxy_protocol", "no", proxy_protocol, RESTART, "no", "yes"),
    INTEGER("workers", "0", workers, RESTART, 0, LIMIT_WORKERS),
    CHOICE("durability", "power", durability, RESTART, "power", "process"),
    INTEGER("quota_warning_percent", "80", quota_warning_percent, RESTART, 0, 100),
    CHOICE("payments", "off", payments, RESTART, "test", "stripe", "off"),
    CHOICE("payments_test_public", "no", payments_test_public, RESTART, "no", "yes"),
    TEXT("stripe_secret_key", "", stripe.secret_key, RESTART),
    TEXT("stripe_webhook_secret", "", stripe.webhook_secret, RESTART),
    TEXT("stripe_api_url", "https://api.stripe.com", stripe.api_url, RESTART),
    TEXT("stripe_ca_file", "", stripe.ca_file, RELATIVE),
    CHOICE("log_level", "info", log_level, RELOADED, "debug", "info", "warn", "error"),
    CHOICE("log_format", "text", log_format, RELOADED, "text", "json"),
    TEXT("log_file", "", log_file, RELOADED | RELATIVE),
    INTEGER("body_bytes_max", "33554432", body_bytes_max, RESTART, 1024, LIMIT_BODY_BYTES),
    INTEGER("form_held_bytes_max", "33554432", form_held_bytes_max, RESTART, 65536,
            LIMIT_BODY_BYTES),
    INTEGER("form_bytes_max", "268435456", form_bytes_max, RESTART, 1024, INT64_C(1) << 40),
    INTEGER("bodies_bytes_max", "1073741824", bodies_bytes_max, RESTART, 1024 * 1024,
            INT64_C(1) << 40),
    INTEGER("bodies_bytes_per_account_max", "0", bodies_bytes_per_account_max, RESTART, 0,
            INT64_C(1) << 40),
    INTEGER("bodies_bytes_per_address_max", "0", bodies_bytes_per_address_max, RESTART, 0,
            INT64_C(1) << 40),
    INTEGER("body_bytes_per_s_min", "4096", body_bytes_per_s_min, RESTART, 0, LIMIT_BODY_BYTES),
    INTEGER("body_window_ms", "10000", body_window_ms, RESTART, 10, 3600 * 1000),
    INTEGER("connections_max", "10000", connections_max, RESTART, 1, 1000000),
    INTEGER("connections_per_address_max", "0", connections_per_address_max, RESTART, 0, 1000000),
    INTEGER("calls_max", "0", calls_max, RESTART, 0, 100000000),
    INTEGER("head_timeout_ms", "10000", head_timeout_ms, RESTART, 10, 3600 * 1000),
    INTEGER("body_timeout_ms", "60000", body_timeout_ms, RESTART, 10, 3600 * 1000),
    INTEGER("idle_timeout_ms", "75000", idle_timeout_ms, RESTART, 10, 3600 * 1000),
    INTEGER("write_timeout_ms", "60000", write_timeout_ms, RESTART, 10, 3600 * 1000),
    INTEGER("keepalive_comment_ms", "15000", keepalive_comment_ms, RELOADED, 10, 3600 * 1000),
    INTEGER("first_event_wait_ms", "20000", first_event_wait_ms, RELOADED, 10, 3600 * 1000),
    INTEGER("keep_responses_days", "0", keep_responses_days, RESTART, 0, 30),
    INTEGER("keep_responses_bytes_max", "67108864", keep_responses_bytes_max, RESTART, 1024 * 1024,
            INT64_C(1) << 40),
    INTEGER("ask_context_every_ms", "300000", ask_context_every_ms, RESTART, 100, 24 * 3600 * 1000),
    INTEGER("drain_timeout_ms", "30000", drain_timeout_ms, RESTART, 0, 24 * 3600 * 1000),
    INTEGER("hold_expiry_ms", "691200000", hold_expiry_ms, RESTART, INT64_C(8) * 24 * 3600 * 1000,
            INT64_C(30) * 24 * 3600 * 1000),
    TEXT("alert_webhook_url", "", alerts.webhook_url, RELOADED),
    TEXT("alert_webhook_secret", "", alerts.webhook_secret, RELOADED),
    TEXT("alert_mail", "", alerts.mail, RELOADED),
    INTEGER("alert_repeat_ms", "14400000", alerts.repeat_ms, RELOADED, 0,
            INT64_C(30) * 24 * 3600 * 1000),
    TEXT("smtp_url", "", alerts.smtp_url, RELOADED),
    TEXT("smtp_user", "", alerts.smtp_user, RELOADED),
    TEXT("smtp_password", "", alerts.smtp_password, RELOADED),
    TEXT("mail_from", "", alerts.mail_from, RELOADED),
    TEXT("mail_name", "", alerts.mail_name, RELOADED),
    TEXT("mail_templates", "", alerts.mail_templates, RELOADED | RELATIVE),
    TEXT("dashboard_url", "", alerts.dashboard_url, RELOADED),
    CHOICE("mail_receipts", "all", alerts.mail_receipts, RELOADED, "off", "payments", "all"),
    CHOICE("email_verification", "off", alerts.email_verification, RELOADED, "off", "ask",
           "required"),
    CHOICE("second_factor", "optional", second_factor, RELOADED, "optional", "operators", "all"),
    CHOICE("customer_webhooks", "public", alerts.customer_webhooks, RELOADED, "off", "public",
           "any"),
    CHOICE("mail_events", "off", alerts.mail_events, RELOADED, "off", "ses", "postmark", "sendgrid",
           "mailgun", "resend"),
    TEXT("mail_events_secret", "", alerts.mail_events_secret, RELOADED),
    TEXT("mail_events_key", "", alerts.mail_events_key, RELOADED),
    TEXT("delivery_ca_file", "", alerts.ca_file, RELOADED | RELATIVE),
    CHOICE("sign_up", "open", doors.sign_up, RELOADED, "open", "invitation", "closed"),
    TEXT("sign_up_domains", "", doors.sign_up_domains, RELOADED),
    INTEGER("sign_up_proof_bits", "0", doors.sign_up_proof_bits, RELOADED, 0, 26),
    TEXT("sign_up_check_url", "", doors.sign_up_check_url, RELOADED),
    TEXT("sign_up_check_secret", "", doors.sign_up_check_secret, RELOADED),
    CHOICE("sign_up_check_failure", "refuse", doors.sign_up_check_failure, RELOADED, "refuse",
           "allow"),
    TEXT("sign_up_credit", "", doors.sign_up_credit, RELOADED),
    TEXT("sign_up_credits_max", "", doors.sign_up_credits_max, RELOADED),
    TEXT("terms_url", "", doors.terms_url, RELOADED),
    TEXT("terms_version", "1", doors.terms_version, RELOADED),
    TEXT("privacy_url", "", doors.privacy_url, RELOADED),
    TEXT("trace_url", "", traces.url, RESTART),
    TEXT("trace_headers", "", traces.headers, RESTART),
    TEXT("trace_sample", "1", traces.sample, RESTART),
    TEXT("trace_service_name", "llm-gateway", traces.service_name, RESTART),
    CHOICE("trace_trust_parent", "no", traces.trust_parent, RESTART, "no", "yes"),
    INTEGER("trace_queue_max", "8192", traces.queue_max, RESTART, 1, 1000000),
    CHOICE("trace_content", "no", traces.content, RESTART, "no", "yes"),
    TEXT("trace_content_groups", "", traces.content_groups, RESTART),
    INTEGER("trace_content_max", "32768", traces.content_max, RESTART, 1024, 131072),
};
enum { SETTING_COUNT = sizeof settings / sizeof settings[0] };

static const struct setting *find_setting(struct slice name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (slice_equals(name, settings[i].name))
            return &settings[i];
    }
    return NULL;
}

/* ---- values ---- */

static bool store_integer(const struct setting *setting, const char *value, int64_t *out,
                          const char *place, struct fault *fault)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < setting->min ||
        number > setting->max)
        return fault_set(fault, "invalid_value",
                         "%s: %s = %s: must be a whole number from %lld to %lld", place,
                         setting->name, value, (long long)setting->min, (long long)setting->max);
    *out = number;
    return true;
}

static bool store_choice(const struct setting *setting, const char *value, int64_t *out,
                         const char *place, struct fault *fault)
{
    char all[128] = "";
    for (int64_t i = 0; setting->choices[i] != NULL; i++) {
        if (strcmp(value, setting->choices[i]) == 0) {
            *out = i;
            return true;
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", setting->choices[i]);
    }
    return fault_set(fault, "invalid_value", "%s: %s = %s: must be one of: %s", place,
                     setting->name, value, all);
}

/* "127.0.0.1:3000", "[::1]:3000" */
static bool split_address(const char *name, const char *text, char address[64], int *out_port,
                          const char *place, struct fault *fault)
{
    const char *colon = strrchr(text, ':');
    const char *whole = text;
    char *end;
    const char *why = "must be ADDRESS:PORT, like 127.0.0.1:3000 or [::1]:3000";
    if (colon == NULL || colon == text || colon[1] == '\0')
        return fault_set(fault, "invalid_value", "%s: %s = %s: %s %s", place, name, text, name,
                         why);
    long port = strtol(colon + 1, &end, 10);
    size_t bytes = (size_t)(colon - text);
    if (text[0] == '[' && bytes > 2 && text[bytes - 1] == ']') {
        text++;
        bytes -= 2;
    }
    if (*end != '\0' || port < 0 || port > 65535 || bytes >= 64)
        return fault_set(fault, "invalid_value", "%s: %s = %s: %s %s", place, name, whole, name,
                         why);
    memcpy(address, text, bytes);
    address[bytes] = '\0';
    *out_port = (int)port;
    return true;
}

static bool split_listen(struct config *config, const char *place, struct fault *fault)
{
    return split_address("listen", config->listen, config->address, &config->port, place, fault);
}

static bool split_metrics_listen(struct config *config, const char *place, struct fault *fault)
{
    if (config->metrics_listen[0] == '\0')
        return true;
    return split_address("metrics_listen", config->metrics_listen, config->metrics_address,
                         &config->metrics_port, place, fault);
}

static bool store_value(struct config *config, const struct setting *setting, const char *value,
                        const char *place, struct fault *fault)
{
    char *field = (char *)config + setting->offset;
    switch (setting->type) {
    case SETTING_INTEGER:
        return store_integer(setting, value, (int64_t *)(void *)field, place, fault);
    case SETTING_CHOICE:
        return store_choice(setting, value, (int64_t *)(void *)field, place, fault);
    case SETTING_TEXT:
        break;
    }
    if (strlen(value) >= CONFIG_TEXT_BYTES)
        return fault_set(fault, "invalid_value", "%s: %s: longer than %d bytes", place,
                         setting->name, CONFIG_TEXT_BYTES - 1);
    snprintf(field, CONFIG_TEXT_BYTES, "%s", value);
    if (field == config->metrics_listen)
        return split_metrics_listen(config, place, fault);
    return field != config->listen || split_listen(config, place, fault);
}

/* Appends the value of the variable whose "${" is at *at; moves *at after its "}". */
static bool expand_variable(struct slice value, size_t *at, struct buffer *out, const char *place,
                            struct fault *fault)
{
    char name[128];
    const char *close = memchr(value.data + *at, '}', value.bytes - *at);
    if (close == NULL)
        return fault_set(fault, "invalid_value", "%s: %.*s: ${ without a }", place,
                         (int)(value.bytes < 60 ? value.bytes : 60), value.data);
    size_t bytes = (size_t)(close - value.data) - *at - 2;
    if (bytes == 0 || bytes >= sizeof name)
        return fault_set(fault, "invalid_value", "%s: ${} needs the name of a variable", place);
    memcpy(name, value.data + *at + 2, bytes);
    name[bytes] = '\0';
    const char *found = getenv(name);
    if (found == NULL)
        return fault_set(
            fault, "invalid_value",
            "%s: the environment has no variable %s: set it (a line %s=VALUE in the file "
            "`environment` beside gateway.conf does), or write the value here",
            place, name, name);
    *at += bytes + 3;
    buffer_append_text(out, found);
    return true; /* `expand` reports what does not fit */
}

static bool expand(struct slice value, struct buffer *out, const char *place, struct fault *fault)
{
    size_t at = 0;
    while (at < value.bytes) {
        if (value.data[at] == '$' && at + 1 < value.bytes && value.data[at + 1] == '{') {
            if (!expand_variable(value, &at, out, place, fault))
                return false;
            continue;
        }
        buffer_append_char(out, value.data[at++]);
    }
    buffer_append_char(out, '\0');
    if (out->failed)
        return fault_set(fault, "invalid_value", "%s: the value is too long", place);
    return true;
}

static bool take_pair(struct config *config, struct slice pair, const char *place,
                      struct fault *fault)
{
    const char *equals = slice_char(pair, '=');
    if (equals == NULL)
        return fault_set(fault, "invalid_value", "%s: '%.*s': must be: name = value", place,
                         (int)(pair.bytes < 60 ? pair.bytes : 60), pair.data);
    struct slice name = slice_trim((struct slice){pair.data, (size_t)(equals - pair.data)});
    struct slice value =
        slice_trim((struct slice){equals + 1, pair.bytes - (size_t)(equals - pair.data) - 1});
    const struct setting *setting = find_setting(name);
    if (setting == NULL)
        return fault_set(fault, "invalid_value",
                         "%s: there is no setting '%.*s'; gateway.conf lists all of them", place,
                         (int)(name.bytes < 60 ? name.bytes : 60), name.data);
    struct buffer expanded;
    buffer_init(&expanded, CONFIG_TEXT_BYTES);
    bool taken = expand(value, &expanded, place, fault) &&
                 store_value(config, setting, expanded.data, place, fault);
    buffer_fini(&expanded);
    return taken;
}

/* ---- the file ---- */

/* "= #1d4ed8": digits follow up to a blank, and nothing but blanks is before. */
static bool is_colour(struct slice line, size_t at)
{
    size_t end = at + 1;
    while (end < line.bytes && isxdigit((unsigned char)line.data[end]) != 0)
        end++;
    if (end == at + 1 || (end < line.bytes && isspace((unsigned char)line.data[end]) == 0))
        return false;
    struct slice before = slice_trim((struct slice){line.data, at});
    return before.bytes > 0 && before.data[before.bytes - 1] == '=';
}

/* A # begins a comment only at the start of a line or after a space, so a value may contain one;
 * and a colour begins with one. */
static bool begins_comment(struct slice line, size_t at)
{
    bool begins = at == 0 || line.data[at - 1] == ' ' || line.data[at - 1] == '\t';
    return begins && !is_colour(line, at);
}

static bool take_line(struct config *config, struct slice line, const char *place,
                      struct fault *fault)
{
    for (size_t i = 0; i < line.bytes; i++) {
        if (line.data[i] == '#' && begins_comment(line, i))
            line.bytes = i;
    }
    line = slice_trim(line);
    return line.bytes == 0 || take_pair(config, line, place, fault);
}

static bool read_file(struct config *config, const char *path, struct fault *fault)
{
    char line[LINE_BYTES];
    char place[CONFIG_TEXT_BYTES];
    unsigned number = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fault_set(fault, "config_unreadable", "%s: %s%s", path, strerror(errno),
                         errno == EACCES ? ". Run this as root, or as the gateway's user" : "");
    bool good = true;
    while (good && fgets(line, sizeof line, file) != NULL) {
        snprintf(place, sizeof place, "%s:%u", path, ++number);
        if (strlen(line) == sizeof line - 1)
            good = fault_set(fault, "invalid_value", "%s: the line is too long", place);
        else
            good = take_line(config, slice_of(line), place, fault);
    }
    fclose(file);
    return good;
}

/* Puts the file's folder before each path of the file, and each default, that is relative: so the
 * gateway finds its files from any working folder. Paths of --set are relative to the
 * working folder. */
static bool resolve_paths(struct config *config, const char *path, struct fault *fault)
{
    const char *slash = strrchr(path, '/');
    char joined[2 * CONFIG_TEXT_BYTES];
    if (slash == NULL)
        return true;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char *value = (char *)config + settings[i].offset;
        if ((settings[i].marks & RELATIVE) == 0 || value[0] == '\0' || value[0] == '/')
            continue;
        int bytes = snprintf(joined, sizeof joined, "%.*s/%s", (int)(slash - path), path, value);
        if (bytes >= CONFIG_TEXT_BYTES)
            return fault_set(fault, "invalid_value", "%s: %s: longer than %d bytes with its folder",
                             path, settings[i].name, CONFIG_TEXT_BYTES - 1);
        memcpy(value, joined, (size_t)bytes + 1);
    }
    return true;
}

bool config_listens_on_loopback(const struct config *config)
{
    return strncmp(config->address, "127.", 4) == 0 || strcmp(config->address, "::1") == 0;
}

static bool read_trust(struct config *config, struct fault *fault)
{
    struct fault why;
    struct peer_trust *trust = &config->trust;
    trust->header = (enum forwarded_header)config->forwarded_header;
    trust->proxy_protocol = config->proxy_protocol == 1;
    if (!ip_networks_parse(config->trusted_proxies, &trust->proxies, &why))
        return fault_set(fault, "invalid_value", "trusted_proxies: %s", why.message);
    if (trust->proxy_protocol && trust->proxies.count == 0)
        return fault_set(fault, "invalid_value",
                         "proxy_protocol = yes needs trusted_proxies: the addresses of the load "
                         "balancers that send it");
    return true;
}

static bool check_together(struct config *config, struct fault *fault)
{
    if ((config->tls_certificate[0] == '\0') != (config->tls_key[0] == '\0'))
        return fault_set(fault, "invalid_value",
                         "tls_certificate and tls_key belong together: set both or none");
    if (config->payments == PAYMENTS_STRIPE &&
        !payment_settings_check(&config->stripe, &config->processor, fault))
        return false;
    if (config->payments == PAYMENTS_TEST && !config_listens_on_loopback(config) &&
        !config->payments_test_public)
        return fault_set(
            fault, "invalid_value",
            "payments = test lets everybody who can sign up take credits without paying, "
            "and listen = %s is no loopback address. Set payments = off, or if you "
            "really mean it: payments_test_public = yes",
            config->listen);
    struct tracer_settings traces;
    bool traced = trace_settings_read(&config->traces, &traces, fault);
    secret_wipe(&traces, sizeof traces);
    return traced && brand_check(&config->brand, fault) &&
           door_settings_check(&config->doors, fault) &&
           alert_settings_check(&config->alerts, fault);
}

bool config_load(struct config *config, const char *path, const char *const *sets,
                 unsigned set_count, struct fault *fault)
{
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (!store_value(config, &settings[i], settings[i].standard, "default", fault))
            return false;
    }
    if (path != NULL && (!read_file(config, path, fault) || !resolve_paths(config, path, fault)))
        return false;
    for (unsigned i = 0; i < set_count; i++) {
        if (!take_pair(config, slice_of(sets[i]), "--set", fault))
            return false;
    }
    struct fault why;
    if (!read_trust(config, &why) || !check_together(config, &why))
        return fault_set(fault, why.code, "%s: %s", path != NULL ? path : "settings", why.message);
    return true;
}

bool config_set_listen(struct config *config, const char *listen, struct fault *fault)
{
    snprintf(config->listen, sizeof config->listen, "%s", listen);
    return split_listen(config, "the service manager's socket", fault) &&
           check_together(config, fault);
}

static bool differs(const struct setting *setting, const struct config *a, const struct config *b)
{
    const char *left = (const char *)a + setting->offset;
    const char *right = (const char *)b + setting->offset;
    if (setting->type == SETTING_TEXT)
        return strcmp(left, right) != 0;
    return memcmp(left, right, sizeof(int64_t)) != 0;
}

static size_t add_name(char names[CONFIG_NAMES_BYTES], size_t used, const char *name)
{
    int bytes =
        snprintf(names + used, CONFIG_NAMES_BYTES - used, "%s%s", used > 0 ? ", " : "", name);
    check((size_t)bytes < CONFIG_NAMES_BYTES - used);
    return used + (size_t)bytes;
}

void config_apply_reloadable(struct config *config, const struct config *fresh,
                             char needs_restart[CONFIG_NAMES_BYTES])
{
    size_t used = 0;
    needs_restart[0] = '\0';
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        if (!differs(setting, config, fresh))
            continue;
        if ((setting->marks & RELOADED) == 0) {
            used = add_name(needs_restart, used, setting->name);
            continue;
        }
        memcpy((char *)config + setting->offset, (const char *)fresh + setting->offset,
               setting->type == SETTING_TEXT ? CONFIG_TEXT_BYTES : sizeof(int64_t));
    }
}
