#include "base/money.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/support.h"

/* ---- an independent, slow arithmetic: decimal digits, lowest first, as learned at school ---- */

enum { DIGITS = 120 };

struct big {
    int digit[DIGITS];
};

static struct big big_of(int64_t n) /* n >= 0 */
{
    struct big big = {{0}};
    for (int i = 0; n > 0; i++, n /= 10)
        big.digit[i] = (int)(n % 10);
    return big;
}

static struct big big_sum(struct big a, struct big b)
{
    int carry = 0;
    for (int i = 0; i < DIGITS; i++) {
        int n = a.digit[i] + b.digit[i] + carry;
        a.digit[i] = n % 10;
        carry = n / 10;
    }
    assert_int_equal(carry, 0);
    return a;
}

static struct big big_product(struct big a, struct big b)
{
    struct big product = {{0}};
    for (int i = 0; i < DIGITS / 2; i++) {
        if (b.digit[i] == 0)
            continue; /* most are the zeros before a number */
        struct big row = {{0}};
        int carry = 0;
        for (int j = 0; j < DIGITS / 2; j++) {
            int n = a.digit[j] * b.digit[i] + carry;
            row.digit[i + j] = n % 10;
            carry = n / 10;
        }
        assert_int_equal(carry, 0);
        product = big_sum(product, row);
    }
    return product;
}

/* Divided by 10^places, rounded up. */
static struct big big_shift_up(struct big a, int places)
{
    bool rest = false;
    for (int i = 0; i < places; i++)
        rest = rest || a.digit[i] != 0;
    struct big quotient = {{0}};
    for (int i = places; i < DIGITS; i++)
        quotient.digit[i - places] = a.digit[i];
    return rest ? big_sum(quotient, big_of(1)) : quotient;
}

static int big_compare(struct big a, struct big b)
{
    for (int i = DIGITS - 1; i >= 0; i--) {
        if (a.digit[i] != b.digit[i])
            return a.digit[i] < b.digit[i] ? -1 : 1;
    }
    return 0;
}

/* As a decimal with a point before its lowest `places` digits, without zeros at the end. */
static void big_print(struct big a, int places, char out[DIGITS + 3])
{
    int top = DIGITS - 1, low = 0;
    while (top > places && a.digit[top] == 0)
        top--;
    while (low < places && a.digit[low] == 0)
        low++;
    char *at = out;
    for (int i = top; i >= low; i--) {
        if (i == places - 1)
            *at++ = '.';
        *at++ = (char)('0' + a.digit[i]);
    }
    *at = '\0';
}

static struct big slow_charge(const struct unit_prices *prices, const struct unit_counts *tokens,
                              int64_t margin_ppm)
{
    struct big sum = big_of(0);
    for (size_t i = 0; i < UNIT_COUNT; i++)
        sum = big_sum(sum, big_product(big_of(tokens->of[i]), big_of(prices->of[i])));
    return big_shift_up(big_product(sum, big_of(1000000 + margin_ppm)), 9);
}

/* ---- charges ---- */

static const struct unit_prices gpt_4o_mini = {.of = {150000, 75000, 600000}};

static int64_t charge(const struct unit_prices *prices, struct unit_counts tokens, int64_t ppm)
{
    int64_t nusd = -1;
    assert_true(money_charge(prices, &tokens, ppm, &nusd));
    return nusd;
}

