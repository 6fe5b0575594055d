/* What a text is made of: classes are counted to the byte, and of a long text in a sample. */
#include "base/text_mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/support.h"

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

/* Texts are counted sixteen bytes at a time, and the rest at their end: every length and every
 * byte, against a count byte by byte. */
static void counts_texts_of_every_length(void **state)
{
    (void)state;
    char text[80];
    for (unsigned first = 0; first < 256; first++) {
        int64_t spaces = 0, digits = 0, others = 0;
        for (size_t bytes = 0; bytes <= sizeof text; bytes++) {
            struct text_mix mix = {.seed = 0};
            text_mix_add(&mix, (struct slice){text, bytes});
            assert_int_equal(text_mix_bytes(&mix), (int64_t)bytes);
            assert_int_equal(mix.bytes[TEXT_SPACES], spaces);
            assert_int_equal(mix.bytes[TEXT_DIGITS], digits);
            assert_int_equal(mix.bytes[TEXT_OTHERS], others);
            if (bytes == sizeof text)
                break;
            unsigned char c = (unsigned char)(first + bytes * 37);
            if (c == '\\')
                c = '!';
            text[bytes] = (char)c;
            spaces += c <= ' ';
            digits += c >= '0' && c <= '9';
            others += c >= 0x80;
        }
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

/* Each byte, whatever the seed. */
static void counts_all_of_a_long_text(void **state)
{
    (void)state;
    enum { BYTES = 10001, DIGITS = 77 };
    char *text = malloc(BYTES);
    assert_non_null(text);
    memset(text, 'a', BYTES);
    memset(text + 5000, '7', DIGITS);
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct text_mix mix = {.seed = seed, .whole = true};
        text_mix_add(&mix, (struct slice){text, BYTES});
        assert_int_equal(mix.bytes[TEXT_DIGITS], DIGITS);
        assert_int_equal(mix.bytes[TEXT_LETTERS], BYTES - DIGITS);
    }
    free(text);
}

/* However it is read, sixteen bytes at once or one by one. */
static void bytes_together_count_as_one_by_one(void **state)
{
    (void)state;
    static const char alphabet[] = "aZ\xc3 \n09_{\x7f.";
    struct dice dice = dice_make();
    for (int round = 0; round < 2000; round++) {
        struct text_mix single = {.seed = 0};
        char text[257];
        size_t bytes = dice_below(&dice, sizeof text);
        for (size_t i = 0; i < bytes; i++) {
            text[i] = alphabet[dice_below(&dice, sizeof alphabet - 1)];
            text_mix_add(&single, (struct slice){text + i, 1});
        }
        struct text_mix mix = {.seed = 0};
        text_mix_add(&mix, (struct slice){text, bytes});
        assert_memory_equal(mix.bytes, single.bytes, sizeof mix.bytes);
        assert_int_equal(text_mix_bytes(&mix), bytes);
    }
}

static void texts_add_up(void **state)
{
    (void)state;
    struct text_mix mix = mix_of("abc");
    text_mix_add(&mix, slice_of("d 1"));
    text_mix_add(&mix, slice_of(""));
    assert_int_equal(mix.bytes[TEXT_LETTERS], 4);
    assert_int_equal(text_mix_bytes(&mix), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_classes),
        cmocka_unit_test(counts_texts_of_every_length),
        cmocka_unit_test(bytes_together_count_as_one_by_one),
        cmocka_unit_test(texts_add_up),
        cmocka_unit_test(samples_long_texts),
        cmocka_unit_test(samples_other_places_with_another_seed),
        cmocka_unit_test(counts_all_of_a_long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
