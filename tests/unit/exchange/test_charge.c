/* What an answer is charged by: a provider's counts where they can be true, else what came; and
 * never more than request and model allow. */
#include "base/support.h"

#include "dialect/model_request.h"
#include "exchange/charge.h"
#include "exchange/meter.h"

/* Of an answer that was counted well: 100 tokens in, 20 of them cached, 50 out, of 200 bytes. */
static const struct meter counted = {.reported = true,
                                     .prompt_reported = true,
                                     .tokens = {.input = 80, .cached_input = 20, .output = 50},
                                     .output = {.text_bytes = 200},
                                     .output_pieces = 50,
                                     .reported_text_bytes = 200,
                                     .reported_pieces = 50};

static struct model_request asks;
static struct meter meter;
static struct charge_limits limits;
static struct unit_counts beside;
static int64_t unseen_tokens;
static unsigned priced;

static int set_up(void **state)
{
    (void)state;
    asks = (struct model_request){.choices = 1, .prompt = {.text_bytes = 400}};
    meter = counted;
    beside = (struct unit_counts){.request = 1, .web_search = 100, .image = 2};
    limits = (struct charge_limits){.context_tokens = 100000,
                                    .input_tokens = 90000,
                                    .image_tokens = 85,
                                    .beside = &beside,
                                    .output_tokens = 10000};
    unseen_tokens = 0;
    priced = 0;
    return 0;
}

static struct charge_view view_of_all(void)
{
    static const struct rate_set unknown;
    return (struct charge_view){.asks = &asks,
                                .meter = &meter,
                                .input_rates = &unknown,
                                .limits = &limits,
                                .priced = priced,
                                .unseen_tokens = unseen_tokens};
}

static struct charge count(bool cut)
{
    struct charge_view view = view_of_all();
    struct charge charge = {.source = USAGE_NONE};
    view.cut = cut;
    charge_count(&view, &charge);
    return charge;
}

static void assert_charge(bool cut, int64_t input, int64_t cached, int64_t output,
                          enum usage_source source)
{
    struct charge charge = count(cut);
    if (charge.tokens.input != input || charge.tokens.cached_input != cached ||
        charge.tokens.output != output || charge.source != source)
        fail_msg("%lld in, %lld cached, %lld out, %s", (long long)charge.tokens.input,
                 (long long)charge.tokens.cached_input, (long long)charge.tokens.output,
                 usage_source_name(charge.source));
}

static void counts_that_can_be_true_stand(void **state)
{
    (void)state;
    assert_charge(false, 80, 20, 50, USAGE_REPORTED);
    assert_charge(true, 80, 20, 50, USAGE_REPORTED); /* counted before it was cut */
    meter.flawed = true;                             /* another of its counts was none */
    assert_charge(false, 80, 20, 50, USAGE_CORRECTED);
}

static void what_nobody_has_counted_is_estimated(void **state)
{
    (void)state;
    meter = (struct meter){.output = {.text_bytes = 398}, .output_pieces = 30};
    assert_charge(false, 100, 0, 100, USAGE_ESTIMATED);
    assert_charge(true, 100, 0, 100, USAGE_PARTIAL);
    meter.output_pieces = 120; /* a piece is a token at least */
    assert_charge(false, 100, 0, 120, USAGE_ESTIMATED);
    meter = (struct meter){.output = {.text_bytes = 0}};
    assert_charge(false, 100, 0, 0, USAGE_ESTIMATED);
}

static void one_count_does_without_the_other(void **state)
{
    (void)state;
    meter.prompt_reported = false;
    meter.tokens.input = meter.tokens.cached_input = 0;
    assert_charge(false, 100, 0, 50, USAGE_CORRECTED);
    meter = counted;
    meter.reported = false;
    assert_charge(false, 80, 20, 50, USAGE_CORRECTED);
    assert_charge(true, 80, 20, 50, USAGE_PARTIAL);
}

