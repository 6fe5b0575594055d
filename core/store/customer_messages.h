/* The messages to customers as the outbox takes them. Pure. A mail is not yet written there: its
 * payload names a template, a language and what fills the placeholders, and the courier writes it
 * when it sends it (exchange/mail_templates.h). So no link that still works stands in the database:
 * its token is sealed. */
#ifndef STORE_CUSTOMER_MESSAGES_H
#define STORE_CUSTOMER_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* What fills a placeholder. */
struct mail_value {
    const char *name;
    const char *text;
};
enum { MAIL_VALUES = 8 };

struct customer_mail {
    const char *template;                      /* "receipt" */
    const char *language;                      /* "en", "ko" */
    struct mail_value values[MAIL_VALUES + 1]; /* a NULL name ends them */
    const char *sealed; /* the token of its link, sealed; base64. NULL: it has no link */
};
/* Appends the payload with a NUL: {template, language, values: {name: text}, sealed?}. */
void customer_messages_mail(const struct customer_mail *mail, struct buffer *out);

/* The destination of a customer's webhook in the outbox is this and the user's id. */
#define CUSTOMER_WEBHOOK "webhook:"

/* Begins the body of a webhook: {type, timestamp, data: {. */
void customer_messages_webhook(const char *type, int64_t now_ms, struct buffer *out);
/* Ends it, with a NUL. */
void customer_messages_webhook_end(struct buffer *out);

/* For people: "$12.50", "2026-12-01 13:04 UTC". Return `out`. */
enum { CUSTOMER_TEXT_BYTES = 48 };
const char *customer_messages_money(int64_t nusd, char out[CUSTOMER_TEXT_BYTES]);
const char *customer_messages_time(int64_t wall_ms, char out[CUSTOMER_TEXT_BYTES]);

#endif
