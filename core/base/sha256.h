/* SHA-256 of a whole text: recognises the same bytes again (an applied migration, a set of
 * policies). Not for secrets: see base/secret.h. Any thread. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/slice.h"

enum {
    SHA256_HEX_BYTES = 65,   /* 64 digits and the NUL */
    SHA256_BASE64_BYTES = 45 /* 44 with padding, and the NUL */
};

void sha256_hex(struct slice text, char out[SHA256_HEX_BYTES]);
void sha256_base64(struct slice text, char out[SHA256_BASE64_BYTES]);

#endif
