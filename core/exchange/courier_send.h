/* How the courier (courier.h) sends one message: as a signed webhook, or as a mail. */
#ifndef EXCHANGE_COURIER_SEND_H
#define EXCHANGE_COURIER_SEND_H

#include <stdbool.h>

struct courier_settings;
struct deliveries;
struct outbox_message;

/* NEVER: no later try can be any better. */
enum courier_start { COURIER_STARTED, COURIER_LATER, COURIER_NEVER };

/* Starts the delivery; its end has `arg`. Else *why says why that is impossible. */
enum courier_start courier_send(struct deliveries *deliveries,
                                const struct courier_settings *settings,
                                const struct outbox_message *message, void *arg, const char **why);

/* Whether a URL of http or smtp names this machine: localhost, 127.x.x.x, [::1]. Pure. */
bool courier_is_loopback(const char *url);

#endif
