#include "exchange/courier_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/webhook_signature.h"
#include "exchange/courier_settings.h"
#include "exchange/mail_message.h"
#include "exchange/mail_templates.h"
#include "exchange/processor.h"
#include "exchange/processor_steps.h"
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

/* The first question of the message (processor_steps.h). The secret is added here. */
static enum courier_start send_payment(struct deliveries *deliveries,
                                       const struct courier_settings *settings,
                                       const struct outbox_message *message, void *arg,
                                       const char **why)
{
    char url[PROCESSOR_TEXT_BYTES + LIMIT_DESTINATION_BYTES];
    struct delivery delivery = {.url = url, .timeout_ms = LIMIT_DELIVERY_MS};
    size_t headers = 0;
    *why = "payments are switched off";
    if (settings->processor == NULL)
        return COURIER_LATER;
    struct slice question = processor_steps_first(slice_of(message->payload));
    char *copy = strndup(question.data, question.bytes), *rest = copy;
    check(copy != NULL);
    char *line = take_line(&rest);
    snprintf(url, sizeof url, "%s%s", settings->processor->url, line != NULL ? line : "");
    delivery.ca_file = settings->processor->ca_file;
    delivery.headers[headers++] = settings->processor->authorization;
    while (line != NULL && (line = take_line(&rest)) != NULL && line[0] != '\0' &&
           headers < DELIVERY_HEADERS)
        delivery.headers[headers++] = line;
    delivery.body = slice_of(rest);
    delivery.keeps_answer = true;
    *why = "the message is no request";
    bool ok = line != NULL && line[0] == '\0' && deliveries_start(deliveries, &delivery, arg, why);
    secret_wipe(copy, strlen(copy));
    free(copy);
    return ok ? COURIER_STARTED : COURIER_LATER;
}

/* Where a webhook goes. Wipe it after use. */
struct hook {
    const char *url;
    struct webhook_key key;
    bool foreign;
};

static bool open_secret(const struct courier_settings *settings,
                        const struct outbox_webhook *webhook, struct webhook_key *out)
{
    struct buffer secret;
    buffer_init(&secret, LIMIT_SEALED_BYTES);
    bool ok = seal_open_base64(&settings->secret, slice_of(webhook->user_id.text),
                               slice_of(webhook->secret), &secret) &&
              buffer_append_char(&secret, '\0') && webhook_key_parse(secret.data, out);
    buffer_wipe_fini(&secret);
    return ok;
}

static enum courier_start find_hook(const struct courier_settings *settings,
                                    const struct outbox_message *message, struct hook *out,
                                    const char **why)
{
    out->foreign = message->webhook.user_id.text[0] != '\0';
    out->url = out->foreign ? message->webhook.url : settings->webhook_url;
    *why = out->foreign ? "the webhook was taken away" : "alert_webhook_url is not set";
    if (out->url[0] == '\0')
        return out->foreign ? COURIER_NEVER : COURIER_LATER;
    *why = out->foreign ? "its secret was sealed with another secret_file"
                        : "alert_webhook_secret is not set";
    bool keyed = out->foreign ? open_secret(settings, &message->webhook, &out->key)
                              : webhook_key_parse(settings->webhook_secret, &out->key);
    if (keyed)
        return COURIER_STARTED;
    return out->foreign ? COURIER_NEVER : COURIER_LATER;
}