static void a_zero_is_no_count_of_what_came(void **state)
{
    (void)state;
    meter.tokens.output = 0;
    assert_charge(false, 80, 20, 50, USAGE_CORRECTED);
    meter.output.text_bytes = meter.reported_text_bytes = 40; /* however little */
    meter.output_pieces = meter.reported_pieces = 10;
    assert_charge(false, 80, 20, 10, USAGE_CORRECTED);
    meter.output_pieces = meter.reported_pieces = meter.output.text_bytes =
        meter.reported_text_bytes = 0;
    assert_charge(false, 80, 20, 0, USAGE_REPORTED);
    meter.tokens.input = meter.tokens.cached_input = 0; /* no request is empty */
    assert_charge(false, 100, 0, 0, USAGE_ESTIMATED);
}

/* No text has sixteen bytes a token: more than four times the count, and some. */
static void a_count_that_misses_text_falls(void **state)
{
    (void)state;
    meter.tokens.output = 10;
    meter.output_pieces = meter.reported_pieces = 0;
    meter.output.text_bytes = meter.reported_text_bytes = 4 * (4 * 10 + 16);
    assert_charge(false, 80, 20, 10, USAGE_REPORTED);
    meter.output.text_bytes = ++meter.reported_text_bytes;
    assert_charge(false, 80, 20, 57, USAGE_CORRECTED);
}

/* Some servers count one choice of several. */
static void a_count_of_one_choice_of_several_falls(void **state)
{
    (void)state;
    meter.tokens.output = 10;
    meter.output_pieces = meter.reported_pieces = 0;
    meter.output.text_bytes = meter.reported_text_bytes = 4 * 15;
    assert_charge(false, 80, 20, 10, USAGE_REPORTED);
    asks.choices = 2;
    assert_charge(false, 80, 20, 15, USAGE_CORRECTED);
    meter.output.text_bytes = meter.reported_text_bytes = 4 * 14;
    assert_charge(false, 80, 20, 10, USAGE_REPORTED);
    meter.output_pieces = meter.reported_pieces = 20; /* ten tokens for each */
    assert_charge(false, 80, 20, 20, USAGE_CORRECTED);
    meter.output_pieces = meter.reported_pieces = 21; /* pieces that are less than tokens */
    assert_charge(false, 80, 20, 10, USAGE_REPORTED);
}

static void what_came_behind_the_count_is_added(void **state)
{
    (void)state;
    meter.output.text_bytes += 40;
    meter.output_pieces += 12;
    assert_charge(false, 80, 20, 50 + 12, USAGE_CORRECTED);
    assert_charge(true, 80, 20, 50 + 12, USAGE_PARTIAL);
}

static void an_estimate_is_not_above_what_was_held(void **state)
{
    (void)state;
    meter = (struct meter){.output = {.text_bytes = 4000}};
    limits.input_tokens = 70;
    limits.output_tokens = 500;
    assert_charge(false, 70, 0, 500, USAGE_ESTIMATED);
    meter.output.text_bytes = 0;
    unseen_tokens = 400; /* cancelled unseen */
    assert_charge(true, 70, 0, 400, USAGE_PARTIAL);
    unseen_tokens = 600;
    assert_charge(true, 70, 0, 500, USAGE_PARTIAL);
}

static void media_is_estimated_by_its_kind(void **state)
{
    (void)state;
    meter = (struct meter){.output = {.text_bytes = 4, .image_count = 2, .audio_bytes = 4000}};
    asks.prompt.image_count = 1;
    asks.prompt.audio_bytes = 800;
    assert_int_equal(charge_media_tokens(&limits, &meter.output), 2 * 85 + 10);
    assert_charge(false, 100 + 85 + 2, 0, 1 + 2 * 85 + 10, USAGE_ESTIMATED);
    asks.prompt.opaque_count = 1; /* a film: as much as was held */
    assert_charge(false, 90000, 0, 1 + 2 * 85 + 10, USAGE_ESTIMATED);
}

static void a_customer_pays_no_more_than_is_allowed(void **state)
{
    (void)state;
    meter.tokens = (struct unit_counts){.input = 900, .cached_input = 300, .output = 500};
    limits.context_tokens = 1000;
    limits.output_tokens = 200;
    struct charge charge = count(false);
    assert_int_equal(charge.tokens.input, 900); /* what the provider bills */
    assert_int_equal(charge.tokens.cached_input, 300);
    assert_int_equal(charge.tokens.output, 500);
    assert_int_equal(charge.allowed.input, 700);
    assert_int_equal(charge.allowed.cached_input, 300);
    assert_int_equal(charge.allowed.output, 200);
    meter.tokens.cached_input = 1001;
    charge = count(false);
    assert_int_equal(charge.allowed.input, 0);
    assert_int_equal(charge.allowed.cached_input, 1000);
}

