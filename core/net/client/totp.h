/* One-time codes by time: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, as the
 * usual apps have them. Pure functions, any thread. */
#ifndef NET_CLIENT_TOTP_H
#define NET_CLIENT_TOTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { TOTP_DIGITS = 6, TOTP_SECRET_BYTES = 20, TOTP_STEP_MS = 30 * 1000 };

/* The code of a step, NUL-terminated. A step is a time in units of TOTP_STEP_MS. */
void totp_code(struct slice secret, int64_t step, char out[TOTP_DIGITS + 1]);
/* The step, of now, the one before and the one after, whose code this is; -1: of none. The
 * comparison takes as long whichever it is. */
int64_t totp_step(struct slice secret, struct slice code, int64_t now_ms);

#endif
