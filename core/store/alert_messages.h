/* The messages that tell of an alert (alerts.h), as the outbox takes them. Pure. */
#ifndef STORE_ALERT_MESSAGES_H
#define STORE_ALERT_MESSAGES_H

#include "base/buffer.h"
#include "store/alerts.h"

/* The destination of the operator's webhook in the outbox: the courier finds its address. */
#define ALERT_DESTINATION "operator"

/* Appends the body of a webhook with a NUL: {type ("alert.opened", "alert.open", "alert.closed",
 * "alert.test"), timestamp, data}; docs/ALERTS.md lists the members of data. */
void alert_messages_webhook(const struct alert_news *news, const char *gateway_url, int64_t now_ms,
                            struct buffer *out);
/* Appends the payload of a mail with a NUL: {subject, text, html}. */
void alert_messages_mail(const struct alert_news *news, const char *gateway_url,
                         struct buffer *out);

#endif
