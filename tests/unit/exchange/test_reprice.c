/* A recorded call, charged again: by which candidate, in which units, under which conditions, and
 * who pays what. */
#include "base/support.h"

#include <string.h>

#include "base/money.h"
#include "exchange/price_schedule.h"
#include "exchange/provider.h"
#include "exchange/reprice.h"
#include "store/usage.h"

enum { PLAIN = 1U << UNIT_INPUT | 1U << UNIT_CACHED_INPUT | 1U << UNIT_OUTPUT };

static struct usage_record record;
static struct candidate_terms terms;

/* 1,000 tokens in, of which 100 were cached and 200 written; 50 out, of which 20 reasoned. A token
 * costs a thousandth of a dollar, so that nothing is rounded. */
static int set_up(void **state)
{
    (void)state;
    record = (struct usage_record){
        .source = USAGE_REPORTED,
        .provider = "openai",
        .provider_model = "m",
        .counts = {.input = 700, .cached_input = 100, .output = 50, .cache_write = 200},
        .reasoning_tokens = 20};
    terms = provider_terms();
    terms.prices = terms.sold = (struct unit_prices){.input_pusd = 1000000,
                                                     .cached_input_pusd = 500000,
                                                     .output_pusd = 2000000,
                                                     .cache_write_pusd = 3000000,
                                                     .reasoning_pusd = 5000000,
                                                     .request_pusd = 7000000000};
    terms.priced = PLAIN;
    terms.margin_ppm = 0;
    return 0;
}

static struct reprice charged(const char *sold_features)
{
    struct reprice out;
    terms.sold_features = sold_features;
    reprice_call(&terms, &record, &out);
    return out;
}

static void assert_charge(int64_t cost_nusd, int64_t charge_nusd)
{
    struct reprice out = charged("");
    assert_int_equal(out.cost_nusd, cost_nusd);
    assert_int_equal(out.charge_nusd, charge_nusd);
}

/* What has no price of its own is in its whole; what has one is taken out, also what the record had
 * not priced apart: reasoning, and the call itself. */
static void units_follow_the_new_prices(void **state)
{
    (void)state;
    assert_charge(900000 + 50000 + 100000, 900000 + 50000 + 100000);
    terms.priced |= 1U << UNIT_CACHE_WRITE;
    assert_charge(700000 + 50000 + 600000 + 100000, 1450000);
    terms.priced |= 1U << UNIT_REASONING | 1U << UNIT_REQUEST;
    assert_charge(700000 + 50000 + 600000 + 60000 + 100000 + 7000000, 8510000);
    terms.margin_ppm = 200000;
    assert_charge(8510000, 10212000);
}

static void a_unit_without_a_price_is_told(void **state)
{
    (void)state;
    assert_int_equal(charged("").unpriced, 1U << UNIT_CACHE_WRITE);
    record.counts.web_search = 2;
    assert_int_equal(charged("").unpriced, 1U << UNIT_CACHE_WRITE | 1U << UNIT_WEB_SEARCH);
    terms.priced |= 1U << UNIT_CACHE_WRITE | 1U << UNIT_WEB_SEARCH;
    assert_int_equal(charged("").unpriced, 0); /* reasoning and the call need none */
}

static void nothing_used_costs_nothing(void **state)
{
    (void)state;
    terms.priced |= 1U << UNIT_REQUEST;
    record.source = USAGE_NONE;
    assert_charge(0, 0);
}

static void a_stated_cost_stays(void **state)
{
    (void)state;
    record.facts.cost_stated = true;
    record.facts.stated_cost_nusd = 123;
    assert_charge(123, 1050000);
}

/* price_by = "cost": the margin is put on what was stated, unless that is 0 by mistake, or more was
 * counted than was allowed. */
static void a_margin_may_be_put_on_what_was_stated(void **state)
{
    (void)state;
    terms.sold_by_cost = true;
    terms.margin_ppm = 500000;
    assert_charge(1050000, 1575000); /* nothing was stated */
    record.facts.cost_stated = true;
    record.facts.stated_cost_nusd = 1001;
    assert_charge(1001, 1502);
    record.charge_nusd = record.overrun_nusd = 10;
    assert_charge(1001, 787500); /* excessive: by the counts, and the same part of it */
    record.facts.sold_by_cost = true;
    assert_charge(1001, 751); /* the customer's money had ended */
    record.overrun_nusd = 0;
    record.facts.stated_cost_nusd = 0;
    assert_charge(0, 1575000);
}