/* Where the longest answer is not known, it may be as long as the context for each choice, or some
 * times what came. */
static void no_limit_counts_what_cannot_be_true(void **state)
{
    (void)state;
    assert_int_equal(count(false).excess_tokens, 0);
    meter.tokens = (struct unit_counts){.input = 100000, .cached_input = 7, .output = 10003};
    assert_int_equal(count(false).excess_tokens, 7 + 3);
    limits.output_tokens = 0;
    assert_int_equal(count(false).excess_tokens, 7);
    meter.tokens.output = INT64_C(1000000000);
    assert_int_equal(count(false).excess_tokens, 7 + 1000000000 - 100000);
    asks.choices = 10;
    assert_int_equal(count(false).excess_tokens, 7 + 1000000000 - 1000000);
    meter.output.text_bytes = meter.reported_text_bytes = 4 * INT64_C(2000000);
    assert_int_equal(count(false).excess_tokens, 7 + 1000000000 - 8000000);
}

static void nobody_reasons_more_than_is_counted(void **state)
{
    (void)state;
    meter.reasoning_tokens = 30;
    assert_int_equal(count(false).reasoning_tokens, 30);
    meter.reasoning_tokens = 51;
    assert_int_equal(count(false).reasoning_tokens, 50);
}

/* Each line of `counts` is as wanted; the others are 0. */
static void assert_counts(const struct unit_counts *counts, struct unit_counts wanted)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        if (counts->of[unit] != wanted.of[unit])
            fail_msg("%s: %lld, not %lld", unit_name(unit), (long long)counts->of[unit],
                     (long long)wanted.of[unit]);
    }
}

static void parts_with_a_price_leave_their_whole(void **state)
{
    (void)state;
    meter.has_parts = true;
    asks.prompt.audio_count = 1;
    meter.output.audio_bytes = 1;
    meter.parts = (struct unit_counts){.cache_write = 40, /* the long-lived ones included */
                                       .cache_write_long = 10,
                                       .audio_input = 5,
                                       .audio_output = 20,
                                       .web_search = 2};
    meter.reasoning_tokens = 7;
    priced = 1U << UNIT_CACHE_WRITE | 1U << UNIT_CACHE_WRITE_LONG | 1U << UNIT_AUDIO_INPUT |
             1U << UNIT_AUDIO_OUTPUT | 1U << UNIT_REASONING | 1U << UNIT_WEB_SEARCH |
             1U << UNIT_REQUEST;
    struct charge charge = count(false);
    assert_counts(&charge.tokens, (struct unit_counts){.input = 35,
                                                       .cached_input = 20,
                                                       .cache_write = 30,
                                                       .cache_write_long = 10,
                                                       .audio_input = 5,
                                                       .output = 23,
                                                       .audio_output = 20,
                                                       .reasoning = 7,
                                                       .web_search = 2,
                                                       .request = 1});
    assert_int_equal(charge.unpriced, 0);
    assert_int_equal(charge.source, USAGE_REPORTED);
}

static void parts_without_a_price_stay_where_they_are(void **state)
{
    (void)state;
    meter.has_parts = true;
    meter.parts = (struct unit_counts){.cache_write = 10,
                                       .cache_write_long = 10,
                                       .image_input = 5,
                                       .audio_output = 20,
                                       .web_search = 2};
    meter.reasoning_tokens = 7;
    struct charge charge = count(false);
    assert_counts(&charge.tokens,
                  (struct unit_counts){.input = 80, .cached_input = 20, .output = 50});
    /* Pictures in a prompt and reasoning cost what text does. */
    assert_int_equal(charge.unpriced, 1U << UNIT_CACHE_WRITE | 1U << UNIT_CACHE_WRITE_LONG |
                                          1U << UNIT_AUDIO_OUTPUT | 1U << UNIT_WEB_SEARCH);
    priced = 1U << UNIT_CACHE_WRITE; /* the nearest price */
    charge = count(false);
    assert_counts(
        &charge.tokens,
        (struct unit_counts){.input = 70, .cached_input = 20, .cache_write = 10, .output = 50});
}

