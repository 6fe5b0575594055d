#include "app/payment_settings.h"

#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "exchange/courier_send.h"

/* It goes into a header. */
static bool is_secret(const char *text)
{
    return text[0] != '\0' && slice_is_visible(slice_of(text));
}

static bool check_key(const struct payment_settings *settings, struct fault *fault)
{
    const char *key = settings->secret_key;
    if (key[0] == '\0')
        return fault_set(fault, "invalid_value",
                         "payments = stripe needs stripe_secret_key: a secret or restricted key "
                         "(sk_... or rk_...) of Stripe's dashboard, under Developers, API keys");
    if (!is_secret(key) ||
        !(slice_starts_with(slice_of(key), "sk_") || slice_starts_with(slice_of(key), "rk_")))
        return fault_set(fault, "invalid_value",
                         "stripe_secret_key is no secret key of Stripe: it begins with sk_ or rk_");
    return true;
}

static bool check_url(const struct payment_settings *settings, struct fault *fault)
{
    const char *url = settings->api_url;
    size_t bytes = strlen(url);
    bool plain = slice_starts_with(slice_of(url), "http://") && courier_is_loopback(url);
    if ((slice_starts_with(slice_of(url), "https://") || plain) && url[bytes - 1] != '/' &&
        slice_is_visible(slice_of(url)))
        return true;
    return fault_set(fault, "invalid_value",
                     "stripe_api_url must begin with https:// (http:// only on loopback) and have "
                     "no slash at its end");
}

/* Secrets of webhooks, with spaces between them. */
static bool read_webhook_secrets(const struct payment_settings *settings,
                                 struct processor *processor, struct fault *fault)
{
    char copy[PROCESSOR_TEXT_BYTES];
    char *rest = NULL;
    snprintf(copy, sizeof copy, "%s", settings->webhook_secret);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (!slice_starts_with(slice_of(word), "whsec_") || !is_secret(word) ||
            strlen(word) <= strlen("whsec_"))
            return fault_set(fault, "invalid_value",
                             "stripe_webhook_secret is no signing secret of a webhook endpoint: it "
                             "begins with whsec_");
        if (processor->secret_count == PROCESSOR_SECRETS)
            return fault_set(fault, "invalid_value",
                             "stripe_webhook_secret has more than %d secrets", PROCESSOR_SECRETS);
        snprintf(processor->webhook_secrets[processor->secret_count++], PROCESSOR_TEXT_BYTES, "%s",
                 word);
    }
    if (processor->secret_count > 0)
        return true;
    return fault_set(
        fault, "invalid_value",
        "payments = stripe needs stripe_webhook_secret (whsec_...): without it anybody "
        "could say that a payment was made. Stripe's dashboard shows it for the "
        "endpoint, `stripe listen` prints it");
}

bool payment_settings_check(const struct payment_settings *settings, struct processor *processor,
                            struct fault *fault)
{
    *processor = (struct processor){.name = "stripe"};
    if (!check_key(settings, fault) || !check_url(settings, fault) ||
        !read_webhook_secrets(settings, processor, fault))
        return false;
    processor->live = strstr(settings->secret_key, "_test_") == NULL;
    snprintf(processor->url, sizeof processor->url, "%s", settings->api_url);
    snprintf(processor->ca_file, sizeof processor->ca_file, "%s", settings->ca_file);
    snprintf(processor->authorization, sizeof processor->authorization, "Authorization: Bearer %s",
             settings->secret_key);
    return true;
}
