/* The settings of alerts and of what is sent to the outside: a part of gateway.conf (config.h).
 * They are checked together, and given to those who need them. */
#ifndef APP_ALERT_SETTINGS_H
#define APP_ALERT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/limits.h"

struct alert_receivers;
struct alerts;
struct courier_settings;
struct notice_settings;
struct secret;
struct store;

enum { ALERT_SETTING_BYTES = LIMIT_DESTINATION_BYTES };

/* ASK: new users get a link; nothing depends on it but where notices go. REQUIRED: without it they
 * make no keys and move no money. */
enum email_verification { VERIFICATION_OFF, VERIFICATION_ASK, VERIFICATION_REQUIRED };
/* Where customers' webhooks may be. */
enum customer_webhooks { WEBHOOKS_OFF, WEBHOOKS_PUBLIC, WEBHOOKS_ANY };

/* Who tells of mails that came back. */
enum mail_service {
    SERVICE_NONE,
    SERVICE_SES,
    SERVICE_POSTMARK,
    SERVICE_SENDGRID,
    SERVICE_MAILGUN,
    SERVICE_RESEND
};

struct alert_settings {
    char webhook_url[ALERT_SETTING_BYTES];    /* "": no webhook */
    char webhook_secret[ALERT_SETTING_BYTES]; /* never logged */
    char mail[ALERT_SETTING_BYTES];           /* addresses with commas between them */
    int64_t repeat_ms;                        /* 0: never again */
    char smtp_url[ALERT_SETTING_BYTES];
    char smtp_user[ALERT_SETTING_BYTES];
    char smtp_password[ALERT_SETTING_BYTES]; /* never logged */
    char mail_from[ALERT_SETTING_BYTES];
    char mail_name[ALERT_SETTING_BYTES];          /* "": brand_name */
    char mail_templates[ALERT_SETTING_BYTES];     /* a folder; "": those of the program */
    char dashboard_url[ALERT_SETTING_BYTES];      /* "": below public_url */
    int64_t mail_receipts;                        /* enum notice_receipts */
    int64_t email_verification;                   /* enum email_verification */
    int64_t customer_webhooks;                    /* enum customer_webhooks */
    int64_t mail_events;                          /* enum mail_service */
    char mail_events_secret[ALERT_SETTING_BYTES]; /* never logged */
    char mail_events_key[ALERT_SETTING_BYTES];    /* public; "": signatures are not looked at */
    char ca_file[ALERT_SETTING_BYTES];            /* "": the system's authorities */
};

/* False: *fault says what to do. It never repeats a secret. */
bool alert_settings_check(const struct alert_settings *settings, struct fault *fault);

/* "off", or the name of its file in lua/mail_events/. */
const char *alert_settings_mail_service(const struct alert_settings *settings);

/* Of settings that were checked. */
bool alert_settings_courier(const struct alert_settings *settings, const char *public_url,
                            const struct secret *secret, struct courier_settings *out,
                            struct fault *fault); /* reads the templates */
void alert_settings_notices(const struct alert_settings *settings, struct notice_settings *out);
void alert_settings_receivers(const struct alert_settings *settings, const char *public_url,
                              struct alert_receivers *out);
/* Gives both to the store and to the alerts, which act by them from now on. */
void alert_settings_give(const struct alert_settings *settings, const char *public_url,
                         struct alerts *alerts, struct store *store);

#endif
