/* gateway.conf: one `name = value` per line, # comments, ${NAME} for environment variables. One
 * table (config.c) has all settings with type, default, bounds and whether SIGHUP may change them.
 * Relative paths, also of defaults, are from the folder of the file; those of --set from the
 * working folder. The shipped gateway.conf documents each; a test keeps both equal. */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "app/alert_settings.h"
#include "app/brand.h"
#include "app/door_settings.h"
#include "app/payment_settings.h"
#include "app/trace_settings.h"
#include "base/fault.h"
#include "base/log.h"
#include "net/server/peer.h"

enum { CONFIG_TEXT_BYTES = 512 };

enum payments { PAYMENTS_TEST, PAYMENTS_STRIPE, PAYMENTS_OFF };

enum cors { CORS_OFF, CORS_ANY };

struct config {
    char listen[CONFIG_TEXT_BYTES];
    char database[CONFIG_TEXT_BYTES];
    char secret_file[CONFIG_TEXT_BYTES];
    char policies[CONFIG_TEXT_BYTES];
    char webui[CONFIG_TEXT_BYTES];
    char public_url[CONFIG_TEXT_BYTES];
    char admin_socket[CONFIG_TEXT_BYTES];   /* "": off */
    char metrics_listen[CONFIG_TEXT_BYTES]; /* "": off */
    char tls_certificate[CONFIG_TEXT_BYTES];
    char tls_key[CONFIG_TEXT_BYTES];
    int64_t hsts_max_age_s;
    int64_t show_providers;           /* 0: no */
    int64_t public_prices;            /* 0: off */
    int64_t docs;                     /* enum docs_for */
    int64_t second_factor;            /* who needs one; 0: optional, 1: operators, 2: all */
    int64_t cors;                     /* enum cors */
    char user[CONFIG_TEXT_BYTES];     /* the user to become; "": keep the present user */
    char log_file[CONFIG_TEXT_BYTES]; /* "": stderr */
    char trusted_proxies[CONFIG_TEXT_BYTES];
    int64_t forwarded_header; /* enum forwarded_header */
    int64_t proxy_protocol;
    int64_t workers;
    int64_t durability; /* 0: power, 1: process */
    int64_t quota_warning_percent;
    int64_t payments;
    int64_t payments_test_public;
    int64_t log_level;
    int64_t log_format; /* 0: text, 1: json */
    int64_t body_bytes_max;
    int64_t form_held_bytes_max;
    int64_t form_bytes_max;
    int64_t bodies_bytes_max;
    int64_t bodies_bytes_per_account_max;
    int64_t bodies_bytes_per_address_max;
    int64_t body_bytes_per_s_min;
    int64_t body_window_ms;
    int64_t connections_max;
    int64_t calls_max; /* 0: as many as all workers have connections */
    int64_t connections_per_address_max;
    int64_t head_timeout_ms;
    int64_t body_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t write_timeout_ms;
    int64_t keepalive_comment_ms;
    int64_t first_event_wait_ms;
    int64_t ask_context_every_ms;
    int64_t drain_timeout_ms;
    int64_t hold_expiry_ms;
    int64_t keep_responses_days; /* 0: the gateway itself keeps none */
    int64_t keep_responses_bytes_max;
    struct alert_settings alerts;
    struct payment_settings stripe;
    struct brand_settings brand;
    struct door_settings doors;
    struct trace_settings traces;

    /* from `listen` */
    char address[64];
    int port;

    /* from `metrics_listen`; "": off */
    char metrics_address[64];
    int metrics_port;

    struct processor processor; /* from `payments` and the settings of its name */

    /* from `trusted_proxies` and its related settings */
    struct peer_trust trust;
};

/* Takes the defaults, then the file, then `sets` ("name=value"). False: *fault says
 * "gateway.conf:12: ...". */
bool config_load(struct config *config, const char *path, const char *const *sets,
                 unsigned set_count, struct fault *fault);

/* Puts another address and port in the place of `listen`. False: *fault. */
bool config_set_listen(struct config *config, const char *listen, struct fault *fault);
bool config_listens_on_loopback(const struct config *config);

enum { CONFIG_NAMES_BYTES = 4096 }; /* the names of all settings */

/* Takes from `fresh` what a reload may change. Writes the names of the settings that differ but
 * may not change, "listen, workers": empty when there are none. */
void config_apply_reloadable(struct config *config, const struct config *fresh,
                             char needs_restart[CONFIG_NAMES_BYTES]);

const char *config_payments_name(const struct config *config);
/* Reads the templates of mails. */
bool config_courier(const struct config *config, const char *public_url,
                    const struct secret *secret, struct courier_settings *out, struct fault *fault);

#endif