static void charges_known_cases(void **state)
{
    (void)state;
    /* $0.15 and $0.60 per million: 1000 in, 500 out cost $0.00045; with 20 % $0.00054. */
    assert_int_equal(charge(&gpt_4o_mini, (struct unit_counts){.of = {1000, 0, 500}}, 0), 450000);
    assert_int_equal(charge(&gpt_4o_mini, (struct unit_counts){.of = {1000, 0, 500}}, 200000),
                     540000);
    assert_int_equal(charge(&gpt_4o_mini, (struct unit_counts){.of = {0, 1000, 0}}, 0), 75000);
    assert_int_equal(charge(&gpt_4o_mini, (struct unit_counts){.of = {0, 0, 0}}, 200000), 0);
    /* $0.0375 per million tokens is exact; one token is 37.5 nano-USD, rounded up. */
    struct unit_prices fine = {.of = {37500, 0, 0}};
    assert_int_equal(charge(&fine, (struct unit_counts){.of = {1, 0, 0}}, 0), 38);
    assert_int_equal(charge(&fine, (struct unit_counts){.of = {2, 0, 0}}, 0), 75);
    assert_int_equal(charge(&fine, (struct unit_counts){.of = {1000000, 0, 0}}, 0), 37500000);
    /* Rounded once over the sum, not once a kind: 0.4 + 0.4 + 0.4 nano-USD are 2, not 3. */
    struct unit_prices dust = {.of = {400, 400, 400}};
    assert_int_equal(charge(&dust, (struct unit_counts){.of = {1, 1, 1}}, 0), 2);
    /* And not before the margin: 0.5 x 2 is 1, not 2. */
    struct unit_prices half = {.of = {500, 0, 0}};
    assert_int_equal(charge(&half, (struct unit_counts){.of = {1, 0, 0}}, 1000000), 1);
    /* The least above a whole one, 10^-18 USD, is rounded up as well. */
    struct unit_prices odd = {.of = {999000001, 0, 0}};
    assert_int_equal(charge(&odd, (struct unit_counts){.of = {1, 0, 0}}, 1), 999002);
    /* The smallest price is never free. */
    struct unit_prices least = {.of = {1, 0, 0}};
    assert_int_equal(charge(&least, (struct unit_counts){.of = {1, 0, 0}}, 0), 1);
    assert_int_equal(charge(&least, (struct unit_counts){.of = {1000, 0, 0}}, 1), 2);
}

static void charges_at_the_bounds(void **state)
{
    (void)state;
    const int64_t most = MONEY_PRICE_MAX_PUSD;
    struct unit_prices dear = {.of = {most, most, most}};
    int64_t nusd = -1;
    struct unit_counts all = {.of = {MONEY_TOKENS_MAX, MONEY_TOKENS_MAX, MONEY_TOKENS_MAX}};
    assert_false(money_charge(&dear, &all, MONEY_MARGIN_MAX_PPM, &nusd));
    assert_int_equal(nusd, -1);
    /* 10^9 tokens at $1: exactly the largest amount; one more is too much. */
    assert_int_equal(charge(&dear, (struct unit_counts){.of = {1000000000, 0, 0}}, 0),
                     MONEY_AMOUNT_MAX_NUSD);
    struct unit_counts more = {.of = {1000000000, 0, 1}};
    assert_false(money_charge(&dear, &more, 0, &nusd));
    struct unit_counts enough = {.of = {1000000000, 0, 0}};
    assert_false(money_charge(&dear, &enough, 1, &nusd));
}

static void charge_refuses_what_is_out_of_bounds(void **state)
{
    (void)state;
    static const int64_t wrong[] = {-1, INT64_MIN, INT64_MAX, INT64_C(1000000000001)};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (size_t place = 0; place < 2 * UNIT_COUNT; place++) {
            struct unit_prices prices;
            struct unit_counts tokens;
            for (size_t unit = 0; unit < UNIT_COUNT; unit++)
                prices.of[unit] = tokens.of[unit] = 1;
            int64_t *at = place < UNIT_COUNT ? &prices.of[place] : &tokens.of[place - UNIT_COUNT];
            int64_t nusd = -7;
            assert_true(money_charge(&prices, &tokens, 0, &nusd));
            nusd = -7;
            *at = wrong[i];
            assert_false(money_charge(&prices, &tokens, 0, &nusd));
            assert_int_equal(nusd, -7);
        }
    }
    struct unit_counts one = {.of = {1, 1, 1}};
    int64_t nusd;
    assert_true(money_charge(&gpt_4o_mini, &one, MONEY_MARGIN_MAX_PPM, &nusd));
    assert_false(money_charge(&gpt_4o_mini, &one, MONEY_MARGIN_MAX_PPM + 1, &nusd));
    assert_false(money_charge(&gpt_4o_mini, &one, -1, &nusd));
}

static struct unit_prices random_prices(struct dice *dice)
{
    struct unit_prices prices;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        prices.of[i] = dice_magnitude(dice, MONEY_PRICE_MAX_PUSD);
    return prices;
}

static struct unit_counts random_counts(struct dice *dice)
{
    struct unit_counts counts;
    for (size_t i = 0; i < UNIT_COUNT; i++) /* most are 0, or most sums were too large */
        counts.of[i] = dice_below(dice, 4) == 0 ? dice_magnitude(dice, MONEY_TOKENS_MAX) : 0;
    return counts;
}

