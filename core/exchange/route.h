/* The order in which an exchange asks the candidates of its plan. Pure. */
#ifndef EXCHANGE_ROUTE_H
#define EXCHANGE_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

enum route_sort {
    ROUTE_AS_LISTED,
    ROUTE_BY_WEIGHT,    /* each comes first in proportion to its weight */
    ROUTE_BY_LATENCY,   /* the quickest; those that are nearly as quick share the calls by weight */
    ROUTE_BY_THROUGHPUT /* the same by the time that its tokens take */
};

/* What is known of a candidate. */
struct route_entry {
    uint64_t group; /* the same model of the same provider, with several keys: a pool */
    int64_t weight;
    int64_t time_us; /* that decides; 0: not known: it is tried early, to get to know it */
};

struct route {
    uint8_t count; /* 0: there is no order yet */
    uint8_t places[LIMIT_ROUTE];
};

/* `seed` decides by weight, and with which key of a pool to begin: the same seed gives the same
 * order. The keys of a pool follow each other. */
void route_make(const struct route_entry *entries, size_t count, enum route_sort sort,
                uint64_t seed, struct route *out);

/* Moves the places below `lead` to the front; both parts keep their order. */
void route_lead(struct route *route, unsigned lead);

#endif