static void parts_are_never_more_than_their_whole(void **state)
{
    (void)state;
    meter.has_parts = true;
    asks.prompt.opaque_count = 1;
    meter.output.audio_bytes = 1;
    meter.parts = (struct unit_counts){.cache_write = 70, .audio_input = 70, .audio_output = 51};
    priced = 1U << UNIT_CACHE_WRITE | 1U << UNIT_AUDIO_INPUT | 1U << UNIT_AUDIO_OUTPUT;
    limits.context_tokens = 50;
    struct charge charge = count(false);
    assert_counts(&charge.tokens, (struct unit_counts){.cached_input = 20,
                                                       .cache_write = 70,
                                                       .audio_input = 10,
                                                       .audio_output = 50});
    assert_counts(&charge.allowed,
                  (struct unit_counts){.cached_input = 20, .cache_write = 30, .audio_output = 50});
}

/* A provider's word alone makes no sound of text. */
static void what_neither_went_nor_came_is_not_charged(void **state)
{
    (void)state;
    meter.has_parts = true;
    meter.parts = (struct unit_counts){
        .audio_input = 50, .image_input = 20, .audio_output = 30, .image_output = 10};
    priced = 1U << UNIT_AUDIO_INPUT | 1U << UNIT_IMAGE_INPUT | 1U << UNIT_AUDIO_OUTPUT |
             1U << UNIT_IMAGE_OUTPUT;
    struct charge charge = count(false);
    assert_counts(&charge.tokens,
                  (struct unit_counts){.input = 80, .cached_input = 20, .output = 50});
    asks.prompt.image_count = 1;
    meter.output.image_count = 1;
    charge = count(false);
    assert_int_equal(charge.tokens.image_input, 20);
    assert_int_equal(charge.tokens.image_output, 10);
    assert_int_equal(charge.tokens.audio_input + charge.tokens.audio_output, 0);
}

/* More searches than the model's entry allows are the operator's. */
static void searches_are_bounded(void **state)
{
    (void)state;
    meter.has_parts = true;
    meter.parts = (struct unit_counts){.web_search = 1000000000};
    priced = 1U << UNIT_WEB_SEARCH;
    beside.web_search = 5;
    struct charge charge = count(false);
    assert_int_equal(charge.tokens.web_search, 1000000000);
    assert_int_equal(charge.allowed.web_search, 5);
}

/* What a cache has read is taken out of what was cached, and never more than that. */
static void cached_parts_have_their_price(void **state)
{
    (void)state;
    meter.has_parts = true;
    meter.parts = (struct unit_counts){.cached_audio_input = 15, .cached_image_input = 50};
    asks.prompt.audio_count = asks.prompt.image_count = 1;
    priced = 1U << UNIT_CACHED_AUDIO_INPUT;
    struct charge charge = count(false);
    assert_counts(&charge.tokens, (struct unit_counts){.input = 80,
                                                       .cached_input = 5,
                                                       .cached_audio_input = 15,
                                                       .output = charge.tokens.output});
    priced |= 1U << UNIT_CACHED_IMAGE_INPUT;
    charge = count(false);
    assert_int_equal(charge.tokens.cached_image_input, 5);
    assert_int_equal(charge.tokens.cached_input, 0);
    assert_int_equal(charge.unpriced, 0);
    asks.prompt.audio_count = 0; /* no sound was sent */
    assert_int_equal(count(false).tokens.cached_audio_input, 0);
}

/* Pictures that came are counted where each has a price; no more than the entry says are sold. */
static void pictures_are_counted(void **state)
{
    (void)state;
    meter.output.image_count = 3;
    assert_int_equal(count(false).tokens.image, 0);
    priced = 1U << UNIT_IMAGE;
    struct charge charge = count(false);
    assert_int_equal(charge.tokens.image, 3);
    assert_int_equal(charge.allowed.image, 2);
    assert_true(charge_is_excessive(&charge));
    meter.output.image_count = 2;
    charge = count(false);
    assert_false(charge_is_excessive(&charge));
}

