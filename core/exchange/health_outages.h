/* Who is not asked now, for the operator (health.h). */
#ifndef EXCHANGE_HEALTH_OUTAGES_H
#define EXCHANGE_HEALTH_OUTAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "exchange/candidate.h"
#include "exchange/health.h"

/* A model of a provider, or a provider's account, that is not asked now. */
struct health_outage {
    char provider[CANDIDATE_PROVIDER_BYTES];
    char model[LIMIT_MODEL_NAME_BYTES]; /* "": the account */
    enum health_obstacle obstacle;
    int64_t left_ms; /* until it is asked again */
};
/* Returns how many there are, also where `room` is less. Takes the lock of each place. */
size_t health_list_outages(struct health *health, struct health_outage *out, size_t room);

#endif
