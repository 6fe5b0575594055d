/* What a provider says of its own limits on us, in the fields of its answers. The names of the
 * fields are the policy's (rate_limits in providers.lua). Pure functions. */
#ifndef EXCHANGE_PROVIDER_LIMITS_H
#define EXCHANGE_PROVIDER_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/client/upstream.h"

enum provider_limit_kind { PROVIDER_REQUESTS, PROVIDER_TOKENS, PROVIDER_LIMIT_KINDS };
enum { PROVIDER_LIMIT_FIELD_BYTES = 64 }; /* with NUL */

/* How the time is said at which a limit is free again. */
enum limit_reset_form {
    LIMIT_RESET_SPAN, /* "1m3s", or a number of seconds */
    LIMIT_RESET_TIME, /* RFC 3339 */
    LIMIT_RESET_UNIX  /* since 1970, in milliseconds, or in seconds if it is that small */
};

/* Names of fields; "": there is none. */
struct provider_limit_fields {
    struct {
        char limit[PROVIDER_LIMIT_FIELD_BYTES];
        char remaining[PROVIDER_LIMIT_FIELD_BYTES];
        char reset[PROVIDER_LIMIT_FIELD_BYTES];
    } of[PROVIDER_LIMIT_KINDS];
    enum limit_reset_form reset_form;
};

/* -1: it is not said. */
struct provider_limit {
    int64_t limit;
    int64_t remaining;
    int64_t reset_ms; /* from when it was said */
};

struct provider_limits {
    bool said; /* anything */
    struct provider_limit of[PROVIDER_LIMIT_KINDS];
};

void provider_limits_read(const struct provider_limit_fields *fields,
                          const struct upstream_head *head, struct provider_limits *out);
/* How long until the last of the limits that have nothing left is free again; -1: none has, or it
 * is not said. */
int64_t provider_limits_spent_ms(const struct provider_limits *limits);
/* How long to wait after a refusal: until the last of the limits that have nothing left is free
 * again; if something is left of each, until the first is. -1: it is not said. */
int64_t provider_limits_wait_ms(const struct provider_limits *limits);

#endif
