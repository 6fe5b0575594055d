/* Signs webhooks as Standard Webhooks 1.0.0 says (standardwebhooks.com): HMAC-SHA256 of
 * "ID.TIMESTAMP.BODY".
 * A secret is "whsec_" and the base64 of 24 to 64 bytes. Uses libsodium. */
#ifndef BASE_WEBHOOK_SIGNATURE_H
#define BASE_WEBHOOK_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    WEBHOOK_KEY_BYTES_MIN = 24,
    WEBHOOK_KEY_BYTES = 64,
    WEBHOOK_ID_BYTES_MAX = 64,
    WEBHOOK_SIGNATURE_BYTES = 64
};

/* Wipe it after use: secret_wipe. */
struct webhook_key {
    uint8_t data[WEBHOOK_KEY_BYTES];
    size_t bytes;
};

/* Returns false when the text is no such secret. */
bool webhook_key_parse(const char *secret, struct webhook_key *out);

/* Writes the value of the header webhook-signature, "v1,BASE64" with a NUL. */
void webhook_sign(const struct webhook_key *key, const char *id, int64_t timestamp_s,
                  struct slice body, char out[WEBHOOK_SIGNATURE_BYTES]);
/* Whether one of the signatures, "v1,BASE64" with spaces between them, is that of the body, as a
 * service sends them. No id of it is longer than WEBHOOK_ID_BYTES_MAX. It takes as long whatever
 * differs. */
bool webhook_is_signed(const struct webhook_key *key, struct slice id, int64_t timestamp_s,
                       struct slice body, struct slice signatures);
/* Whether `hex` (either case) is the HMAC-SHA256 of prefix and body under this key. It takes as
 * long whatever differs. */
bool webhook_hmac_is(struct slice key, struct slice prefix, struct slice body, struct slice hex);

#endif
