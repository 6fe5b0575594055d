/* The settings of payments through Stripe: a part of gateway.conf (config.h). */
#ifndef APP_PAYMENT_SETTINGS_H
#define APP_PAYMENT_SETTINGS_H

#include <stdbool.h>

#include "base/fault.h"
#include "exchange/processor.h"

struct payment_settings {
    char secret_key[PROCESSOR_TEXT_BYTES];     /* never logged */
    char webhook_secret[PROCESSOR_TEXT_BYTES]; /* likewise; several with spaces between them */
    char api_url[PROCESSOR_TEXT_BYTES];
    char ca_file[PROCESSOR_TEXT_BYTES]; /* "": the system's authorities */
};

/* Checks the settings and fills the processor. False: *fault says what to do. It never repeats a
 * secret. */
bool payment_settings_check(const struct payment_settings *settings, struct processor *out,
                            struct fault *fault);

#endif
