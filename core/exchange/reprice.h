/* Charges a recorded call again, by another candidate, as its settlement would: the same units, the
 * same conditions, the same rounding. Pure. */
#ifndef EXCHANGE_REPRICE_H
#define EXCHANGE_REPRICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct candidate;
struct candidate_terms;
struct usage_record;

/* The candidate that is the one of the record: of the same provider and with the same name of the
 * model there; else of the same provider; else the first. */
const struct candidate_terms *reprice_candidate(struct candidate *const *list, size_t count,
                                                const struct usage_record *record);

struct reprice {
    int64_t cost_nusd;
    int64_t charge_nusd;
    int64_t overrun_nusd;
    unsigned unpriced; /* units that were used and that have no price; a bit for each */
    bool unknown_tier; /* the tier, speed or region has no price: the dearest one is charged */
};

/* Where the operator paid a part of the
 * price (an overrun), the customer pays the same part of the new price: which of the counts the
 * customer's limits and money covered is not in the record. */
void reprice_call(const struct candidate_terms *terms, const struct usage_record *record,
                  struct reprice *out);

#endif
