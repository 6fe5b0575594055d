/* The settings of the courier (courier.h). */
#ifndef EXCHANGE_COURIER_SETTINGS_H
#define EXCHANGE_COURIER_SETTINGS_H

#include <stdbool.h>

#include "base/limits.h"
#include "base/secret.h"

struct mail_templates;

struct processor;

/* Where messages go, and by what means. */
struct courier_settings {
    char webhook_url[LIMIT_DESTINATION_BYTES]; /* of the destination "operator"; "": none */
    char webhook_secret[LIMIT_DESTINATION_BYTES];
    char smtp_url[LIMIT_DESTINATION_BYTES]; /* "": mails wait */
    char smtp_user[LIMIT_DESTINATION_BYTES];
    char smtp_password[LIMIT_DESTINATION_BYTES];
    char mail_from[LIMIT_EMAIL_BYTES + 1];
    char mail_name[LIMIT_DESTINATION_BYTES]; /* of the sender, for people */
    char contact[LIMIT_DESTINATION_BYTES];   /* where customers find help; "": nowhere */
    char accent[sizeof "#rrggbb"];           /* the colour of buttons in mails */
    char accent_ink[sizeof "#rrggbb"];       /* of the text on them */
    char ca_file[LIMIT_DESTINATION_BYTES];
    const struct processor *processor;           /* of payments; NULL: none; outlives the courier */
    char dashboard_url[LIMIT_DESTINATION_BYTES]; /* in mails; no slash at its end */
    bool private_webhooks;                       /* customers' may be at private addresses */
    struct secret secret;                        /* opens what is sealed in the outbox */
    struct mail_templates *templates; /* counted: courier_new and courier_configure take it over */
};

#endif
