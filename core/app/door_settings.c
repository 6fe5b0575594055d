#include "app/door_settings.h"

#include <string.h>

#include "base/money.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/webhook_signature.h"
#include "exchange/courier_send.h"
#include "script/doors.h"

enum { VERSION_BYTES_MAX = 100 };
/* Lua's numbers are exact up to 2^53 nano-USD. */
#define CREDIT_MAX_NUSD INT64_C(1000000000000000)

static bool check_address(const char *name, const char *url, struct fault *fault)
{
    struct slice text = slice_of(url);
    if (url[0] == '\0' || ((slice_starts_with(text, "https://") ||
                            slice_starts_with(text, "http://") || slice_starts_with(text, "/")) &&
                           slice_is_visible(text)))
        return true;
    return fault_set(fault, "invalid_value",
                     "%s = %s must be the address of a page: https://... or /... of this gateway",
                     name, url);
}

static bool is_domain_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* Lower case, at least two labels. */
static bool is_domain(struct slice domain)
{
    bool has_dot = false;
    for (size_t i = 0; i < domain.bytes; i++) {
        char c = domain.data[i];
        if (!is_domain_char(c) || (c == '.' && (i == 0 || domain.data[i - 1] == '.')))
            return false;
        has_dot = has_dot || c == '.';
    }
    return has_dot && domain.data[domain.bytes - 1] != '.';
}

static bool check_domains(const char *list, struct fault *fault)
{
    const char *at = list;
    while (*at != '\0') {
        size_t bytes = strcspn(at, ",");
        struct slice domain = slice_trim((struct slice){at, bytes});
        if (!is_domain(domain))
            return fault_set(fault, "invalid_value",
                             "sign_up_domains = %s must be domains in lower case with commas "
                             "between them, like example.com, example.org",
                             list);
        at += bytes + (at[bytes] == ',');
    }
    return true;
}

/* `none` is the amount of an empty text. */
static bool read_amount(const char *name, const char *text, int64_t none, int64_t *out,
                        struct fault *fault)
{
    struct fault why;
    *out = none;
    if (text[0] == '\0' || (money_parse(slice_of(text), out, &why) && *out <= CREDIT_MAX_NUSD))
        return true;
    return fault_set(fault, "invalid_value",
                     "%s = %s must be an amount in USD, like 5 or 0.50, at most 1000000", name,
                     text);
}

static bool check_version(const struct door_settings *settings, struct fault *fault)
{
    struct slice version = slice_of(settings->terms_version);
    if (version.bytes >= 1 && version.bytes <= VERSION_BYTES_MAX && slice_is_visible(version))
        return true;
    return fault_set(fault, "invalid_value",
                     "terms_version must have 1 to %d letters without spaces, like 2026-12-01",
                     VERSION_BYTES_MAX);
}

static bool check_hook(const struct door_settings *settings, struct fault *fault)
{
    const char *url = settings->sign_up_check_url;
    struct webhook_key key;
    if (url[0] == '\0')
        return true;
    if (!slice_is_visible(slice_of(url)) ||
        (!slice_starts_with(slice_of(url), "https://") &&
         !(slice_starts_with(slice_of(url), "http://") && courier_is_loopback(url))))
        return fault_set(fault, "invalid_value",
                         "sign_up_check_url = %s must begin with https://, or with http:// and be "
                         "of this machine",
                         url);
    bool known = webhook_key_parse(settings->sign_up_check_secret, &key);
    secret_wipe(&key, sizeof key);
    return known || fault_set(fault, "invalid_value",
                              "sign_up_check_url needs sign_up_check_secret: whsec_ and the base64 "
                              "of 24 to 64 random bytes. Make one: echo whsec_$(head -c 32 "
                              "/dev/urandom | base64)");
}

bool door_settings_check(const struct door_settings *settings, struct fault *fault)
{
    int64_t amount_nusd;
    if (settings->sign_up_domains[0] != '\0' && settings->sign_up != SIGN_UP_OPEN)
        return fault_set(fault, "invalid_value",
                         "sign_up_domains says who may sign up without an invitation: it needs "
                         "sign_up = open");
    return check_domains(settings->sign_up_domains, fault) && check_version(settings, fault) &&
           check_hook(settings, fault) &&
           read_amount("sign_up_credit", settings->sign_up_credit, 0, &amount_nusd, fault) &&
           read_amount("sign_up_credits_max", settings->sign_up_credits_max, -1, &amount_nusd,
                       fault) &&
           check_address("terms_url", settings->terms_url, fault) &&
           check_address("privacy_url", settings->privacy_url, fault);
}

void door_settings_read(const struct door_settings *settings, struct doors *out)
{
    static const char *const words[] = {"open", "invitation", "closed"};
    struct fault none;
    *out = (struct doors){.sign_up = words[settings->sign_up],
                          .domains = settings->sign_up_domains,
                          .proof_bits = settings->sign_up_proof_bits,
                          .check_url = settings->sign_up_check_url,
                          .check_secret = settings->sign_up_check_secret,
                          .check_ca_file = "",
                          .check_may_fail = settings->sign_up_check_failure == 1,
                          .terms_url = settings->terms_url,
                          .terms_version = settings->terms_version,
                          .privacy_url = settings->privacy_url};
    read_amount("", settings->sign_up_credit, 0, &out->credit_nusd, &none);
    read_amount("", settings->sign_up_credits_max, -1, &out->credits_max_nusd, &none);
}
