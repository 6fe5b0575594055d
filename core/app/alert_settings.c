#include "app/alert_settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/webhook_signature.h"
#include "exchange/courier_send.h"
#include "exchange/courier_settings.h"
#include "exchange/mail_message.h"
#include "exchange/mail_templates.h"
#include "net/client/ecdsa.h"
#include "store/alerts.h"
#include "store/notices.h"

/* Takes the next address of a list with commas. Returns false at its end. */
static bool next_address(const char **at, char out[LIMIT_EMAIL_BYTES + 2])
{
    const char *end = strchr(*at, ',');
    size_t bytes = end != NULL ? (size_t)(end - *at) : strlen(*at);
    struct slice address = slice_trim((struct slice){*at, bytes});
    if (**at == '\0')
        return false;
    slice_copy(address, out, LIMIT_EMAIL_BYTES + 2); /* one that is too long stays too long */
    *at += bytes + (end != NULL ? 1 : 0);
    return true;
}

static bool is_url(const char *url, const char *scheme)
{
    struct slice text = slice_of(url);
    size_t bytes = strlen(scheme);
    return slice_starts_with(text, scheme) && text.bytes > bytes && slice_is_visible(text) &&
           strchr("/:?#", text.data[bytes]) == NULL;
}

static bool check_webhook(const struct alert_settings *settings, struct fault *fault)
{
    const char *url = settings->webhook_url;
    struct webhook_key key;
    if (url[0] == '\0')
        return true;
    if (!is_url(url, "https://") && !(is_url(url, "http://") && courier_is_loopback(url)))
        return fault_set(fault, "invalid_value",
                         "alert_webhook_url must be an address that begins with https:// (http:// "
                         "only on this machine: localhost, 127.0.0.1, [::1])");
    bool good = webhook_key_parse(settings->webhook_secret, &key);
    secret_wipe(&key, sizeof key);
    if (good)
        return true;
    return fault_set(fault, "invalid_value",
                     "alert_webhook_secret must be whsec_ and the base64 of 24 to 64 random bytes: "
                     "the receiver checks signatures by it. Make one with: echo whsec_$(head -c 32 "
                     "/dev/urandom | base64)");
}

static bool check_addresses(const struct alert_settings *settings, struct fault *fault)
{
    const char *at = settings->mail;
    char address[LIMIT_EMAIL_BYTES + 2];
    size_t count = 0;
    while (next_address(&at, address)) {
        if (!mail_message_is_address(address))
            return fault_set(fault, "invalid_value",
                             "alert_mail has '%.60s', which is no mail address: write addresses "
                             "like ops@example.com with commas between them",
                             address);
        if (++count > LIMIT_ALERT_RECEIVERS)
            return fault_set(fault, "invalid_value",
                             "alert_mail has more than %d addresses: use a mailing list",
                             LIMIT_ALERT_RECEIVERS);
    }
    if (count > 0 && settings->smtp_url[0] == '\0')
        return fault_set(fault, "invalid_value",
                         "alert_mail needs smtp_url, the server that takes the mails, like "
                         "smtp://mail.example.com:587, and mail_from");
    return true;
}

static bool check_smtp(const struct alert_settings *settings, struct fault *fault)
{
    const char *url = settings->smtp_url;
    if (url[0] == '\0')
        return true;
    if (!is_url(url, "smtp://") && !is_url(url, "smtps://"))
        return fault_set(fault, "invalid_value",
                         "smtp_url must be smtp://HOST:PORT (with STARTTLS) or smtps://HOST:PORT");
    if (strchr(url, '@') != NULL)
        return fault_set(fault, "invalid_value",
                         "smtp_url must not have a user or password in it: use smtp_user and "
                         "smtp_password");
    if (!mail_message_is_address(settings->mail_from))
        return fault_set(fault, "invalid_value",
                         "mail_from must be the address that mails come from, like "
                         "gateway@example.com: smtp_url needs it");
    if ((settings->smtp_user[0] == '\0') != (settings->smtp_password[0] == '\0'))
        return fault_set(fault, "invalid_value",
                         "smtp_user and smtp_password belong together: set both or none");
    return true;
}

