/* The worst case of a call's prices: whatever a cache does, whatever the answer is made of, and
 * what the request asks for. */
#include "base/support.h"

#include <string.h>

#include "dialect/chat.h"
#include "exchange/price_schedule.h"
#include "exchange/worst_price.h"

static struct chat_request chat;
static struct unit_prices prices;
static const struct unit_counts most = {.input = 500};

static int set_up(void **state)
{
    (void)state;
    chat = (struct chat_request){.choices = 1};
    prices = (struct unit_prices){.input_pusd = 100, .output_pusd = 200};
    return 0;
}

/* As a model's entry gives them: what is 0 costs what its fallback does. */
static void raise(const struct price_schedule *rules)
{
    unsigned priced = 0;
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++)
        priced |= (unsigned)(prices.of[unit] != 0) << unit;
    unit_prices_complete(&prices, priced);
    worst_price_raise(&chat, rules, &most, &prices);
}

static void ask(const char *member, const char *value)
{
    struct json_value parsed;
    struct chat_fault refusal;
    struct fault fault;
    assert_true(json_parse(slice_of(value), LIMIT_JSON_DEPTH, &parsed, &fault));
    assert_true(paid_features_read(&chat.paid, slice_of(member), &parsed, &refusal));
}

static void plain_prices_stay(void **state)
{
    (void)state;
    raise(NULL);
    assert_int_equal(prices.input_pusd, 100);
    assert_int_equal(prices.audio_input_pusd, 100);
    assert_int_equal(prices.output_pusd, 200);
}

static void a_cache_may_read_or_write_any_part(void **state)
{
    (void)state;
    prices.cached_input_pusd = 10;
    prices.cache_write_pusd = 125;
    prices.image_input_pusd = 50;
    prices.audio_input_pusd = 4000;
    raise(NULL);
    assert_int_equal(prices.input_pusd, 125);
    assert_int_equal(prices.image_input_pusd, 125);
    assert_int_equal(prices.audio_input_pusd, 4000);
    prices.cache_write_long_pusd = 300;
    raise(NULL);
    assert_int_equal(prices.input_pusd, 300);
}

static void a_file_may_be_sound(void **state)
{
    (void)state;
    prices.audio_input_pusd = 4000;
    raise(NULL);
    assert_int_equal(prices.input_pusd, 100);
    chat.prompt.opaque_count = 1;
    raise(NULL);
    assert_int_equal(prices.input_pusd, 4000);
}

static void an_answer_may_be_reasoning_or_a_picture(void **state)
{
    (void)state;
    prices.reasoning_pusd = 250;
    raise(NULL);
    assert_int_equal(prices.output_pusd, 250);
    prices.image_output_pusd = 3000;
    raise(NULL);
    assert_int_equal(prices.output_pusd, 3000);
}

static void an_answer_is_sound_if_that_is_asked_for(void **state)
{
    (void)state;
    prices.audio_output_pusd = 8000;
    raise(NULL);
    assert_int_equal(prices.output_pusd, 200);
    ask("modalities", "[\"text\",\"audio\"]");
    raise(NULL);
    assert_int_equal(prices.output_pusd, 8000);
}

/* Nothing cheaper that is asked for lowers it. */
static void rules_raise_what_they_name(void **state)
{
    (void)state;
    static const struct price_schedule rules = {
        .rule_count = 3,
        .rules = {{.prompt_above = 499,
                   .sets = 1U << UNIT_INPUT,
                   .prices = {.input_pusd = 150},
                   .factor_ppm = 1000000},
                  {.prompt_above = -1, .service_tier = "priority", .factor_ppm = 2000000},
                  {.prompt_above = -1, .service_tier = "flex", .factor_ppm = 500000}}};
    raise(&rules);
    assert_int_equal(prices.input_pusd, 150);
    assert_int_equal(prices.output_pusd, 200);
    set_up(NULL);
    ask("service_tier", "\"priority\"");
    raise(&rules);
    assert_int_equal(prices.input_pusd, 300);
    assert_int_equal(prices.output_pusd, 400);
    set_up(NULL);
    ask("service_tier", "\"flex\"");
    raise(&rules);
    assert_int_equal(prices.input_pusd, 100);
    assert_int_equal(prices.output_pusd, 200);
}

#define WITH_PRICES(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PRICES(plain_prices_stay),
        WITH_PRICES(a_cache_may_read_or_write_any_part),
        WITH_PRICES(a_file_may_be_sound),
        WITH_PRICES(an_answer_may_be_reasoning_or_a_picture),
        WITH_PRICES(an_answer_is_sound_if_that_is_asked_for),
        WITH_PRICES(rules_raise_what_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
