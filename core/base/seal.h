/* Sealed texts: encrypted and authenticated (XChaCha20-Poly1305 of libsodium) with a key that is
 * derived from the gateway's secret. The database has only sealed texts, so a copy of it without
 * the secret's file tells nothing. Pure functions, any thread. */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/secret.h"
#include "base/slice.h"

/* What a sealed text is longer than its text. */
enum { SEAL_EXTRA_BYTES = 40 };

/* Appends the sealed text. `about` says whose and what it is: it is not in the result, and
 * seal_open must be told the same. The buffer keeps a failure. */
void seal_close(const struct secret *secret, struct slice about, struct slice text,
                struct buffer *out);
/* Appends the text. Returns false when it was sealed with another secret, about something else, or
 * has been changed. */
bool seal_open(const struct secret *secret, struct slice about, struct slice sealed,
               struct buffer *out);
/* The same for a sealed text in base64. */
bool seal_open_base64(const struct secret *secret, struct slice about, struct slice encoded,
                      struct buffer *out);

#endif
