/* What a provider has said of its limits on us, as a time that has passed leaves it. */
#ifndef EXCHANGE_HEALTH_LIMITS_H
#define EXCHANGE_HEALTH_LIMITS_H

#include <stdint.h>

#include "exchange/provider_limits.h"

/* How near the provider's limits on a key with a model are, by what it said last. */
struct health_limit {
    int64_t limit;     /* -1: it is not said */
    int64_t remaining; /* -1: it is not said, or not true any more */
    int64_t reset_ms;  /* when it is free again; 0: it is not said, or has passed */
};
struct health_limit_view {
    int64_t said_ms; /* 0: it has said nothing */
    struct health_limit of[PROVIDER_LIMIT_KINDS];
};

#endif
