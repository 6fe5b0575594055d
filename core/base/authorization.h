/* The password that a request brings in its header Authorization. Pure. */
#ifndef BASE_AUTHORIZATION_H
#define BASE_AUTHORIZATION_H

#include <stddef.h>

#include "base/slice.h"

enum { AUTHORIZATION_BYTES_MAX = 1024 };

/* Writes the password of Basic (RFC 7617), or the token of Bearer (RFC 6750), and returns it; no
 * data: the header has none, or is longer than AUTHORIZATION_BYTES_MAX. */
struct slice authorization_password(struct slice header, char out[AUTHORIZATION_BYTES_MAX]);

#endif
