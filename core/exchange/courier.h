/* The courier: the thread that empties the outbox (store/outbox.h) and tells, from memory, that the
 * database cannot be written. No request waits for it.
 *
 *   a webhook   POST with the headers of Standard Webhooks; 2xx is taken, 410 is given up, all else
 *               is tried again
 *   a mail      SMTP with STARTTLS (or smtps://), but on loopback as it is; 5xx is given up
 *
 * One message of each destination is on its way at a time, in the order of their ids; so a receiver
 * that is slow or down delays only its own. What fails is tried again after a second, then after
 * ever longer pauses, and given up when it is a day old (outbox_retry_ms). */
#ifndef EXCHANGE_COURIER_H
#define EXCHANGE_COURIER_H

#include <stdbool.h>

#include "base/fault.h"

struct alerts;
struct courier;
struct courier_settings;
struct store;

/* NULL: *fault. */
struct courier *courier_new(struct store *store, struct alerts *alerts,
                            const struct courier_settings *settings, struct fault *fault);
/* From now on. Any thread. */
void courier_configure(struct courier *courier, const struct courier_settings *settings);
/* Cuts what is under way: it is sent again at the next start. Before the store is closed. NULL is
 * allowed. */
void courier_free(struct courier *courier);

#endif
