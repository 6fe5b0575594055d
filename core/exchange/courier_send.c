#include "exchange/courier_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/webhook_signature.h"
#include "exchange/courier_settings.h"
#include "exchange/mail_message.h"
#include "net/client/delivery.h"
#include "store/outbox.h"

bool courier_is_loopback(const char *url)
{
    static const char *const hosts[] = {"localhost", "127.", "[::1]"};
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t bytes = strlen(hosts[i]);
        if (strncmp(host, hosts[i], bytes) != 0)
            continue;
        const char *end = host + (i == 1 ? strspn(host, "0123456789.") : bytes);
        return *end == '\0' || *end == ':' || *end == '/';
    }
    return false;
}

static bool send_webhook(struct deliveries *deliveries, const struct courier_settings *settings,
                         const struct outbox_message *message, void *arg, const char **why)
{
    char id[64], stamp[64], signature[32 + WEBHOOK_SIGNATURE_BYTES], value[WEBHOOK_SIGNATURE_BYTES];
    struct webhook_key key;
    int64_t now_s = clock_wall_ms() / 1000;
    struct slice body = slice_of(message->payload);
    *why = "alert_webhook_url is not set";
    if (settings->webhook_url[0] == '\0')
        return false;
    *why = "alert_webhook_secret is not set";
    if (!webhook_key_parse(settings->webhook_secret, &key))
        return false;
    webhook_sign(&key, message->id.text, now_s, body, value);
    secret_wipe(&key, sizeof key);
    snprintf(id, sizeof id, "webhook-id: %s", message->id.text);
    snprintf(stamp, sizeof stamp, "webhook-timestamp: %" PRId64, now_s);
    snprintf(signature, sizeof signature, "webhook-signature: %s", value);
    const struct delivery delivery = {
        .url = settings->webhook_url,
        .body = body,
        .timeout_ms = LIMIT_DELIVERY_MS,
        .ca_file = settings->ca_file,
        .headers = {"Content-Type: application/json", id, stamp, signature}};
    return deliveries_start(deliveries, &delivery, arg, why);
}

static bool send_mail(struct deliveries *deliveries, const struct courier_settings *settings,
                      const struct outbox_message *message, void *arg, const char **why)
{
    struct buffer mail;
    *why = "smtp_url is not set";
    if (settings->smtp_url[0] == '\0')
        return false;
    const struct mail_message content = {.id = message->id.text,
                                         .from = settings->mail_from,
                                         .to = message->destination,
                                         .payload = message->payload,
                                         .now_ms = clock_wall_ms()};
    buffer_init(&mail, LIMIT_MESSAGE_BYTES * 3);
    *why = "the message is no mail, or is too large";
    bool ok = mail_message_write(&content, &mail);
    const struct delivery delivery = {.url = settings->smtp_url,
                                      .body = buffer_slice(&mail),
                                      .timeout_ms = LIMIT_DELIVERY_MS,
                                      .ca_file = settings->ca_file,
                                      .from = settings->mail_from,
                                      .to = message->destination,
                                      .user = settings->smtp_user,
                                      .password = settings->smtp_password,
                                      .needs_tls = !courier_is_loopback(settings->smtp_url)};
    ok = ok && deliveries_start(deliveries, &delivery, arg, why);
    buffer_wipe_fini(&mail);
    return ok;
}

bool courier_send(struct deliveries *deliveries, const struct courier_settings *settings,
                  const struct outbox_message *message, void *arg, const char **why)
{
    return message->kind == OUTBOX_MAIL ? send_mail(deliveries, settings, message, arg, why)
                                        : send_webhook(deliveries, settings, message, arg, why);
}