static bool check_authorities(const struct alert_settings *settings, struct fault *fault)
{
    const char *path = settings->ca_file;
    if (path[0] == '\0' || access(path, R_OK) == 0)
        return true;
    return fault_set(fault, "invalid_value",
                     "delivery_ca_file = %s cannot be read: it must be a PEM file of the "
                     "certificate authorities that sign for alert_webhook_url and smtp_url",
                     path);
}

static bool check_name(const struct alert_settings *settings, struct fault *fault)
{
    enum { NAME_BYTES = 200 };
    return text_is_name(slice_of(settings->mail_name), NAME_BYTES) ||
           fault_set(fault, "invalid_value",
                     "mail_name must be the name that mails come from, like Example AI: at "
                     "most %d bytes of UTF-8; without it brand_name is taken",
                     NAME_BYTES);
}

static bool check_customers(const struct alert_settings *settings, struct fault *fault)
{
    const char *url = settings->dashboard_url;
    if (url[0] != '\0' && !is_url(url, "https://") && !is_url(url, "http://"))
        return fault_set(fault, "invalid_value",
                         "dashboard_url must be the dashboard's address for customers, like "
                         "https://llm.example.com/dashboard");
    if (settings->email_verification != VERIFICATION_OFF && settings->smtp_url[0] == '\0')
        return fault_set(fault, "invalid_value",
                         "email_verification needs smtp_url, the server that takes the mails, like "
                         "smtp://mail.example.com:587, and mail_from");
    struct mail_templates *templates = mail_templates_load(settings->mail_templates, fault);
    mail_templates_unref(templates);
    return templates != NULL;
}

const char *alert_settings_mail_service(const struct alert_settings *settings)
{
    static const char *const names[] = {"off", "ses", "postmark", "sendgrid", "mailgun", "resend"};
    return names[settings->mail_events];
}

enum { SERVICE_SECRET_BYTES_MIN = 16 };

/* Resend gives it; of the others the operator makes it, or it may be anything. */
static bool is_signing_secret(const char *text)
{
    struct webhook_key key;
    bool good = webhook_key_parse(text, &key);
    secret_wipe(&key, sizeof key);
    return good;
}

static bool check_service_key(const struct alert_settings *settings, struct fault *fault)
{
    if (settings->mail_events_key[0] == '\0')
        return true;
    if (settings->mail_events != SERVICE_SENDGRID)
        return fault_set(fault, "invalid_value",
                         "mail_events_key is for mail_events = sendgrid only");
    return ecdsa_is_key(slice_of(settings->mail_events_key)) ||
           fault_set(fault, "invalid_value",
                     "mail_events_key must be the verification key that SendGrid shows, in one "
                     "line: MFkwEwYH...");
}

static bool check_service(const struct alert_settings *settings, struct fault *fault)
{
    struct slice secret = slice_of(settings->mail_events_secret);
    if (!check_service_key(settings, fault))
        return false;
    if (settings->mail_events == SERVICE_NONE)
        return true;
    if (settings->smtp_url[0] == '\0')
        return fault_set(fault, "invalid_value",
                         "mail_events needs smtp_url: without it nothing is mailed");
    if (settings->mail_events == SERVICE_RESEND)
        return is_signing_secret(settings->mail_events_secret) ||
               fault_set(fault, "invalid_value",
                         "mail_events_secret must be the signing secret that Resend shows for the "
                         "webhook: whsec_...");
    if (secret.bytes >= SERVICE_SECRET_BYTES_MIN && slice_is_visible(secret))
        return true;
    return fault_set(fault, "invalid_value",
                     "mail_events needs mail_events_secret: at least %d letters and digits, the "
                     "password in the address that the service is given, or of mailgun the signing "
                     "key of its webhooks. Make one: openssl rand -hex 24",
                     SERVICE_SECRET_BYTES_MIN);
}