static enum courier_start send_webhook(struct deliveries *deliveries,
                                       const struct courier_settings *settings,
                                       const struct outbox_message *message, void *arg,
                                       const char **why)
{
    char id[64], stamp[64], signature[32 + WEBHOOK_SIGNATURE_BYTES], value[WEBHOOK_SIGNATURE_BYTES];
    struct hook hook;
    int64_t now_s = clock_wall_ms() / 1000;
    struct slice body = slice_of(message->payload);
    enum courier_start found = find_hook(settings, message, &hook, why);
    if (found != COURIER_STARTED)
        return found;
    webhook_sign(&hook.key, message->id.text, now_s, body, value);
    secret_wipe(&hook.key, sizeof hook.key);
    snprintf(id, sizeof id, "webhook-id: %s", message->id.text);
    snprintf(stamp, sizeof stamp, "webhook-timestamp: %" PRId64, now_s);
    snprintf(signature, sizeof signature, "webhook-signature: %s", value);
    const struct delivery delivery = {
        .url = hook.url,
        .body = body,
        .timeout_ms = LIMIT_DELIVERY_MS,
        .ca_file = settings->ca_file,
        .headers = {"Content-Type: application/json", id, stamp, signature},
        .foreign = hook.foreign,
        .private_allowed = settings->private_webhooks};
    return deliveries_start(deliveries, &delivery, arg, why) ? COURIER_STARTED : COURIER_LATER;
}

/* A mail to a customer names its template; one to the operator has its texts. */
static bool write_content(const struct courier_settings *settings,
                          const struct outbox_message *message, struct mail_content *out)
{
    const struct mail_scene scene = {.sender = settings->mail_name,
                                     .dashboard_url = settings->dashboard_url,
                                     .contact = settings->contact,
                                     .accent = settings->accent,
                                     .accent_ink = settings->accent_ink,
                                     .secret = &settings->secret};
    struct slice payload = slice_of(message->payload);
    return mail_message_read(payload, out) ||
           (settings->templates != NULL &&
            mail_templates_write(settings->templates, &scene, payload, out));
}

static bool start_mail(struct deliveries *deliveries, const struct courier_settings *settings,
                       const struct outbox_message *message, const struct buffer *mail, void *arg,
                       const char **why)
{
    const struct delivery delivery = {.url = settings->smtp_url,
                                      .body = buffer_slice(mail),
                                      .timeout_ms = LIMIT_MAIL_MS,
                                      .ca_file = settings->ca_file,
                                      .from = settings->mail_from,
                                      .to = message->destination,
                                      .user = settings->smtp_user,
                                      .password = settings->smtp_password,
                                      .needs_tls = !courier_is_loopback(settings->smtp_url)};
    return deliveries_start(deliveries, &delivery, arg, why);
}

static enum courier_start send_mail(struct deliveries *deliveries,
                                    const struct courier_settings *settings,
                                    const struct outbox_message *message, void *arg,
                                    const char **why)
{
    struct mail_content content;
    struct buffer mail;
    *why = "its link has expired";
    if (message->useless_ms != 0 && clock_wall_ms() >= message->useless_ms)
        return COURIER_NEVER;
    *why = "the receiver is no mail address";
    if (!mail_message_is_address(message->destination))
        return COURIER_NEVER;
    *why = "smtp_url is not set";
    if (settings->smtp_url[0] == '\0')
        return COURIER_LATER;
    const struct mail_message head = {.id = message->id.text,
                                      .from = settings->mail_from,
                                      .from_name = settings->mail_name,
                                      .to = message->destination,
                                      .content = &content,
                                      .now_ms = clock_wall_ms()};
    mail_content_init(&content);
    buffer_init(&mail, LIMIT_MESSAGE_BYTES * 3);
    *why = "the message is no mail, is too large, or was sealed with another secret_file";
    bool ok = write_content(settings, message, &content) && mail_message_write(&head, &mail) &&
              start_mail(deliveries, settings, message, &mail, arg, why);
    mail_content_fini(&content);
    buffer_wipe_fini(&mail);
    return ok ? COURIER_STARTED : COURIER_LATER;
}

enum courier_start courier_send(struct deliveries *deliveries,
                                const struct courier_settings *settings,
                                const struct outbox_message *message, void *arg, const char **why)
{
    if (message->kind == OUTBOX_MAIL)
        return send_mail(deliveries, settings, message, arg, why);
    if (outbox_is_payment(message))
        return send_payment(deliveries, settings, message, arg, why);
    return send_webhook(deliveries, settings, message, arg, why);
}
