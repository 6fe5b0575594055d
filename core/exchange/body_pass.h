/* A pass for large bodies of the dashboard's playground. Its pages have a session and no API key,
 * and whether a large body may be read is decided by its head, before a session can be looked up.
 * So a page asks for a pass first, which names one of the user's keys, and sends it as
 * `x-body-pass`. All that it opens is the reading of the body, on the account of that key; the call
 * still needs the session. The text is sealed: it tells nothing. Pure functions, any thread. */
#ifndef EXCHANGE_BODY_PASS_H
#define EXCHANGE_BODY_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/slice.h"

enum {
    BODY_PASS_CHARS = 108, /* a digest, a time and what a seal adds, in base64 */
    BODY_PASS_LIFE_MS = 60000
};

/* Writes a pass for the key with this digest, which ends at `until_ms`. NUL-terminated. */
void body_pass_make(const struct secret *secret, const struct digest *key, int64_t until_ms,
                    char out[BODY_PASS_CHARS + 1]);
/* Finds the key's digest. Returns false if it is no pass of this gateway, or over. */
bool body_pass_read(const struct secret *secret, struct slice pass, int64_t now_ms,
                    struct digest *key);

#endif