bool alert_settings_check(const struct alert_settings *settings, struct fault *fault)
{
    return check_webhook(settings, fault) && check_addresses(settings, fault) &&
           check_smtp(settings, fault) && check_authorities(settings, fault) &&
           check_name(settings, fault) && check_customers(settings, fault) &&
           check_service(settings, fault);
}

static void copy_dashboard_url(const char *dashboard_url, const char *public_url,
                               char out[LIMIT_DESTINATION_BYTES])
{
    if (dashboard_url[0] != '\0')
        slice_copy(slice_of(dashboard_url), out, LIMIT_DESTINATION_BYTES);
    else
        snprintf(out, LIMIT_DESTINATION_BYTES, "%.490s/dashboard", public_url);
    size_t bytes = strlen(out);
    if (bytes > 0 && out[bytes - 1] == '/')
        out[bytes - 1] = '\0';
}

bool alert_settings_courier(const struct alert_settings *settings, const char *public_url,
                            const struct secret *secret, struct courier_settings *out,
                            struct fault *fault)
{
    *out = (struct courier_settings){
        .secret = *secret, .private_webhooks = settings->customer_webhooks == WEBHOOKS_ANY};
    slice_copy(slice_of(settings->webhook_url), out->webhook_url, sizeof out->webhook_url);
    slice_copy(slice_of(settings->webhook_secret), out->webhook_secret, sizeof out->webhook_secret);
    slice_copy(slice_of(settings->smtp_url), out->smtp_url, sizeof out->smtp_url);
    slice_copy(slice_of(settings->smtp_user), out->smtp_user, sizeof out->smtp_user);
    slice_copy(slice_of(settings->smtp_password), out->smtp_password, sizeof out->smtp_password);
    slice_copy(slice_of(settings->mail_from), out->mail_from, sizeof out->mail_from);
    slice_copy(slice_of(settings->mail_name), out->mail_name, sizeof out->mail_name);
    slice_copy(slice_of(settings->ca_file), out->ca_file, sizeof out->ca_file);
    copy_dashboard_url(settings->dashboard_url, public_url, out->dashboard_url);
    out->templates = mail_templates_load(settings->mail_templates, fault);
    return out->templates != NULL;
}

void alert_settings_notices(const struct alert_settings *settings, struct notice_settings *out)
{
    *out =
        (struct notice_settings){.mail = settings->smtp_url[0] != '\0',
                                 .only_verified = settings->email_verification != VERIFICATION_OFF,
                                 .webhooks = settings->customer_webhooks != WEBHOOKS_OFF,
                                 .receipts = (enum notice_receipts)settings->mail_receipts};
}

void alert_settings_receivers(const struct alert_settings *settings, const char *public_url,
                              struct alert_receivers *out)
{
    const char *at = settings->mail;
    char address[LIMIT_EMAIL_BYTES + 2];
    *out = (struct alert_receivers){.webhook = settings->webhook_url[0] != '\0'};
    slice_copy(slice_of(public_url), out->gateway_url, sizeof out->gateway_url);
    while (next_address(&at, address) && out->mail_count < LIMIT_ALERT_RECEIVERS)
        slice_copy(slice_of(address), out->mail[out->mail_count++], LIMIT_EMAIL_BYTES + 1);
}

void alert_settings_give(const struct alert_settings *settings, const char *public_url,
                         struct alerts *alerts, struct store *store)
{
    struct alert_receivers receivers;
    struct notice_settings notices;
    alert_settings_notices(settings, &notices);
    store_set_notices(store, &notices);
    alert_settings_receivers(settings, public_url, &receivers);
    alerts_set_receivers(alerts, &receivers);
    alerts_set_repeat(alerts, settings->repeat_ms);
}
