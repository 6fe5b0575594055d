#include "exchange/courier_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/webhook_signature.h"
#include "exchange/courier_settings.h"
#include "exchange/mail_message.h"
#include "exchange/processor.h"
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

/* Cuts the first line off, without its end. */
static char *take_line(char **text)
{
    char *line = *text;
    char *end = strchr(line, '\n');
    if (end == NULL)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return line;
}

/* The message is as lua/payments has made it: the path, lines of headers, an empty line, the body.
 * The secret is added here. */
static bool send_payment(struct deliveries *deliveries, const struct courier_settings *settings,
                         const struct outbox_message *message, void *arg, const char **why)
{
    char url[PROCESSOR_TEXT_BYTES + LIMIT_DESTINATION_BYTES];
    struct delivery delivery = {.url = url, .timeout_ms = LIMIT_DELIVERY_MS};
    size_t headers = 0;
    *why = "payments are switched off";
    if (settings->processor == NULL)
        return false;
    char *copy = strdup(message->payload), *rest = copy;
    check(copy != NULL);
    char *line = take_line(&rest);
    snprintf(url, sizeof url, "%s%s", settings->processor->url, line != NULL ? line : "");
    delivery.ca_file = settings->processor->ca_file;
    delivery.headers[headers++] = settings->processor->authorization;
    while (line != NULL && (line = take_line(&rest)) != NULL && line[0] != '\0' &&
           headers < DELIVERY_HEADERS)
        delivery.headers[headers++] = line;
    delivery.body = slice_of(rest);
    *why = "the message is no request";
    bool ok = line != NULL && line[0] == '\0' && deliveries_start(deliveries, &delivery, arg, why);
    secret_wipe(copy, strlen(copy));
    free(copy);
    return ok;
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
    if (message->kind == OUTBOX_MAIL)
        return send_mail(deliveries, settings, message, arg, why);
    if (outbox_is_payment(message))
        return send_payment(deliveries, settings, message, arg, why);
    return send_webhook(deliveries, settings, message, arg, why);
}
