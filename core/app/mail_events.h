/* Who may send a large body to POST /api/mail-events/NAME: the mail service, known by its password
 * before the body is read. SendGrid sends up to 768 KB of events at once. Any thread. */
#ifndef APP_MAIL_EVENTS_H
#define APP_MAIL_EVENTS_H

#include <stdbool.h>

#include "app/alert_settings.h"
#include "base/secret.h"
#include "net/http1/head.h"

bool mail_events_admit(const struct alert_settings *settings, const struct secret *secret,
                       const struct http_head *head);

#endif
