/* How many tokens a text has: what is learned is what was reported. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/rates.h"

static struct text_mix mix_of(const char *text)
{
    struct text_mix mix = {.seed = 0};
    text_mix_add(&mix, slice_of(text));
    return mix;
}

#define ENGLISH "the quick brown fox jumps over the lazy dog and "
#define DIGITS "48109 22871 90911 12309 55512 "

static void teach(struct rates *rates, const char *model, const char *text, int64_t bytes,
                  int64_t tokens)
{
    struct text_mix mix = mix_of(text);
    const struct rate_sample sample = {.mix = &mix, .bytes = bytes, .tokens = tokens};
    const struct rate_sample none = {.mix = &mix};
    rates_learn(rates, model, &sample, &none);
}

static int64_t tokens_of(struct rates *rates, const char *model, const char *text, int64_t bytes)
{
    struct model_rates known;
    struct text_mix mix = mix_of(text);
    rates_get(rates, model, &known);
    assert_int_equal(known.output.samples, 0);
    return rates_tokens(rates_of_mix(&known.input, &mix), bytes, 0);
}

static void learns(void **state)
{
    (void)state;
    struct rates *rates = rates_new();
    assert_int_equal(tokens_of(rates, "m", ENGLISH, 4000), 1000);
    for (int i = 0; i < 8; i++) {
        teach(rates, "m", ENGLISH, 4000, 800);
        teach(rates, "m", DIGITS, 4000, 3000);
    }
    assert_in_range(tokens_of(rates, "m", ENGLISH, 4000), 790, 810);
    assert_in_range(tokens_of(rates, "m", DIGITS, 4000), 2950, 3050);
    assert_int_equal(tokens_of(rates, "other", DIGITS, 4000), 1000);
    rates_free(rates);
}

/* A rate that is nearly the documented one is the documented one. */
static void keeps_to_what_is_documented(void **state)
{
    (void)state;
    struct rates *rates = rates_new();
    for (int i = 0; i < 8; i++)
        teach(rates, "m", ENGLISH, 4000, 1070);
    assert_int_equal(tokens_of(rates, "m", ENGLISH, 4000), 1000);
    rates_free(rates);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    struct rates *rates = rates_new();
    for (int i = 0; i < 8; i++) {
        teach(rates, "m", ENGLISH, 4000, 100000);
        teach(rates, "m", ENGLISH, 4000, 4);
        teach(rates, "m", ENGLISH, 4000, -7);
        teach(rates, "m", ENGLISH, 100, 90); /* too short to tell */
        teach(rates, "m", "", 4000, 2000);
    }
    assert_int_equal(tokens_of(rates, "m", ENGLISH, 4000), 1000);
    rates_free(rates);
}

static void holds_more_than_expected(void **state)
{
    (void)state;
    struct rates *rates = rates_new();
    struct model_rates known;
    struct text_mix mix = mix_of(ENGLISH);
    for (int i = 0; i < 16; i++)
        teach(rates, "m", ENGLISH, 4000, 800);
    rates_get(rates, "m", &known);
    assert_in_range(rates_tokens_held(&known.input, &mix, 4000), 820, 860);
    assert_int_equal(rates_tokens_held(&known.input, &mix, 10), 10); /* no token is shorter */
    for (int i = 0; i < 16; i++)
        teach(rates, "m", ENGLISH, 4000, i % 2 ? 600 : 1000);
    rates_get(rates, "m", &known);
    assert_true(rates_tokens_held(&known.input, &mix, 4000) > 1200);
    rates_free(rates);
}

/* There are as many places as there are; the oldest go. */
static void forgets_the_oldest(void **state)
{
    (void)state;
    struct rates *rates = rates_new();
    for (int i = 0; i < 4; i++)
        teach(rates, "first", ENGLISH, 4000, 2000);
    for (int i = 0; i < 20000; i++) {
        char name[32];
        snprintf(name, sizeof name, "model-%d", i);
        teach(rates, name, ENGLISH, 4000, 2000);
    }
    assert_int_equal(tokens_of(rates, "first", ENGLISH, 4000), 1000);
    for (int i = 0; i < 4; i++)
        teach(rates, "first", ENGLISH, 4000, 2000);
    assert_in_range(tokens_of(rates, "first", ENGLISH, 4000), 1900, 2000);
    rates_free(rates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns),
        cmocka_unit_test(keeps_to_what_is_documented),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(holds_more_than_expected),
        cmocka_unit_test(forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