static void estimated_media_has_its_price(void **state)
{
    (void)state;
    meter = (struct meter){.output = {.text_bytes = 4, .audio_bytes = 4000}};
    asks.prompt.image_count = 1;
    asks.prompt.audio_bytes = 800;
    priced = 1U << UNIT_AUDIO_INPUT | 1U << UNIT_IMAGE_INPUT | 1U << UNIT_AUDIO_OUTPUT;
    struct charge charge = count(false);
    assert_counts(
        &charge.tokens,
        (struct unit_counts){
            .input = 100, .image_input = 85, .audio_input = 2, .output = 1, .audio_output = 10});
}

/* Sound of which nobody tells the tokens: 1,250 a minute; begun seconds count. */
static void sound_is_charged_by_its_length(void **state)
{
    (void)state;
    asks.media.medium = ANSWERS_SOUND;
    asks.media.characters = 400;
    beside.character = beside.second = 500;
    priced = 1U << UNIT_AUDIO_OUTPUT | 1U << UNIT_SECOND | 1U << UNIT_CHARACTER;
    meter = (struct meter){.output = {.audio_bytes = 4000, .audio_ms = 12001}};
    struct charge charge = count(false);
    assert_counts(
        &charge.tokens,
        (struct unit_counts){.input = 100, .audio_output = 250, .second = 13, .character = 400});
    meter.output.audio_ms = 0; /* its form does not tell: by the text, 15 bytes a second */
    charge = count(false);
    assert_int_equal(charge.tokens.second, 27);
    assert_int_equal(charge.tokens.audio_output, 555);
    meter.output.audio_bytes = 0; /* none came */
    charge = count(true);
    assert_int_equal(charge.tokens.second, 0);
    assert_int_equal(charge.tokens.character, 400);
    unseen_tokens = 1; /* none was seen */
    charge = count(true);
    assert_int_equal(charge.tokens.second, 27);
}

static enum usage_source source_of(const struct unit_prices *sold)
{
    const struct charge_view view = view_of_all();
    struct charge charge = count(false);
    charge_find_source(&view, sold, &charge);
    return charge.source;
}

static void what_is_counted_exactly_is_no_estimate(void **state)
{
    (void)state;
    const struct unit_prices tokens = {.output_pusd = 1};
    const struct unit_prices both = {.output_pusd = 1, .character_pusd = 1};
    const struct unit_prices characters = {.character_pusd = 1};
    const struct unit_prices free_of_charge = {.input_pusd = 0};
    const struct unit_prices pictures = {.image_pusd = 1, .request_pusd = 1};
    meter.reported = meter.prompt_reported = false;
    meter.output.text_bytes = 40;
    asks.media.characters = 12;
    priced = 1U << UNIT_CHARACTER | 1U << UNIT_IMAGE | 1U << UNIT_REQUEST;
    assert_int_equal(source_of(&tokens), USAGE_ESTIMATED);
    assert_int_equal(source_of(&both), USAGE_ESTIMATED);
    assert_int_equal(source_of(&characters), USAGE_MEASURED);
    assert_int_equal(source_of(&free_of_charge), USAGE_ESTIMATED); /* the tokens are all it tells */
    meter.output.image_count = 2;
    assert_int_equal(source_of(&pictures), USAGE_MEASURED);
    meter.parts.image = 2; /* but the request is counted by us */
    assert_int_equal(source_of(&pictures), USAGE_MEASURED);
}

static void who_counts_what_is_searched_or_heard(void **state)
{
    (void)state;
    const struct unit_prices searches = {.web_search_pusd = 1};
    const struct unit_prices seconds = {.second_pusd = 1};
    meter.reported = meter.prompt_reported = false;
    priced = 1U << UNIT_WEB_SEARCH | 1U << UNIT_SECOND;
    meter.has_parts = true;
    meter.parts.web_search = 1;
    assert_int_equal(source_of(&searches), USAGE_REPORTED);
    asks.prompt.sound_seconds = 7;
    assert_int_equal(source_of(&seconds), USAGE_ESTIMATED); /* by the file's bytes */
    asks.prompt.sound_measured = true;
    assert_int_equal(source_of(&seconds), USAGE_MEASURED);
    meter.parts.second = 7;
    assert_int_equal(source_of(&seconds), USAGE_REPORTED);
}

