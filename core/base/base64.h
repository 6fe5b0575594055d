/* Base64 with the usual alphabet and padding (RFC 4648, 4); uses libsodium. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* The buffer keeps a failure. */
void base64_append(struct slice bytes, struct buffer *out);
/* Appends the bytes. Padding may be missing. Returns false when the text is no base64, or does not
 * fit. */
bool base64_decode(struct slice text, struct buffer *out);

#endif
