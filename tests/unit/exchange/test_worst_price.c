/* The worst case of a call's prices: whatever a cache does, whatever the answer is made of, and
 * what the request asks for. */
#include "base/support.h"

#include <string.h>

#include "dialect/model_request.h"
#include "exchange/price_schedule.h"
#include "exchange/worst_price.h"

static struct model_request asks;
static struct unit_prices prices;
static const struct price_facts *said;
static const struct unit_counts most = {.input = 500};

static int set_up(void **state)
{
    (void)state;
    asks = (struct model_request){.choices = 1};
    said = NULL;
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
    const struct worst_view view = {
        .question = {&asks, 0, ""}, .rules = rules, .most = &most, .said = said};
    worst_price_raise(&view, &prices);
}

static void ask(const char *member, const char *value)
{
    struct json_value parsed;
    struct request_fault refusal;
    struct fault fault;
    assert_true(json_parse(slice_of(value), LIMIT_JSON_DEPTH, &parsed, &fault));
    assert_true(paid_features_read(&asks.paid, slice_of(member), &parsed, &refusal));
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
    prices.image_input_pusd = 50; /* and they may be counted as text */
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
    asks.prompt.opaque_count = 1;
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

static const struct price_schedule rules = {
    .priced = 1U << UNIT_INPUT | 1U << UNIT_OUTPUT,
    .rule_count = 4,
    .rules = {{.prompt_above = 299,
               .sets = 1U << UNIT_INPUT,
               .prices = {.input_pusd = 170},
               .factor_ppm = 1000000},
              {.prompt_above = 399,
               .sets = 1U << UNIT_INPUT,
               .prices = {.input_pusd = 150},
               .factor_ppm = 1000000},
              {.prompt_above = -1, .service_tier = "priority", .factor_ppm = 2000000},
              {.prompt_above = -1, .service_tier = "flex", .factor_ppm = 500000}}};

/* The prompt may turn out shorter, and pictures follow the text. */
static void any_prompt_up_to_the_most_is_covered(void **state)
{
    (void)state;
    raise(&rules);
    assert_int_equal(prices.input_pusd, 170);
    assert_int_equal(prices.image_input_pusd, 170);
    assert_int_equal(prices.output_pusd, 200);
}

/* A provider may not serve as asked, so nothing cheaper that is asked for lowers it. */
static void tiers_that_are_asked_for_are_covered(void **state)
{
    (void)state;
    ask("service_tier", "\"priority\"");
    raise(&rules);
    assert_int_equal(prices.input_pusd, 340);
    assert_int_equal(prices.output_pusd, 400);
    set_up(NULL);
    ask("service_tier", "\"flex\"");
    raise(&rules);
    assert_int_equal(prices.input_pusd, 170);
    assert_int_equal(prices.output_pusd, 200);
}

static const struct price_schedule flex_and_us = {
    .priced = 1U << UNIT_INPUT | 1U << UNIT_OUTPUT,
    .rule_count = 2,
    .rules = {{.prompt_above = -1, .region = "us", .factor_ppm = 1100000},
              {.prompt_above = -1, .service_tier = "flex", .factor_ppm = 500000}}};

/* Half of it is served as asked: the dear half. */
static void parts_of_what_is_asked_for_are_covered(void **state)
{
    (void)state;
    ask("service_tier", "\"flex\"");
    ask("inference_geo", "\"us\"");
    raise(&flex_and_us);
    assert_int_equal(prices.input_pusd, 110);
    assert_int_equal(prices.output_pusd, 220);
}

static void what_the_answer_says_is_covered(void **state)
{
    (void)state;
    static const struct price_facts priority = {.service_tier = "priority"};
    said = &priority;
    raise(&rules);
    assert_int_equal(prices.output_pusd, 400);
}

#define PICTURE(of_size, of_quality, pusd)                                                         \
    {                                                                                              \
        .prompt_above = -1, .size = (of_size), .quality = (of_quality), .sets = 1U << UNIT_IMAGE,  \
        .prices = {.image_pusd = (pusd)}, .factor_ppm = 1000000                                    \
    }

static const struct price_schedule by_size = {
    .priced = 1U << UNIT_IMAGE,
    .rule_count = 4,
    .rules = {PICTURE("small", "", 10), PICTURE("large", "", 50), PICTURE("", "hd", 30),
              PICTURE("large", "hd", 90)}};

static void assert_picture(const char *size, const char *quality, int64_t pusd)
{
    asks.asked.size = slice_of(size);
    asks.asked.quality = slice_of(quality);
    prices = (struct unit_prices){.image_pusd = 20};
    raise(&by_size);
    assert_int_equal(prices.image_pusd, pusd);
}

/* What the provider may choose may be the dearest; what is asked for may be served plainly. */
static void pictures_may_be_of_any_size_that_is_left_open(void **state)
{
    (void)state;
    asks.media.medium = ANSWERS_PICTURES;
    assert_picture("small", "sd", 20);
    assert_picture("large", "sd", 50);
    assert_picture("small", "AUTO", 30);
    assert_picture("auto", "sd", 50);
    assert_picture("", "hd", 90);
    assert_picture("", "", 90);
    asks.media.medium = ANSWERS_TEXT; /* elsewhere a word that is not said is the plain one */
    assert_picture("", "", 20);
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
        WITH_PRICES(any_prompt_up_to_the_most_is_covered),
        WITH_PRICES(tiers_that_are_asked_for_are_covered),
        WITH_PRICES(parts_of_what_is_asked_for_are_covered),
        WITH_PRICES(what_the_answer_says_is_covered),
        WITH_PRICES(pictures_may_be_of_any_size_that_is_left_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
