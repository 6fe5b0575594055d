/* The settings of alerts and of what is sent to the outside: a part of gateway.conf (config.h).
 * They are checked together, and given to those who need them. */
#ifndef APP_ALERT_SETTINGS_H
#define APP_ALERT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/limits.h"

struct alert_receivers;
struct courier_settings;

enum { ALERT_SETTING_BYTES = LIMIT_DESTINATION_BYTES };

struct alert_settings {
    char webhook_url[ALERT_SETTING_BYTES];    /* "": no webhook */
    char webhook_secret[ALERT_SETTING_BYTES]; /* never logged */
    char mail[ALERT_SETTING_BYTES];           /* addresses with commas between them */
    int64_t repeat_ms;                        /* 0: never again */
    char smtp_url[ALERT_SETTING_BYTES];
    char smtp_user[ALERT_SETTING_BYTES];
    char smtp_password[ALERT_SETTING_BYTES]; /* never logged */
    char mail_from[ALERT_SETTING_BYTES];
    char ca_file[ALERT_SETTING_BYTES]; /* "": the system's authorities */
};

/* False: *fault says what to do. It never repeats a secret. */
bool alert_settings_check(const struct alert_settings *settings, struct fault *fault);

/* Of settings that were checked. */
void alert_settings_courier(const struct alert_settings *settings, struct courier_settings *out);
void alert_settings_receivers(const struct alert_settings *settings, const char *public_url,
                              struct alert_receivers *out);

#endif