static void all_counted_tokens_of_speech_are_sound(void **state)
{
    (void)state;
    asks.media.medium = ANSWERS_SOUND;
    priced = 1U << UNIT_AUDIO_OUTPUT;
    meter.output = (struct media_sizes){.audio_bytes = 4000, .audio_ms = 1000};
    struct charge charge = count(false);
    assert_counts(&charge.tokens,
                  (struct unit_counts){.input = 80, .cached_input = 20, .audio_output = 50});
    assert_int_equal(charge.source, USAGE_REPORTED);
}

static void all_counted_tokens_of_a_picture_are_of_it(void **state)
{
    (void)state;
    asks.media.medium = ANSWERS_PICTURES;
    priced = 1U << UNIT_IMAGE_OUTPUT;
    meter.output = (struct media_sizes){.image_count = 1};
    struct charge charge = count(false);
    assert_int_equal(charge.tokens.image_output, 50);
    meter.parts.image_output = 40; /* the provider tells them apart */
    meter.has_parts = true;
    charge = count(false);
    assert_int_equal(charge.tokens.image_output, 40);
    assert_int_equal(charge.tokens.output, 10);
}

/* What is told but not sold is no excess, and no alarm. */
static void a_model_without_tokens_has_none_to_pay(void **state)
{
    (void)state;
    asks.media.medium = ANSWERS_PICTURES;
    limits.output_tokens = limits.image_tokens = 0;
    priced = 1U << UNIT_IMAGE;
    meter.output = (struct media_sizes){.image_count = 2};
    meter.parts.image_output = 50;
    meter.has_parts = true;
    struct charge charge = count(false);
    assert_int_equal(charge.allowed.image, 2);
    assert_false(charge_is_excessive(&charge));
    assert_int_equal(charge.unpriced, 0);
    meter = (struct meter){.output = {.image_count = 0}};
    asks.choices = 2;
    unseen_tokens = 1;
    charge = count(true);
    assert_int_equal(charge.allowed.image, 2); /* as many as were asked for */
}

#define WITH_CHARGE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHARGE(counts_that_can_be_true_stand),
        WITH_CHARGE(what_nobody_has_counted_is_estimated),
        WITH_CHARGE(one_count_does_without_the_other),
        WITH_CHARGE(a_zero_is_no_count_of_what_came),
        WITH_CHARGE(a_count_that_misses_text_falls),
        WITH_CHARGE(a_count_of_one_choice_of_several_falls),
        WITH_CHARGE(what_came_behind_the_count_is_added),
        WITH_CHARGE(an_estimate_is_not_above_what_was_held),
        WITH_CHARGE(media_is_estimated_by_its_kind),
        WITH_CHARGE(a_customer_pays_no_more_than_is_allowed),
        WITH_CHARGE(no_limit_counts_what_cannot_be_true),
        WITH_CHARGE(nobody_reasons_more_than_is_counted),
        WITH_CHARGE(parts_with_a_price_leave_their_whole),
        WITH_CHARGE(parts_without_a_price_stay_where_they_are),
        WITH_CHARGE(parts_are_never_more_than_their_whole),
        WITH_CHARGE(estimated_media_has_its_price),
        WITH_CHARGE(what_neither_went_nor_came_is_not_charged),
        WITH_CHARGE(searches_are_bounded),
        WITH_CHARGE(cached_parts_have_their_price),
        WITH_CHARGE(pictures_are_counted),
        WITH_CHARGE(sound_is_charged_by_its_length),
        WITH_CHARGE(what_is_counted_exactly_is_no_estimate),
        WITH_CHARGE(who_counts_what_is_searched_or_heard),
        WITH_CHARGE(all_counted_tokens_of_speech_are_sound),
        WITH_CHARGE(all_counted_tokens_of_a_picture_are_of_it),
        WITH_CHARGE(a_model_without_tokens_has_none_to_pay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
