#include "exchange/call_price.h"

#include <string.h>

#include "base/money.h"
#include "exchange/candidate.h"
#include "exchange/meter.h"
#include "exchange/price_schedule.h"
#include "store/usage.h"

/* A tier that no rule names and that was not asked for (`allow` sells at the plain price): the
 * dearest one that has a price is charged. False: it is known. */
static bool take_dearest(const struct call_price_view *view, const struct price_schedule *rules,
                         const struct unit_prices *prices, struct price_facts *facts)
{
    if (price_schedule_knows_tier(rules, facts->service_tier) ||
        strcmp(facts->service_tier, view->asked_tier) == 0)
        return false;
    price_schedule_dearest_tier(rules, prices, view->counts, facts);
    return true;
}

bool call_price_find(const struct call_price_view *view, struct unit_prices *bought,
                     struct unit_prices *sold)
{
    const struct candidate_terms *terms = view->terms;
    struct price_facts buying = *view->used;
    struct price_facts selling = *view->used;
    *bought = terms->prices;
    *sold = terms->sold;
    bool unknown = take_dearest(view, terms->sold_rules, sold, &selling);
    (void)take_dearest(view, terms->buy_rules, bought, &buying);
    price_schedule_apply(terms->buy_rules, &buying, bought);
    price_schedule_apply(terms->sold_rules, &selling, sold);
    return !unknown;
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
