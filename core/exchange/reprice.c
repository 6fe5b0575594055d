#include "exchange/reprice.h"

#include <stdio.h>
#include <string.h>

#include "dialect/paid_features.h"
#include "exchange/call_price.h"
#include "exchange/candidate.h"
#include "exchange/charge.h"
#include "exchange/meter.h"
#include "exchange/price_facts.h"
#include "store/usage.h"

const struct candidate_terms *reprice_candidate(struct candidate *const *list, size_t count,
                                                const struct usage_record *record)
{
    const struct candidate_terms *found = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct candidate_terms *terms = &list[i]->terms;
        if (strcmp(terms->provider, record->provider) != 0)
            continue;
        if (strcmp(terms->model, record->provider_model) == 0)
            return terms;
        if (found == NULL)
            found = terms;
    }
    return found != NULL ? found : &list[0]->terms;
}

/* The units of the call by the new prices. */
static unsigned split(const struct candidate_terms *terms, const struct usage_record *record,
                      struct unit_counts *out)
{
    struct unit_counts parts = record->counts;
    parts.reasoning = record->reasoning_tokens;
    parts.request = 1;
    if (terms->searches_always && parts.web_search == 0)
        parts.web_search = 1;
    if (terms->searches_as_one && parts.web_search > 1)
        parts.web_search = 1;
    *out = (struct unit_counts){.input = unit_counts_fresh(&record->counts),
                                .cached_input = unit_counts_cached(&record->counts),
                                .output = unit_counts_answer(&record->counts)};
    return charge_split(terms->priced, &parts, out);
}

/* The customer pays the same part of the price as then; the operator pays the rest. */
static void share_out(const struct usage_record *record, int64_t price_nusd, struct reprice *out)
{
    out->charge_nusd = price_nusd;
    if (record->overrun_nusd > 0)
        out->charge_nusd = (int64_t)((__int128)price_nusd * record->charge_nusd /
                                     (record->charge_nusd + record->overrun_nusd));
    out->overrun_nusd = price_nusd - out->charge_nusd;
}

/* Whether the margin is put on what the provider has stated. As at a settlement, it is not where
 * that is 0 by mistake, or where more was counted than the limits allowed. */
static bool is_sold_by_cost(const struct candidate_terms *terms, const struct usage_record *record,
                            int64_t computed_nusd)
{
    const struct usage_facts *facts = &record->facts;
    bool excessive = record->overrun_nusd > 0 && !facts->sold_by_cost;
    return terms->sold_by_cost && facts->cost_stated && !excessive &&
           (facts->stated_cost_nusd > 0 || computed_nusd == 0);
}

/* The prices of the call. Returns the word that has no price, or USAGE_WORDS. */
static enum usage_word find_prices(const struct candidate_terms *terms,
                                   const struct unit_counts *counts, struct usage_record *now)
{
    struct price_facts used;
    price_facts_recall(now, terms->choice, &used);
    const struct call_price_view view = {.terms = terms, .counts = counts, .used = &used};
    return call_price_find(&view, &now->prices, &now->sold);
}

void reprice_call(const struct candidate_terms *terms, const struct usage_record *record,
                  struct reprice *out)
{
    struct usage_record now = {
        .facts = record->facts, .counts = record->counts, .created_ms = record->created_ms};
    struct unit_counts counts;
    *out = (struct reprice){.cost_nusd = 0};
    if (record->source == USAGE_NONE)
        return; /* nothing was used */
    out->unpriced = split(terms, record, &counts);
    out->unknown_tier = find_prices(terms, &counts, &now) != USAGE_WORDS;
    int64_t computed_nusd = meter_price(&now.prices, &counts, 0);
    out->cost_nusd = now.facts.cost_stated ? now.facts.stated_cost_nusd : computed_nusd;
    now.facts.sold_by_cost = is_sold_by_cost(terms, record, computed_nusd);
    share_out(record, call_price_charge(&now, &counts, terms->margin_ppm), out);
}
