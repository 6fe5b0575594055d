#include "exchange/call_price.h"

#include <stdio.h>

#include "base/money.h"
#include "dialect/paid_features.h"
#include "exchange/candidate.h"
#include "exchange/meter.h"
#include "exchange/price_schedule.h"
#include "store/usage.h"

bool call_price_knows(const struct candidate_terms *terms, enum usage_word word, const char *name)
{
    static const char *const features[USAGE_CHOICE] = {[USAGE_SERVICE_TIER] = "service_tier",
                                                       [USAGE_SPEED] = "speed",
                                                       [USAGE_REGION] = "inference_geo"};
    char feature[PAID_FEATURE_NAME_BYTES];
    if (price_schedule_knows(terms->sold_rules, word, name))
        return true;
    snprintf(feature, sizeof feature, "%s.%s", features[word], name);
    return paid_features_sells(terms->sold_features, feature);
}

/* The dearest tier, say, if these rules do not name this one. */
static void take_dearest(const struct call_price_view *view, const struct price_schedule *rules,
                         enum usage_word word, const struct unit_prices *prices,
                         struct price_facts *facts)
{
    if (!price_schedule_knows(rules, word, facts->words[word]))
        price_schedule_dearest(rules, word, prices, view->counts, facts);
}

enum usage_word call_price_find(const struct call_price_view *view, struct unit_prices *bought,
                                struct unit_prices *sold)
{
    const struct candidate_terms *terms = view->terms;
    struct price_facts buying = *view->used;
    struct price_facts selling = *view->used;
    enum usage_word unknown = USAGE_WORDS;
    *bought = terms->prices;
    *sold = terms->sold;
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_CHOICE; word++) {
        if (call_price_knows(terms, word, view->used->words[word]))
            continue;
        unknown = unknown == USAGE_WORDS ? word : unknown;
        take_dearest(view, terms->sold_rules, word, sold, &selling);
        take_dearest(view, terms->buy_rules, word, bought, &buying);
    }
    price_schedule_apply(terms->buy_rules, &buying, bought);
    price_schedule_apply(terms->sold_rules, &selling, sold);
    return unknown;
}

int64_t call_price_charge(const struct usage_record *record, const struct unit_counts *counts,
                          int64_t margin_ppm)
{
    if (record->facts.sold_by_cost)
        return money_with_margin(record->facts.stated_cost_nusd, margin_ppm);
    return meter_price(&record->sold, counts, margin_ppm);
}
