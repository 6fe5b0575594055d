/* The prices of a call: those of the candidate that answered and of the model, under the conditions
 * that the answer tells. Settlements and `llm-gateway replay` take them from here. Pure. */
#ifndef EXCHANGE_CALL_PRICE_H
#define EXCHANGE_CALL_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/unit.h"
#include "store/usage_facts.h"

struct candidate_terms;
struct price_facts;
struct usage_record;

/* What is known of a call. */
struct call_price_view {
    const struct candidate_terms *terms;
    const struct unit_counts *counts; /* of the whole call */
    const struct price_facts *used;   /* what counts: by the answer, else as asked for */
};

/* Whether the tier, speed or region has a price: a rule of the sold prices names it, or it has the
 * plain one: by its name, or because the model sells it so (`allow`). */
bool call_price_knows(const struct candidate_terms *terms, enum usage_word word, const char *name);

/* Returns the first word (tier, speed, region) that has no price, or USAGE_WORDS. For one without a
 * price the dearest of its kind is charged. */
enum usage_word call_price_find(const struct call_price_view *view, struct unit_prices *bought,
                                struct unit_prices *sold);

/* The price of these counts for the customer: by the record's sell prices, or by the cost that its
 * provider has stated (facts.sold_by_cost). */
int64_t call_price_charge(const struct usage_record *record, const struct unit_counts *counts,
                          int64_t margin_ppm);

#endif
