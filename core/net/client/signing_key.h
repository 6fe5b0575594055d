/* A private RSA key that signs texts as RS256 (RFC 7518, 3.3). It never changes: any thread. */
#ifndef NET_CLIENT_SIGNING_KEY_H
#define NET_CLIENT_SIGNING_KEY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/slice.h"

struct signing_key;

/* Reads PEM without a password. Returns NULL with *fault if it is no RSA key of at least 2048
 * bits. */
struct signing_key *signing_key_read(struct slice pem, struct fault *fault);
void signing_key_free(struct signing_key *key); /* wipes it; NULL is allowed */

/* Appends the signature of the text. It computes for a millisecond or more: never on an event
 * loop. Returns false if it could not be made. */
bool signing_key_sign(const struct signing_key *key, struct slice text, struct buffer *out);

#endif
