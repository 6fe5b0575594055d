/* The payment processor (Stripe): its address and our secrets there. What is asked and what its
 * answers and events mean stands in lua/payments/NAME.lua; C adds the secrets, so that Lua never
 * has them. Filled at the start, then immutable; any thread. */
#ifndef EXCHANGE_PROCESSOR_H
#define EXCHANGE_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum { PROCESSOR_TEXT_BYTES = 512, PROCESSOR_SECRETS = 4 };

struct processor {
    const char *name;               /* of its file in lua/payments; NULL: no payments */
    bool live;                      /* real money moves; else it is the processor's test mode */
    char url[PROCESSOR_TEXT_BYTES]; /* no slash at the end */
    char authorization[PROCESSOR_TEXT_BYTES + 32]; /* the header's line */
    char ca_file[PROCESSOR_TEXT_BYTES];            /* "": the system's authorities */
    /* Of its webhooks: more than one while a secret is replaced. */
    char webhook_secrets[PROCESSOR_SECRETS][PROCESSOR_TEXT_BYTES];
    size_t secret_count;
};

/* Whether `hex` is the HMAC-SHA256 of prefix and body under one of the secrets. */
bool processor_signed(const struct processor *processor, struct slice prefix, struct slice body,
                      struct slice hex);

#endif
