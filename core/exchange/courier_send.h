/* How the courier (courier.h) sends one message: as a signed webhook, or as a mail. */
#ifndef EXCHANGE_COURIER_SEND_H
#define EXCHANGE_COURIER_SEND_H

#include <stdbool.h>

struct courier_settings;
struct deliveries;
struct outbox_message;

/* Starts the delivery; its end has `arg`. Returns false when that is impossible: *why says so. */
bool courier_send(struct deliveries *deliveries, const struct courier_settings *settings,
                  const struct outbox_message *message, void *arg, const char **why);

/* Whether a URL of http or smtp names this machine: localhost, 127.x.x.x, [::1]. Pure. */
bool courier_is_loopback(const char *url);

#endif