static void charge_agrees_with_slow_arithmetic(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    int charged = 0;
    for (int i = 0; i < 5000; i++) {
        struct unit_prices prices = random_prices(&dice);
        struct unit_counts tokens = random_counts(&dice);
        int64_t ppm = dice_magnitude(&dice, MONEY_MARGIN_MAX_PPM);
        struct big expected = slow_charge(&prices, &tokens, ppm);
        bool affordable = big_compare(expected, big_of(MONEY_AMOUNT_MAX_NUSD)) <= 0;
        int64_t nusd;
        assert_int_equal(money_charge(&prices, &tokens, ppm, &nusd), affordable);
        if (!affordable)
            continue;
        assert_int_equal(big_compare(big_of(nusd), expected), 0);
        charged++;
    }
    assert_true(charged > 500); /* else the numbers drawn test nothing */
}

/* ---- what an amount can pay for ---- */

static int64_t affordable_output(const struct unit_prices *prices, int64_t input_tokens,
                                 int64_t tokens_max, int64_t margin_ppm, int64_t amount_nusd)
{
    const struct unit_counts counts = {.input = input_tokens};
    return money_affordable_output(prices, &counts, tokens_max, margin_ppm, amount_nusd);
}

static void affords_known_cases(void **state)
{
    (void)state;
    const struct unit_prices *prices = &gpt_4o_mini;
    /* 1000 in cost 150,000 nano-USD, an output token 600. */
    assert_int_equal(affordable_output(prices, 1000, 4096, 0, 450000), 500);
    assert_int_equal(affordable_output(prices, 1000, 4096, 0, 449999), 499);
    assert_int_equal(affordable_output(prices, 1000, 400, 0, 450000), 400);
    assert_int_equal(affordable_output(prices, 1000, 4096, 0, 150000), 0);
    assert_int_equal(affordable_output(prices, 1000, 4096, 0, 149999), -1);
    assert_int_equal(affordable_output(prices, 1000, 0, 0, 450000), 0);
    assert_int_equal(affordable_output(prices, 0, 4096, 0, 0), 0);
    assert_int_equal(affordable_output(prices, 1, 4096, 0, -1), -1);
    struct unit_prices free = {.of = {0, 0, 0}};
    assert_int_equal(affordable_output(&free, 1000, 4096, 200000, 0), 4096);
    struct unit_prices free_output = {.of = {1000, 0, 0}};
    assert_int_equal(affordable_output(&free_output, 10, 4096, 0, 10), 4096);
    assert_int_equal(affordable_output(&free_output, 10, 4096, 0, 9), -1);
}

static void affords_nothing_out_of_bounds(void **state)
{
    (void)state;
    const struct unit_prices *prices = &gpt_4o_mini;
    struct unit_prices negative = {.of = {150000, 75000, -1}};
    assert_int_equal(affordable_output(&negative, 1, 1, 0, 1000000), -1);
    assert_int_equal(affordable_output(prices, -1, 1, 0, 1000000), -1);
    assert_int_equal(affordable_output(prices, MONEY_TOKENS_MAX + 1, 1, 0, INT64_MAX), -1);
    assert_int_equal(affordable_output(prices, 1, -1, 0, 1000000), -1);
    assert_int_equal(affordable_output(prices, 1, 1, -1, 1000000), -1);
    assert_int_equal(affordable_output(prices, 1, 1, MONEY_MARGIN_MAX_PPM + 1, 1000000), -1);
    /* More than may be charged buys no more than may be charged. */
    struct unit_prices dear = {.of = {0, 0, MONEY_PRICE_MAX_PUSD}};
    assert_int_equal(affordable_output(&dear, 0, INT64_MAX, 0, INT64_MAX), 1000000000);
    struct unit_prices cheap = {.of = {0, 0, 1}};
    assert_int_equal(affordable_output(&cheap, 0, INT64_MAX, 0, INT64_MAX), MONEY_TOKENS_MAX);
}

/* n is right when n can be paid for and n + 1 cannot, and nothing else needs to be known. */
static void affordable_is_the_largest(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    int between = 0;
    for (int i = 0; i < 300000; i++) {
        struct unit_prices prices = random_prices(&dice);
        struct unit_counts tokens = {.input = dice_magnitude(&dice, MONEY_TOKENS_MAX)};
        int64_t tokens_max = dice_magnitude(&dice, MONEY_TOKENS_MAX);
        int64_t ppm = dice_magnitude(&dice, MONEY_MARGIN_MAX_PPM);
        int64_t amount = dice_magnitude(&dice, MONEY_AMOUNT_MAX_NUSD);
        int64_t n = affordable_output(&prices, tokens.input, tokens_max, ppm, amount);
        assert_true(n >= -1 && n <= tokens_max);
        int64_t nusd;
        tokens.output = n;
        if (n >= 0)
            assert_true(money_charge(&prices, &tokens, ppm, &nusd) && nusd <= amount);
        tokens.output = n + 1;
        if (n < tokens_max)
            assert_true(!money_charge(&prices, &tokens, ppm, &nusd) || nusd > amount);
        between += n > 0 && n < tokens_max;
    }
    assert_true(between > 10000);
}

