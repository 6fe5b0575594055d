/* Prices under conditions: which rules match, what they do, and what an unknown tier costs. */
#include "base/support.h"

#include <string.h>

#include "base/money.h"
#include "exchange/price_schedule.h"

enum { NO_FACTOR = 1000000 };

/* A prompt above 100 tokens costs more; "flex" is half, "priority" double, "fast" has its own. */
static const struct price_schedule schedule = {
    .priced = 1U << UNIT_INPUT | 1U << UNIT_CACHED_INPUT | 1U << UNIT_OUTPUT,
    .rule_count = 5,
    .rules = {
        {.prompt_above = 100,
         .sets = 1U << UNIT_INPUT | 1U << UNIT_OUTPUT,
         .prices = {.input_pusd = 2000, .output_pusd = 3000},
         .factor_ppm = NO_FACTOR},
        {.prompt_above = 100,
         .service_tier = "own",
         .sets = 1U << UNIT_INPUT,
         .prices = {.input_pusd = 7000},
         .factor_ppm = NO_FACTOR},
        {.prompt_above = -1, .service_tier = "flex", .factor_ppm = 500000},
        {.prompt_above = -1, .service_tier = "priority", .factor_ppm = 2000000},
        {.prompt_above = -1, .region = "us", .factor_ppm = 1100000},
    }};

static const struct unit_prices base = {
    .input_pusd = 1000, .cached_input_pusd = 100, .output_pusd = 2001};

static void assert_prices(int64_t prompt_tokens, const char *tier, const char *region,
                          struct unit_prices wanted)
{
    struct price_facts facts = {.prompt_tokens = prompt_tokens};
    struct unit_prices prices = base;
    strcpy(facts.service_tier, tier);
    strcpy(facts.region, region);
    unit_prices_complete(&prices, schedule.priced);
    unit_prices_complete(&wanted, schedule.priced);
    price_schedule_apply(&schedule, &facts, &prices);
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (prices.of[unit] != wanted.of[unit])
            fail_msg("%lld tokens, \"%s\", \"%s\": %s costs %lld, not %lld",
                     (long long)prompt_tokens, tier, region, unit_name(unit),
                     (long long)prices.of[unit], (long long)wanted.of[unit]);
    }
}

#define PRICES(input, cached, output)                                                              \
    (struct unit_prices)                                                                           \
    {                                                                                              \
        .input_pusd = (input), .cached_input_pusd = (cached), .output_pusd = (output)              \
    }

static void rules_apply_in_their_order(void **state)
{
    (void)state;
    assert_prices(100, "", "", base);
    assert_prices(101, "", "", PRICES(2000, 100, 3000)); /* the whole call, from one token on */
    assert_prices(101, "own", "", PRICES(7000, 100, 3000));
    assert_prices(100, "own", "", base);
    assert_prices(100, "flex", "", PRICES(500, 50, 1001)); /* rounded up to the pico-USD */
    assert_prices(101, "priority", "", PRICES(4000, 200, 6000));
    assert_prices(101, "flex", "us", PRICES(1100, 55, 1650));
    assert_prices(100, "default", "us", PRICES(1100, 110, 2202));
    assert_prices(100, "Flex", "eu", PRICES(500, 50, 1001)); /* in any case */
}

/* What has no price of its own costs what its fallback does, also where a rule sets that. */
static void what_follows_follows_a_rule(void **state)
{
    (void)state;
    static const struct price_schedule rules = {.priced = 1U << UNIT_INPUT | 1U << UNIT_OUTPUT |
                                                          1U << UNIT_WEB_SEARCH,
                                                .rule_count = 2,
                                                .rules = {{.prompt_above = 100,
                                                           .sets = 1U << UNIT_INPUT,
                                                           .prices = {.input_pusd = 2000},
                                                           .factor_ppm = NO_FACTOR},
                                                          {.prompt_above = 200,
                                                           .sets = 1U << UNIT_CACHED_INPUT,
                                                           .prices = {.cached_input_pusd = 5},
                                                           .factor_ppm = NO_FACTOR}}};
    struct price_facts facts = {.prompt_tokens = 150};
    struct unit_prices prices = {.input_pusd = 1000, .output_pusd = 9, .web_search_pusd = 7};
    unit_prices_complete(&prices, rules.priced);
    price_schedule_apply(&rules, &facts, &prices);
    assert_int_equal(prices.cached_input_pusd, 2000);
    assert_int_equal(prices.image_input_pusd, 2000);
    assert_int_equal(prices.reasoning_pusd, 9);
    assert_int_equal(prices.web_search_pusd, 7);
    facts.prompt_tokens = 201;
    price_schedule_apply(&rules, &facts, &prices);
    assert_int_equal(prices.cached_input_pusd, 5);
    assert_int_equal(prices.image_input_pusd, 2000);
}

