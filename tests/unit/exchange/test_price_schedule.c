/* Prices under conditions: which rules match, what they do, and what an unknown tier costs. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/zone.h"
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
    assert_prices(101, "", "", PRICES(2000, 200, 3000)); /* the whole call, from one token on */
    assert_prices(101, "own", "", PRICES(7000, 700, 3000));
    assert_prices(100, "own", "", base);
    assert_prices(100, "flex", "", PRICES(500, 50, 1001)); /* rounded up to the pico-USD */
    assert_prices(101, "priority", "", PRICES(4000, 400, 6000));
    assert_prices(101, "flex", "us", PRICES(1100, 110, 1650));
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

/* A part with a price of its own becomes dearer as its whole does, and never cheaper; what a rule
 * sets for it stays, until another one sets its whole. */
static void parts_become_dearer_as_their_whole(void **state)
{
    (void)state;
    static const struct price_schedule rules = {
        .priced = 1U << UNIT_INPUT | 1U << UNIT_OUTPUT | 1U << UNIT_CACHED_INPUT |
                  1U << UNIT_CACHED_AUDIO_INPUT | 1U << UNIT_AUDIO_OUTPUT | 1U << UNIT_WEB_SEARCH,
        .rule_count = 5,
        .rules = {{.prompt_above = 100,
                   .sets = 1U << UNIT_INPUT | 1U << UNIT_OUTPUT,
                   .prices = {.input_pusd = 2001, .output_pusd = 1},
                   .factor_ppm = NO_FACTOR},
                  {.prompt_above = 200,
                   .sets = 1U << UNIT_INPUT | 1U << UNIT_CACHED_INPUT,
                   .prices = {.input_pusd = 3000, .cached_input_pusd = 120},
                   .factor_ppm = NO_FACTOR},
                  {.prompt_above = 300,
                   .sets = 1U << UNIT_INPUT,
                   .prices = {.input_pusd = 1100},
                   .factor_ppm = NO_FACTOR},
                  {.prompt_above = 400,
                   .sets = 1U << UNIT_INPUT,
                   .prices = {.input_pusd = 4000},
                   .factor_ppm = NO_FACTOR},
                  {.prompt_above = -1, .service_tier = "priority", .factor_ppm = 2000000}}};
    static const struct {
        int64_t prompt_tokens;
        const char *tier;
        int64_t cached_pusd, cached_audio_pusd, audio_output_pusd;
    } cases[] = {
        {100, "", 100, 30, 50}, /* no rule */
        {101, "", 201, 61, 50}, /* by 2.001, rounded up; output became cheaper */
        {201, "", 120, 36, 50}, /* as it says, and what is a part of that part */
        {301, "", 120, 36, 50}, /* never below what a rule has set */
        {401, "", 400, 120, 50},          {100, "priority", 200, 60, 100}, /* once */
        {101, "priority", 402, 122, 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct price_facts facts = {.prompt_tokens = cases[i].prompt_tokens};
        struct unit_prices prices = {.input_pusd = 1000,
                                     .cached_input_pusd = 100,
                                     .cached_audio_input_pusd = 30,
                                     .output_pusd = 5,
                                     .audio_output_pusd = 50,
                                     .web_search_pusd = 7};
        strcpy(facts.service_tier, cases[i].tier);
        unit_prices_complete(&prices, rules.priced);
        price_schedule_apply(&rules, &facts, &prices);
        assert_int_equal(prices.cached_input_pusd, cases[i].cached_pusd);
        assert_int_equal(prices.cached_audio_input_pusd, cases[i].cached_audio_pusd);
        assert_int_equal(prices.audio_output_pusd, cases[i].audio_output_pusd);
        assert_int_equal(prices.image_input_pusd, prices.input_pusd); /* it follows */
    }
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

/* ---- the time ---- */

/* Monday, 2026-11-30 00:00 UTC. */
#define MONDAY_MS INT64_C(1795996800000)
#define MINUTE_MS INT64_C(60000)
enum { DAY = 24 * 60 };

/* A schedule of one rule that doubles the price, in a zone. */
static struct price_schedule *timed(struct price_rule rule, const char *name)
{
    size_t bytes = price_schedule_bytes(1);
    struct price_schedule *made = calloc(1, bytes + ZONE_PACKED_BYTES);
    struct zone zone;
    struct fault fault;
    assert_non_null(made);
    assert_true(zone_load(name, &zone, &fault));
    rule.prompt_above = -1;
    rule.factor_ppm = 2 * NO_FACTOR;
    made->priced = 1U << UNIT_INPUT | 1U << UNIT_CACHED_INPUT | 1U << UNIT_OUTPUT;
    made->rule_count = 1;
    made->rules[0] = rule;
    made->zone_at = bytes;
    made->bytes = bytes + zone_pack(&zone, (char *)made + bytes, ZONE_PACKED_BYTES);
    zone_fini(&zone);
    struct price_schedule *copy = price_schedule_copy(made);
    free(made);
    return copy;
}

static bool doubles(const struct price_schedule *made, int64_t at_ms)
{
    const struct price_facts facts = {.at_ms = at_ms};
    struct unit_prices prices = base;
    price_schedule_apply(made, &facts, &prices);
    return prices.input_pusd == 2 * base.input_pusd;
}

static void hours_may_pass_midnight(void **state)
{
    (void)state;
    struct price_schedule *made = timed(
        (struct price_rule){.minute_from = 16 * 60 + 30, .minute_until = 30, .weekdays = 0x7f}, "");
    for (int minute = 0; minute < 7 * DAY; minute++) {
        int of_day = minute % DAY;
        bool inside = of_day >= 16 * 60 + 30 || of_day < 30;
        if (doubles(made, MONDAY_MS + minute * MINUTE_MS) != inside)
            fail_msg("minute %d of the week", minute);
    }
    free(made);
}

/* Of a weekday are the hours that begin on it. */
static void weekdays_are_those_of_the_beginning(void **state)
{
    (void)state;
    enum { SUNDAY = 6 };
    struct price_schedule *made = timed((struct price_rule){.minute_from = 22 * 60,
                                                            .minute_until = 6 * 60,
                                                            .weekdays = 1 << SUNDAY},
                                        "");
    for (int minute = 0; minute < 7 * DAY; minute++) {
        bool inside = minute >= SUNDAY * DAY + 22 * 60 || minute < 6 * 60;
        if (doubles(made, MONDAY_MS + minute * MINUTE_MS) != inside)
            fail_msg("minute %d of the week", minute);
    }
    free(made);
    made = timed((struct price_rule){.minute_until = DAY, .weekdays = 1 << SUNDAY}, "");
    assert_false(doubles(made, MONDAY_MS - DAY * MINUTE_MS - 1));
    assert_true(doubles(made, MONDAY_MS - DAY * MINUTE_MS));
    assert_true(doubles(made, MONDAY_MS - 1));
    assert_false(doubles(made, MONDAY_MS));
    free(made);
}

/* Berlin has UTC+1 in winter, UTC+2 in summer. */
static void hours_are_local(void **state)
{
    (void)state;
    struct price_schedule *made =
        timed((struct price_rule){.minute_from = 8 * 60, .minute_until = 9 * 60, .weekdays = 0x7f},
              "Europe/Berlin");
    const int64_t summer_ms = MONDAY_MS - INT64_C(150) * DAY * MINUTE_MS;
    assert_false(doubles(made, MONDAY_MS + 7 * 60 * MINUTE_MS - 1));
    assert_true(doubles(made, MONDAY_MS + 7 * 60 * MINUTE_MS));
    assert_false(doubles(made, MONDAY_MS + 8 * 60 * MINUTE_MS));
    assert_true(doubles(made, summer_ms + 6 * 60 * MINUTE_MS));
    assert_false(doubles(made, summer_ms + 7 * 60 * MINUTE_MS));
    free(made);
}

static void dates_include_their_first_moment_only(void **state)
{
    (void)state;
    struct price_schedule *made =
        timed((struct price_rule){.from_ms = MONDAY_MS, .until_ms = MONDAY_MS + 5}, "");
    assert_false(doubles(made, MONDAY_MS - 1));
    assert_true(doubles(made, MONDAY_MS));
    assert_true(doubles(made, MONDAY_MS + 4));
    assert_false(doubles(made, MONDAY_MS + 5));
    free(made);
}

static void each_word_is_a_condition(void **state)
{
    (void)state;
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++) {
        struct price_rule rule = {.weekdays = 0};
        strcpy(rule.words[word], "high");
        struct price_schedule *made = timed(rule, "");
        struct price_facts facts = {.prompt_tokens = 1};
        struct unit_prices prices = base;
        price_schedule_apply(made, &facts, &prices);
        assert_int_equal(prices.input_pusd, base.input_pusd);
        strcpy(facts.words[word], "HIGH");
        price_schedule_apply(made, &facts, &prices);
        assert_int_equal(prices.input_pusd, 2 * base.input_pusd);
        free(made);
    }
}

static void known_tiers(void **state)
{
    (void)state;
    static const char *const known[] = {"",          "default",       "standard", "auto",
                                        "on_demand", "standard_only", "flex",     "own"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_true(price_schedule_knows(&schedule, USAGE_SERVICE_TIER, known[i]));
    assert_false(price_schedule_knows(&schedule, USAGE_SERVICE_TIER, "ultrafast"));
    assert_false(price_schedule_knows(NULL, USAGE_SERVICE_TIER, "flex"));
    assert_true(price_schedule_knows(NULL, USAGE_SERVICE_TIER, "default"));
    assert_true(price_schedule_knows(NULL, USAGE_SPEED, "standard"));
    assert_true(price_schedule_knows(NULL, USAGE_REGION, "not_available"));
    assert_false(price_schedule_knows(NULL, USAGE_REGION, "standard"));
    assert_true(price_schedule_knows(&schedule, USAGE_REGION, "US"));
}

/* Which is dearest depends on what was used. */
static void an_unknown_tier_costs_what_the_dearest_does(void **state)
{
    (void)state;
    const struct unit_counts input = {.input = 200};
    const struct unit_counts output = {.output = 200};
    struct price_facts facts = {.prompt_tokens = 200, .service_tier = "new", .region = "us"};
    price_schedule_dearest(&schedule, USAGE_SERVICE_TIER, &base, &input, &facts);
    assert_string_equal(facts.service_tier, "own");
    assert_string_equal(facts.region, "us");
    strcpy(facts.service_tier, "new");
    price_schedule_dearest(&schedule, USAGE_SERVICE_TIER, &base, &output, &facts);
    assert_string_equal(facts.service_tier, "priority");
    price_schedule_dearest(NULL, USAGE_SERVICE_TIER, &base, &output, &facts);
    assert_string_equal(facts.service_tier, "");
}

/* Where rules name sizes, only those have a price; where none does, any has. */
static void rules_take_the_words_that_they_name(void **state)
{
    (void)state;
    assert_true(price_schedule_takes(&schedule, USAGE_SERVICE_TIER, "FLEX"));
    assert_false(price_schedule_takes(&schedule, USAGE_SERVICE_TIER, "new"));
    assert_true(price_schedule_takes(&schedule, USAGE_SIZE, "new"));
    assert_true(price_schedule_takes(NULL, USAGE_SIZE, "new"));
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
        cmocka_unit_test(parts_become_dearer_as_their_whole),
        cmocka_unit_test(no_rules_change_nothing),
        cmocka_unit_test(a_factor_never_leaves_the_bounds),
        cmocka_unit_test(hours_may_pass_midnight),
        cmocka_unit_test(weekdays_are_those_of_the_beginning),
        cmocka_unit_test(hours_are_local),
        cmocka_unit_test(dates_include_their_first_moment_only),
        cmocka_unit_test(each_word_is_a_condition),
        cmocka_unit_test(known_tiers),
        cmocka_unit_test(an_unknown_tier_costs_what_the_dearest_does),
        cmocka_unit_test(rules_take_the_words_that_they_name),
        cmocka_unit_test(words_are_cut_and_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