/* ---- texts ---- */

typedef bool (*parse_function)(struct slice text, int64_t *out, struct fault *fault);

static void assert_parses(parse_function parse, const char *text, int64_t expected)
{
    int64_t n = -7;
    struct fault fault;
    if (!parse(slice_of(text), &n, &fault))
        fail_msg("refused '%s': %s", text, fault.message);
    assert_int_equal(n, expected);
}

static void assert_refuses(parse_function parse, struct slice text)
{
    int64_t n = -7;
    struct fault fault = {"", ""};
    if (parse(text, &n, &fault))
        fail_msg("accepted '%.*s'", (int)text.bytes, text.data);
    assert_int_equal(n, -7);
    assert_string_equal(fault.code, "invalid_amount");
    assert_true(fault.message[0] != '\0');
}

static void parses_amounts(void **state)
{
    (void)state;
    assert_parses(money_parse, "12.5", INT64_C(12500000000));
    assert_parses(money_parse, "0.000000001", 1);
    assert_parses(money_parse, "1000", INT64_C(1000000000000));
    assert_parses(money_parse, "0", 0);
    assert_parses(money_parse, "0.0", 0);
    assert_parses(money_parse, "0.000540000", 540000);
    assert_parses(money_parse, "0.1", 100000000);
    assert_parses(money_parse, "1000000000", MONEY_AMOUNT_MAX_NUSD);
    assert_parses(money_parse, "1000000000.000000000", MONEY_AMOUNT_MAX_NUSD);
    assert_parses(money_parse, "999999999.999999999", MONEY_AMOUNT_MAX_NUSD - 1);
    assert_parses(money_parse, "00000000000000000000000000001.5", 1500000000);
}

static void refuses_amounts(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1e3",
        "1E3",
        "0x10",
        "1,5",
        "1.2.3",
        "1..2",
        "--1",
        "NaN",
        "inf",
        "1_000",
        "$1",
        "1USD",
        "1.0000000000",
        "0.0000000001",
        "1000000000.000000001",
        "1000000001",
        "9999999999999999999",
        "18446744073709551616",
        "18446744073709551617",
        "340282366920938463463374607431768211457",
        "1\n",
        "\xd9\xa1",
        "%1",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refuses(money_parse, slice_of(cases[i]));
    assert_refuses(money_parse, (struct slice){"1\0", 2});
    assert_refuses(money_parse, (struct slice){NULL, 0});
    assert_false(money_parse(slice_of("x"), &(int64_t){0}, NULL));
}

