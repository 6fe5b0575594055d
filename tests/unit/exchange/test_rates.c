/* What a text is made of, and how many tokens it has: known classes are counted to the byte, and
 * what is learned is what was reported. */
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

static void tells_classes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes[TEXT_CLASSES]; /* letters, spaces, digits, signs, others */
    } cases[] = {
        {"", {0}},
        {"aZ 09 _`{[@/:", {2, 2, 2, 7, 0}},
        {"\xc3\xa9\xed\x95\xad", {0, 0, 0, 0, 5}},
        {"a\\nb\\\"c\\\\", {3, 1, 0, 2, 0}},
        {"sixteen and more \\ud55c\\ud55c\\ud55c\\ud55c.", {14, 3, 0, 1, 12}},
        {"fifteen of them\\ud55c", {13, 2, 0, 0, 3}},
        {"\\ud55c\\u00e9\\u0041", {1, 0, 0, 0, 5}},
        {"\\ud83d\\ude00", {0, 0, 0, 0, 4}},
        {"\\", {0}},
        {"\\u12", {0, 0, 2, 1, 0}},
        {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789", {52, 1, 10, 0, 0}},
        {"@[`{/: !\x7f~ and sixteen more bytes of text", {25, 7, 0, 9, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text_mix mix = mix_of(cases[i].text);
        if (memcmp(mix.bytes, cases[i].bytes, sizeof mix.bytes) != 0)
            fail_msg("%lld %lld %lld %lld %lld: %s", (long long)mix.bytes[0],
                     (long long)mix.bytes[1], (long long)mix.bytes[2], (long long)mix.bytes[3],
                     (long long)mix.bytes[4], cases[i].text);
    }
}

/* Of a long text a sample stands for the whole. */
static void samples_long_texts(void **state)
{
    (void)state;
    enum { BYTES = 100000 };
    char *text = malloc(BYTES);
    assert_non_null(text);
    for (size_t i = 0; i < BYTES; i++)
        text[i] = i % 5 == 0 ? ' ' : 'a';
    struct text_mix mix = {.seed = 0};
    text_mix_add(&mix, (struct slice){text, BYTES});
    assert_in_range(text_mix_bytes(&mix), BYTES - 5, BYTES);
    assert_in_range(mix.bytes[TEXT_SPACES], BYTES / 5 - BYTES / 50, BYTES / 5 + BYTES / 50);
    free(text);
}

/* English stands where samples were taken when the text was seen first, digits elsewhere: with
 * another seed they are seen. */
static void samples_other_places_with_another_seed(void **state)
{
    (void)state;
    enum { BYTES = 100000, TRIES = 32 };
    char *text = malloc(BYTES);
    assert_non_null(text);
    memset(text, '7', BYTES);
    int64_t digits_min = BYTES, digits_max = 0;
    for (size_t at = 0; at < BYTES;
         at += 1024) /* one sample of each 1,024 bytes: a half is letters */
        memset(text + at, 'a', BYTES - at < 512 ? BYTES - at : 512);
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct text_mix mix = {.seed = seed};
        text_mix_add(&mix, (struct slice){text, BYTES});
        int64_t digits = mix.bytes[TEXT_DIGITS];
        digits_min = digits < digits_min ? digits : digits_min;
        digits_max = digits > digits_max ? digits : digits_max;
    }
    assert_in_range(digits_min, BYTES * 35 / 100, BYTES / 2);
    assert_in_range(digits_max, BYTES / 2 - BYTES / 50, BYTES * 65 / 100);
    assert_true(digits_min < digits_max);
    free(text);
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
        cmocka_unit_test(tells_classes),
        cmocka_unit_test(samples_long_texts),
        cmocka_unit_test(samples_other_places_with_another_seed),
        cmocka_unit_test(learns),
        cmocka_unit_test(keeps_to_what_is_documented),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(holds_more_than_expected),
        cmocka_unit_test(forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
