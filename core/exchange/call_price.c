#include "exchange/call_price.h"

#include <stdio.h>

#include "base/money.h"
#include "dialect/paid_features.h"
#include "exchange/candidate.h"
#include "exchange/meter.h"
#include "exchange/price_schedule.h"
#include "store/usage.h"

bool call_price_knows_tier(const struct candidate_terms *terms, const char *tier)
{
    char name[PAID_FEATURE_NAME_BYTES];
    if (price_schedule_knows_tier(terms->sold_rules, tier))
        return true;
    snprintf(name, sizeof name, "service_tier.%s", tier);
    return paid_features_sells(terms->sold_features, name);
}

/* The dearest tier, if these rules do not name this one. */
static void take_dearest(const struct call_price_view *view, const struct price_schedule *rules,
                         const struct unit_prices *prices, struct price_facts *facts)
{
    if (!price_schedule_knows_tier(rules, facts->service_tier))
        price_schedule_dearest(rules, USAGE_SERVICE_TIER, prices, view->counts, facts);
}

bool call_price_find(const struct call_price_view *view, struct unit_prices *bought,
                     struct unit_prices *sold)
{
    const struct candidate_terms *terms = view->terms;
    struct price_facts buying = *view->used;
    struct price_facts selling = *view->used;
    *bought = terms->prices;
    *sold = terms->sold;
    bool known = call_price_knows_tier(terms, view->used->service_tier);
    if (!known) {
        take_dearest(view, terms->sold_rules, sold, &selling);
        take_dearest(view, terms->buy_rules, bought, &buying);
    }
    price_schedule_apply(terms->buy_rules, &buying, bought);
    price_schedule_apply(terms->sold_rules, &selling, sold);
    return known;
}

void call_price_charge(const struct usage_record *record, const struct unit_counts *counts,
                       int64_t margin_ppm, int64_t held_nusd, struct meter_price *out)
{
    meter_price(&record->prices, &record->sold, counts, margin_ppm, held_nusd, out);
    if (!record->facts.sold_by_cost)
        return;
    int64_t price_nusd = money_with_margin(record->facts.stated_cost_nusd, margin_ppm);
    out->charge_nusd = price_nusd < held_nusd ? price_nusd : held_nusd;
    out->overrun_nusd = price_nusd - out->charge_nusd;
}