static void parses_numbers(void **state)
{
    static const struct {
        const char *text;
        const char *plain; /* NULL: no amount */
    } cases[] = {
        {"12.5", "12.5"},
        {"1.5e-7", "0.00000015"},
        {"1e-9", "0.000000001"},
        {"15E-1", "1.5"},
        {"1.25e1", "12.5"},
        {"1.25e+2", "125"},
        {"1.50e-8", "0.000000015"},
        {"0e5", "0"},
        {"0.00e-3", "0"},
        {"100e-2", "1"},
        {"123.456e3", "123456"},
        {"0.001e3", "1"},
        {"1e9", "1000000000"},
        {"1e-10", NULL},
        {"1e10", NULL},
        {"1e31", NULL},
        {"1e", NULL},
        {"1e+", NULL},
        {"1e0001", NULL},
        {"1e1.5", NULL},
        {"-1e1", NULL},
        {"e5", NULL},
        {".5e1", NULL},
        {"1e-999", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault fault;
        int64_t found = -1, expected = -1;
        bool read = money_parse_number(slice_of(cases[i].text), &found, &fault);
        if (cases[i].plain != NULL)
            assert_true(money_parse(slice_of(cases[i].plain), &expected, &fault));
        if (read != (cases[i].plain != NULL) || (read && found != expected))
            fail_msg("%s: %d, %lld", cases[i].text, read, (long long)found);
    }
    char longest[LIMIT_NUMBER_BYTES + 4];
    struct fault fault;
    int64_t nusd;
    memset(longest, '0', sizeof longest);
    memcpy(longest, "1.", 2);
    memcpy(longest + LIMIT_NUMBER_BYTES - 2, "e0", 2);
    assert_true(money_parse_number((struct slice){longest, LIMIT_NUMBER_BYTES - 1}, &nusd,
                                   &fault) == false);
    memcpy(longest + LIMIT_NUMBER_BYTES - 3, "e-9", 3);
    assert_false(
        money_parse_number((struct slice){longest, LIMIT_NUMBER_BYTES + 1}, &nusd, &fault));
    assert_true(money_parse_number((struct slice){longest, LIMIT_NUMBER_BYTES}, &nusd, &fault));
    assert_int_equal(nusd, 1);
}

static void parses_prices(void **state)
{
    (void)state;
    assert_parses(money_parse_price, "0.15", 150000);
    assert_parses(money_parse_price, "0.0375", 37500);
    assert_parses(money_parse_price, "0.000001", 1);
    assert_parses(money_parse_price, "2", 2000000);
    assert_parses(money_parse_price, "1000000", MONEY_PRICE_MAX_PUSD);
    assert_refuses(money_parse_price, slice_of("0.0000001"));
    assert_refuses(money_parse_price, slice_of("1000000.000001"));
    assert_refuses(money_parse_price, slice_of("-0.15"));
    assert_refuses(money_parse_price, slice_of("1.5e-7"));
}

static void parses_margins(void **state)
{
    (void)state;
    assert_parses(money_parse_margin, "20%", 200000);
    assert_parses(money_parse_margin, "12.5 %", 125000);
    assert_parses(money_parse_margin, "0%", 0);
    assert_parses(money_parse_margin, "0.0001%", 1);
    assert_parses(money_parse_margin, "10000%", MONEY_MARGIN_MAX_PPM);
    static const char *const cases[] = {
        "",      "%",   " %",       "20",          "20 ",  "20%%", "20% ",  " 20%",
        "20  %", "-5%", "0.00001%", "10000.0001%", "1e1%", "%20",  "20\t%",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refuses(money_parse_margin, slice_of(cases[i]));
}

static void formats_amounts(void **state)
{
    (void)state;
    static const struct {
        int64_t nusd;
        const char *full, *brief;
    } cases[] = {
        {0, "0.000000000", "0"},
        {1, "0.000000001", "0.000000001"},
        {-1, "-0.000000001", "-0.000000001"},
        {540000, "0.000540000", "0.00054"},
        {1000000000, "1.000000000", "1"},
        {-1000000000, "-1.000000000", "-1"},
        {INT64_C(10000000000), "10.000000000", "10"},
        {INT64_C(100500000000), "100.500000000", "100.5"},
        {999999999, "0.999999999", "0.999999999"},
        {MONEY_AMOUNT_MAX_NUSD, "1000000000.000000000", "1000000000"},
        {INT64_MAX, "9223372036.854775807", "9223372036.854775807"},
        {INT64_MIN, "-9223372036.854775808", "-9223372036.854775808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[MONEY_TEXT_BYTES];
        assert_ptr_equal(money_format(cases[i].nusd, text), text);
        assert_string_equal(text, cases[i].full);
        assert_string_equal(money_format_short(cases[i].nusd, text), cases[i].brief);
    }
}

static void formats_and_parses_back(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int i = 0; i < 100000; i++) {
        int64_t nusd = dice_magnitude(&dice, MONEY_AMOUNT_MAX_NUSD);
        char text[MONEY_TEXT_BYTES], expected[DIGITS + 3];
        assert_parses(money_parse, money_format(nusd, text), nusd);
        money_format_short(nusd, text);
        assert_parses(money_parse, text, nusd);
        big_print(big_of(nusd), 9, expected);
        assert_string_equal(text, expected);
    }
}

static void formats_token_prices(void **state)
{
    (void)state;
    char text[48];
    assert_string_equal(money_format_token_price(150000, 200000, text), "0.00000018");
    assert_string_equal(money_format_token_price(0, 200000, text), "0");
    assert_string_equal(money_format_token_price(1, 0, text), "0.000000000001");
    assert_string_equal(money_format_token_price(1, 1, text), "0.000000000001000001");
    assert_string_equal(money_format_token_price(MONEY_PRICE_MAX_PUSD, 0, text), "1");
    assert_string_equal(money_format_token_price(MONEY_PRICE_MAX_PUSD, MONEY_MARGIN_MAX_PPM, text),
                        "101");
    assert_string_equal(money_format_sell_price(UNIT_INPUT, 150000, 200000, text), "0.18");
    assert_string_equal(money_format_sell_price(UNIT_INPUT, 0, 200000, text), "0");
    assert_string_equal(money_format_sell_price(UNIT_INPUT, 1, 1, text), "0.000001000001");
    assert_string_equal(money_format_sell_price(UNIT_INPUT, MONEY_PRICE_MAX_PUSD, 0, text),
                        "1000000");
    money_format_token_price(INT64_MAX, INT64_MAX, text); /* nonsense, but no overrun */
    struct dice dice = dice_make();
    for (int i = 0; i < 5000; i++) {
        int64_t pusd = dice_magnitude(&dice, MONEY_PRICE_MAX_PUSD);
        int64_t ppm = dice_magnitude(&dice, MONEY_MARGIN_MAX_PPM);
        char expected[DIGITS + 3];
        big_print(big_product(big_of(pusd), big_of(1000000 + ppm)), 18, expected);
        assert_string_equal(money_format_token_price(pusd, ppm, text), expected);
    }
}

static void explains_a_charge(void **state)
{
    (void)state;
    const struct unit_prices prices = {.of = {150000, 75000, 600000}};
    const struct unit_counts tokens = {.of = {1, 0, 0}};
    char text[MONEY_TEXT_BYTES];
    struct money_exact exact;
    assert_true(money_charge_exact(&prices, &tokens, 123457, &exact));
    assert_string_equal(exact.sum, "0.000000168518550000");
    assert_string_equal(exact.rounding, "0.000000000481450000");
    assert_true(money_charge_exact(&prices, &tokens, 200000, &exact));
    assert_string_equal(exact.rounding, "0.000000000000000000");
    assert_false(money_charge_exact(&prices, &tokens, -1, &exact));
    assert_string_equal(money_format_price(UNIT_INPUT, 150000, text), "0.15");
    assert_string_equal(money_format_price(UNIT_INPUT, 37500, text), "0.0375");
    assert_string_equal(money_format_price(UNIT_INPUT, 0, text), "0.00");
    assert_string_equal(money_format_price(UNIT_INPUT, MONEY_PRICE_MAX_PUSD, text), "1000000.00");
    assert_string_equal(money_format_margin(200000, text), "20%");
    assert_string_equal(money_format_margin(123457, text), "12.3457%");
    assert_string_equal(money_format_margin(0, text), "0%");
    assert_string_equal(money_format_margin(INT64_MAX, text), "922337203685477.5807%");
}

static void puts_a_margin_on_an_amount(void **state)
{
    (void)state;
    assert_int_equal(money_with_margin(0, MONEY_MARGIN_MAX_PPM), 0);
    assert_int_equal(money_with_margin(1000, 200000), 1200);
    assert_int_equal(money_with_margin(1, 0), 1);
    assert_int_equal(money_with_margin(1, 1), 2); /* rounded up */
    assert_int_equal(money_with_margin(999999, 1), 1000000);
    assert_int_equal(money_with_margin(1000000, 1), 1000001);
    assert_int_equal(money_with_margin(MONEY_AMOUNT_MAX_NUSD, 0), MONEY_AMOUNT_MAX_NUSD);
    assert_int_equal(money_with_margin(MONEY_AMOUNT_MAX_NUSD, MONEY_MARGIN_MAX_PPM),
                     MONEY_AMOUNT_MAX_NUSD);
    assert_int_equal(money_with_margin(MONEY_AMOUNT_MAX_NUSD / 101, MONEY_MARGIN_MAX_PPM),
                     MONEY_AMOUNT_MAX_NUSD / 101 * 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charges_known_cases),
        cmocka_unit_test(explains_a_charge),
        cmocka_unit_test(charges_at_the_bounds),
        cmocka_unit_test(charge_refuses_what_is_out_of_bounds),
        cmocka_unit_test(charge_agrees_with_slow_arithmetic),
        cmocka_unit_test(affords_known_cases),
        cmocka_unit_test(affords_nothing_out_of_bounds),
        cmocka_unit_test(affordable_is_the_largest),
        cmocka_unit_test(parses_amounts),
        cmocka_unit_test(refuses_amounts),
        cmocka_unit_test(parses_numbers),
        cmocka_unit_test(parses_prices),
        cmocka_unit_test(parses_margins),
        cmocka_unit_test(formats_amounts),
        cmocka_unit_test(formats_and_parses_back),
        cmocka_unit_test(formats_token_prices),
        cmocka_unit_test(puts_a_margin_on_an_amount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
