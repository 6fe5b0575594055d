#include "exchange/emergency.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "exchange/courier_send.h"
#include "net/client/delivery.h"
#include "store/alert_messages.h"
#include "store/outbox.h"
#include "store/store.h"

enum { RETRY_US = 5 * 1000 * 1000 }; /* after no receiver could be reached */

void emergency_init(struct emergency *emergency, struct store *store, struct alerts *alerts)
{
    *emergency = (struct emergency){.store = store, .alerts = alerts};
}

/* Somebody who was reached is enough: the others get the close. */
static void end_telling(struct emergency *emergency)
{
    emergency->told = false;
    if (emergency->received) {
        alerts_done(emergency->alerts, &emergency->news, false);
        return;
    }
    alerts_give_back(emergency->alerts, &emergency->news);
    emergency->retry_us = clock_mono_us() + RETRY_US;
}

void emergency_fini(struct emergency *emergency)
{
    if (emergency->told)
        end_telling(emergency);
}

static void send(struct emergency *emergency, struct deliveries *deliveries,
                 const struct courier_settings *settings, struct outbox_message *message)
{
    const char *why = "";
    if (courier_send(deliveries, settings, message, emergency, &why) == COURIER_STARTED)
        emergency->under_way++;
    else
        log_event(LOG_ERROR, "an alert could not be sent", log_text("why", why));
}

static void send_all(struct emergency *emergency, struct deliveries *deliveries,
                     const struct courier_settings *settings)
{
    struct alert_receivers receivers;
    struct outbox_message message = {.id = emergency->message_id};
    struct buffer payload;
    alerts_get_receivers(emergency->alerts, &receivers);
    buffer_init(&payload, LIMIT_MESSAGE_BYTES);
    if (receivers.webhook) {
        alert_messages_webhook(&emergency->news, receivers.gateway_url, clock_wall_ms(), &payload);
        message.payload = payload.data;
        send(emergency, deliveries, settings, &message);
    }
    buffer_reset(&payload);
    message.kind = OUTBOX_MAIL;
    if (receivers.mail_count > 0)
        alert_messages_mail(&emergency->news, receivers.gateway_url, &payload);
    for (size_t i = 0; i < receivers.mail_count; i++) {
        message.payload = payload.data;
        slice_copy(slice_of(receivers.mail[i]), message.destination, sizeof message.destination);
        send(emergency, deliveries, settings, &message);
    }
    emergency->received =
        !receivers.webhook && receivers.mail_count == 0; /* no receiver is set up */
    buffer_fini(&payload);
}

void emergency_look(struct emergency *emergency, struct deliveries *deliveries,
                    const struct courier_settings *settings)
{
    struct alert before = emergency->news.alert;
    if (emergency->alerts == NULL || emergency->told || store_writable(emergency->store) ||
        clock_mono_us() < emergency->retry_us ||
        !alerts_take_kind(emergency->alerts, ALERT_LEDGER_UNWRITABLE, clock_wall_ms(),
                          &emergency->news))
        return;
    /* A repetition after a failure has the same id. */
    if (strcmp(before.id.text, emergency->news.alert.id.text) != 0 ||
        before.tellings != emergency->news.alert.tellings)
        id_make(&emergency->message_id, "msg");
    emergency->told = true;
    send_all(emergency, deliveries, settings);
    if (emergency->under_way == 0)
        end_telling(emergency);
}

void emergency_end(struct emergency *emergency, const struct delivery_end *end)
{
    emergency->received |= end->taken;
    if (!end->taken)
        log_event(LOG_WARN, "an alert could not be delivered", log_text("why", end->words));
    if (--emergency->under_way == 0)
        end_telling(emergency);
}
