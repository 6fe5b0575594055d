/* Base64 (RFC 4648); uses libsodium. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* With the usual alphabet and padding (4). The buffer keeps a failure. */
void base64_append(struct slice bytes, struct buffer *out);
/* For addresses and file names, without padding (5). */
void base64_append_url(struct slice bytes, struct buffer *out);
/* Appends the bytes. Padding may be missing. Returns false when the text is no base64, or does not
 * fit. */
bool base64_decode(struct slice text, struct buffer *out);

#endif