static void the_operator_pays_the_same_part(void **state)
{
    (void)state;
    record.charge_nusd = 30;
    record.overrun_nusd = 70;
    struct reprice out = charged("");
    assert_int_equal(out.charge_nusd, 315000);
    assert_int_equal(out.overrun_nusd, 735000);
    record.charge_nusd = 0;
    assert_int_equal(charged("").charge_nusd, 0);
    record.charge_nusd = 1;
    record.overrun_nusd = 2; /* a third of it, rounded down */
    assert_int_equal(charged("").charge_nusd, 350000);
    record.charge_nusd = MONEY_AMOUNT_MAX_NUSD / 2;
    record.overrun_nusd = MONEY_AMOUNT_MAX_NUSD / 2;
    assert_int_equal(charged("").charge_nusd, 525000);
}

/* ---- conditions ---- */

static const struct price_schedule rules = {
    .priced = PLAIN,
    .rule_count = 4,
    .rules = {{.prompt_above = -1, .service_tier = "flex", .factor_ppm = 500000},
              {.prompt_above = -1, .service_tier = "fast", .factor_ppm = 2000000},
              {.prompt_above = 999, .region = "us", .factor_ppm = 3000000},
              {.prompt_above = -1, .from_ms = 1000, .choice = "short", .factor_ppm = 100000}}};

static void the_words_of_the_record_decide(void **state)
{
    (void)state;
    terms.buy_rules = terms.sold_rules = &rules;
    assert_charge(1050000, 1050000);
    strcpy(record.facts.words[USAGE_SERVICE_TIER], "flex");
    assert_charge(525000, 525000);
    strcpy(record.facts.words[USAGE_REGION], "us"); /* and the prompt has 1,000 tokens */
    assert_charge(1575000, 1575000);
    record.counts.input--;
    assert_charge(524500, 524500);
}

/* The time of the call counts, and the choice of the new policies. */
static void the_time_and_the_choice_decide(void **state)
{
    (void)state;
    terms.buy_rules = terms.sold_rules = &rules;
    strcpy(record.facts.words[USAGE_CHOICE], "short"); /* as it was then */
    record.created_ms = 1000;
    assert_charge(1050000, 1050000);
    terms.choice = "short";
    assert_charge(105000, 105000);
    record.created_ms = 999;
    assert_charge(1050000, 1050000);
}

/* Only what the model sells can have been asked for. */
static void an_unknown_tier_costs_what_the_dearest_does(void **state)
{
    (void)state;
    terms.buy_rules = terms.sold_rules = &rules;
    strcpy(record.facts.words[USAGE_SERVICE_TIER], "scale");
    assert_true(charged("service_tier.flex").unknown_tier);
    assert_charge(2100000, 2100000);
    struct reprice out = charged("tools.x service_tier.scale");
    assert_false(out.unknown_tier);
    assert_int_equal(out.charge_nusd, 1050000);
    assert_int_equal(charged("service_tier.*").charge_nusd, 1050000);
}

/* ---- candidates ---- */

static struct candidate *candidate_of(const char *provider, const char *model)
{
    terms.provider = provider;
    terms.model = model;
    return candidate_new(&terms);
}

static void the_recorded_candidate_counts(void **state)
{
    (void)state;
    struct candidate *list[] = {candidate_of("other", "m"), candidate_of("openai", "a"),
                                candidate_of("openai", "b")};
    const struct {
        const char *provider;
        const char *model;
        int place;
    } cases[] = {{"openai", "b", 2},
                 {"openai", "a", 1},
                 {"openai", "gone", 1},
                 {"other", "b", 0},
                 {"gone", "b", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        strcpy(record.provider, cases[i].provider);
        strcpy(record.provider_model, cases[i].model);
        assert_ptr_equal(reprice_candidate(list, 3, &record), &list[cases[i].place]->terms);
    }
    for (int i = 0; i < 3; i++)
        candidate_unref(list[i]);
}

#define WITH_RECORD(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RECORD(units_follow_the_new_prices),
        WITH_RECORD(a_unit_without_a_price_is_told),
        WITH_RECORD(nothing_used_costs_nothing),
        WITH_RECORD(a_stated_cost_stays),
        WITH_RECORD(a_margin_may_be_put_on_what_was_stated),
        WITH_RECORD(the_operator_pays_the_same_part),
        WITH_RECORD(the_words_of_the_record_decide),
        WITH_RECORD(the_time_and_the_choice_decide),
        WITH_RECORD(an_unknown_tier_costs_what_the_dearest_does),
        WITH_RECORD(the_recorded_candidate_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
