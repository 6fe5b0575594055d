/* The prices of a call: those of the candidate that answered and of the model, under the conditions
 * that the answer tells. Settlements and `llm-gateway replay` take them from here. Pure. */
#ifndef EXCHANGE_CALL_PRICE_H
#define EXCHANGE_CALL_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/unit.h"

struct candidate_terms;
struct meter_price;
struct price_facts;
struct usage_record;

/* What is known of a call. */
struct call_price_view {
    const struct candidate_terms *terms;
    const struct unit_counts *counts; /* of the whole call */
    const struct price_facts *used;   /* what counts: by the answer, else as asked for */
    /* The service tier that was asked for, "" for none. Where no rule names it, it has the plain
     * price: the request would have been refused if the model did not sell it (`allow`). */
    const char *asked_tier;
};

/* Returns false if no rule of the sold prices names the service tier; then the dearest tier is
 * charged. */
bool call_price_find(const struct call_price_view *view, struct unit_prices *bought,
                     struct unit_prices *sold);

/* What the customer pays of these counts, at most `held_nusd`, and the rest: by the record's sell
 * prices, or by the cost that its provider has stated (facts.sold_by_cost). */
void call_price_charge(const struct usage_record *record, const struct unit_counts *counts,
                       int64_t margin_ppm, int64_t held_nusd, struct meter_price *out);

#endif
