/* Signatures by ECDSA over P-256 with SHA-256, as services sign what they tell. Uses OpenSSL; any
 * thread. */
#ifndef NET_CLIENT_ECDSA_H
#define NET_CLIENT_ECDSA_H

#include <stdbool.h>

#include "base/slice.h"

/* Whether the text is such a public key: the base64 of its SubjectPublicKeyInfo (RFC 5480). */
bool ecdsa_is_key(struct slice key);
/* Whether the signature, the base64 of its DER, is one of the text, by the owner of the key. It
 * computes for a tenth of a millisecond. */
bool ecdsa_fits(struct slice key, struct slice text, struct slice signature);

#endif