static void no_rules_change_nothing(void **state)
{
    (void)state;
    const struct price_facts facts = {.prompt_tokens = INT64_MAX};
    struct unit_prices prices = base;
    price_schedule_apply(NULL, &facts, &prices);
    assert_memory_equal(&prices, &base, sizeof base);
}

static void a_factor_never_leaves_the_bounds(void **state)
{
    (void)state;
    static const struct price_schedule dear = {
        .priced = 1U << UNIT_INPUT | 1U << UNIT_OUTPUT,
        .rule_count = 1,
        .rules = {{.prompt_above = -1, .factor_ppm = 100000000}}};
    const struct price_facts facts = {.prompt_tokens = 0};
    struct unit_prices prices = {.input_pusd = MONEY_PRICE_MAX_PUSD, .output_pusd = 1};
    price_schedule_apply(&dear, &facts, &prices);
    assert_int_equal(prices.input_pusd, MONEY_PRICE_MAX_PUSD);
    assert_int_equal(prices.output_pusd, 100);
}

static void known_tiers(void **state)
{
    (void)state;
    static const char *const known[] = {"",          "default",       "standard", "auto",
                                        "on_demand", "standard_only", "flex",     "own"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_true(price_schedule_knows_tier(&schedule, known[i]));
    assert_false(price_schedule_knows_tier(&schedule, "ultrafast"));
    assert_false(price_schedule_knows_tier(NULL, "flex"));
    assert_true(price_schedule_knows_tier(NULL, "default"));
}

/* Which is dearest depends on what was used. */
static void an_unknown_tier_costs_what_the_dearest_does(void **state)
{
    (void)state;
    const struct unit_counts input = {.input = 200};
    const struct unit_counts output = {.output = 200};
    struct price_facts facts = {.prompt_tokens = 200, .service_tier = "new", .region = "us"};
    price_schedule_dearest_tier(&schedule, &base, &input, &facts);
    assert_string_equal(facts.service_tier, "own");
    assert_string_equal(facts.region, "us");
    strcpy(facts.service_tier, "new");
    price_schedule_dearest_tier(&schedule, &base, &output, &facts);
    assert_string_equal(facts.service_tier, "priority");
    price_schedule_dearest_tier(NULL, &base, &output, &facts);
    assert_string_equal(facts.service_tier, "");
}

static void words_are_cut_and_cleaned(void **state)
{
    (void)state;
    char out[PRICE_WORD_BYTES];
    price_word_copy(slice_of("flex"), out);
    assert_string_equal(out, "flex");
    price_word_copy(slice_of("a b\x01\xc3\xa9\\"), out);
    assert_string_equal(out, "a?b???\\");
    price_word_copy(slice_of("012345678901234567890123456789"), out);
    assert_string_equal(out, "01234567890123456789012");
    price_word_copy((struct slice){NULL, 0}, out);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_apply_in_their_order),
        cmocka_unit_test(what_follows_follows_a_rule),
        cmocka_unit_test(no_rules_change_nothing),
        cmocka_unit_test(a_factor_never_leaves_the_bounds),
        cmocka_unit_test(known_tiers),
        cmocka_unit_test(an_unknown_tier_costs_what_the_dearest_does),
        cmocka_unit_test(words_are_cut_and_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
