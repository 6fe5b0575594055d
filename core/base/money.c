#include "base/money.h"

#include <string.h>

#include "base/check.h"
#include "base/limits.h"

typedef unsigned __int128 uint128;

#define PPM_ONE INT64_C(1000000)
/* A sum in pico-USD times a factor in ppm has the unit 10^-18 USD; one nano-USD is 10^9 of
 * these. */
#define NUSD_SCALE INT64_C(1000000000)

enum {
    AMOUNT_DECIMALS = 9,
    PRICE_DECIMALS = 6,
    SINGLE_PRICE_DECIMALS = 12,
    MARGIN_DECIMALS = 4,
    TOKEN_PRICE_DECIMALS = 18
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads `text` as an integer of units of 10^-decimals_max. Returns false when it is no plain
 * decimal, has more decimals, or is above `max` (at most 10^18, so that ten times as much fits 64
 * bits). */
static bool parse_decimal(struct slice text, int decimals_max, int64_t max, int64_t *out)
{
    uint64_t units = 0;
    int decimals = -1; /* -1: still before the point */
    size_t digits = 0; /* on this side of the point */
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        if (c == '.' && decimals < 0 && digits > 0) {
            decimals = 0;
            digits = 0;
            continue;
        }
        if (!is_digit(c))
            return false;
        digits++;
        if (decimals >= 0 && ++decimals > decimals_max)
            return false;
        units = units * 10 + (uint64_t)(c - '0');
        if (units > (uint64_t)max)
            return false;
    }
    if (digits == 0)
        return false;
    for (int i = decimals < 0 ? 0 : decimals; i < decimals_max; i++) {
        units *= 10;
        if (units > (uint64_t)max)
            return false;
    }
    *out = (int64_t)units;
    return true;
}

bool money_parse(struct slice text, int64_t *out_nusd, struct fault *fault)
{
    if (parse_decimal(text, AMOUNT_DECIMALS, MONEY_AMOUNT_MAX_NUSD, out_nusd))
        return true;
    return fault_set(fault, "invalid_amount",
                     "An amount is a plain decimal in USD such as 12.50, with at most 9 decimals "
                     "and at most 1000000000.");
}

/* "-12" -> -12. At most 3 digits: no amount needs a larger exponent. */
static bool read_exponent(struct slice text, int *out)
{
    bool negative = text.bytes > 0 && text.data[0] == '-';
    size_t at = negative || (text.bytes > 0 && text.data[0] == '+');
    if (at == text.bytes || text.bytes - at > 3)
        return false;
    int n = 0;
    for (; at < text.bytes; at++) {
        if (!is_digit(text.data[at]))
            return false;
        n = n * 10 + (text.data[at] - '0');
    }
    *out = negative ? -n : n;
    return true;
}

/* Moves the point of a plain decimal by `exponent` places to the right. Drops zeros at the end of
 * the decimals: 1.50e-8 is 0.000000015. Returns the length of the result. */
static size_t move_point(struct slice mantissa, int exponent, char *out)
{
    char digits[LIMIT_NUMBER_BYTES];
    int count = 0, point = -1;
    for (size_t i = 0; i < mantissa.bytes; i++) {
        if (mantissa.data[i] == '.')
            point = count;
        else
            digits[count++] = mantissa.data[i];
    }
    point = (point < 0 ? count : point) + exponent;
    while (count > 0 && count > point && digits[count - 1] == '0')
        count--;
    char *at = out;
    for (int i = point < 1 ? point - 1 : 0; i < point || i < count; i++) {
        if (i == point && at > out)
            *at++ = '.';
        *at++ = i >= 0 && i < count ? digits[i] : '0';
    }
    return (size_t)(at - out);
}

bool money_parse_number(struct slice text, int64_t *out_nusd, struct fault *fault)
{
    enum { EXPONENT_MAX = 30 };
    char plain[LIMIT_NUMBER_BYTES + 2 * EXPONENT_MAX + 4];
    size_t bytes = 0;
    int exponent = 0;
    while (bytes < text.bytes && (text.data[bytes] | 0x20) != 'e')
        bytes++;
    struct slice mantissa = {text.data, bytes};
    if (bytes == text.bytes)
        return money_parse(text, out_nusd, fault);
    struct slice behind = {text.data + bytes + 1, text.bytes - bytes - 1};
    bool fits = text.bytes <= LIMIT_NUMBER_BYTES && bytes > 0 && is_digit(text.data[0]) &&
                read_exponent(behind, &exponent) && exponent <= EXPONENT_MAX &&
                exponent >= -EXPONENT_MAX;
    if (!fits)
        return money_parse((struct slice){NULL, 0}, out_nusd, fault);
    return money_parse((struct slice){plain, move_point(mantissa, exponent, plain)}, out_nusd,
                       fault);
}

bool money_parse_price(struct slice text, int64_t *out_pusd, struct fault *fault)
{
    if (parse_decimal(text, PRICE_DECIMALS, MONEY_PRICE_MAX_PUSD, out_pusd))
        return true;
    return fault_set(fault, "invalid_amount",
                     "A price is a plain decimal in USD per million tokens such as 0.15, with at "
                     "most 6 decimals and at most 1000000.");
}

bool money_parse_single_price(struct slice text, int64_t *out_pusd, struct fault *fault)
{
    if (parse_decimal(text, SINGLE_PRICE_DECIMALS, MONEY_PRICE_MAX_PUSD, out_pusd))
        return true;
    return fault_set(fault, "invalid_amount",
                     "The price of one is a plain decimal in USD such as 0.01, with at most 12 "
                     "decimals and at most 1.");
}

bool money_parse_margin(struct slice text, int64_t *out_ppm, struct fault *fault)
{
    size_t bytes = text.bytes;
    bool percent = bytes > 0 && text.data[bytes - 1] == '%';
    if (percent)
        bytes--;
    if (percent && bytes > 0 && text.data[bytes - 1] == ' ')
        bytes--;
    struct slice number = {text.data, bytes};
    if (percent && parse_decimal(number, MARGIN_DECIMALS, MONEY_MARGIN_MAX_PPM, out_ppm))
        return true;
    return fault_set(fault, "invalid_amount",
                     "A margin is a percentage such as 20%% or 12.5%%, with at most 4 decimals and "
                     "at most 10000%%.");
}

/* Writes units of 10^-decimals as a decimal. Keeps at least `decimals_min` decimals and drops zeros
 * at the end beyond those. Returns the end of the text, where it puts a NUL. */
static char *put_decimal(char *at, uint128 units, int decimals, int decimals_min)
{
    char reversed[40] = ""; /* 2^128 has 39 digits */
    int count = 0;
    int dropped = 0;
    for (; units > UINT64_MAX; units /= 10) /* slow, and rare */
        reversed[count++] = (char)('0' + (int)(units % 10));
    for (uint64_t rest = (uint64_t)units; rest > 0 || count <= decimals; rest /= 10)
        reversed[count++] = (char)('0' + (int)(rest % 10)); /* at least one before the point */
    while (dropped < decimals - decimals_min && reversed[dropped] == '0')
        dropped++;
    while (count > dropped) {
        *at++ = reversed[--count];
        if (count == decimals && count > dropped)
            *at++ = '.';
    }
    *at = '\0';
    return at;
}

static const char *format_amount(int64_t nusd, int decimals_min, char *out)
{
    char *at = out;
    if (nusd < 0)
        *at++ = '-';
    uint64_t magnitude = nusd < 0 ? 0 - (uint64_t)nusd : (uint64_t)nusd;
    put_decimal(at, magnitude, AMOUNT_DECIMALS, decimals_min);
    return out;
}

const char *money_format(int64_t nusd, char out[MONEY_TEXT_BYTES])
{
    return format_amount(nusd, AMOUNT_DECIMALS, out);
}

const char *money_format_short(int64_t nusd, char out[MONEY_TEXT_BYTES])
{
    return format_amount(nusd, 0, out);
}

const char *money_format_token_price(int64_t pusd, int64_t margin_ppm, char out[48])
{
    check(pusd >= 0 && margin_ppm >= 0);
    uint128 price = (uint128)pusd * ((uint128)margin_ppm + PPM_ONE);
    put_decimal(out, price, TOKEN_PRICE_DECIMALS, 0);
    return out;
}

/* The decimals that a price of a million has fewer than the price of one. */
static int decimals_fewer(enum unit unit)
{
    return unit_is_token(unit) ? 6 : 0;
}

const char *money_format_sell_price(enum unit unit, int64_t pusd, int64_t margin_ppm, char out[48])
{
    check(pusd >= 0 && margin_ppm >= 0);
    uint128 price = (uint128)pusd * ((uint128)margin_ppm + PPM_ONE);
    put_decimal(out, price, TOKEN_PRICE_DECIMALS - decimals_fewer(unit), 0);
    return out;
}

const char *money_format_price(enum unit unit, int64_t pusd, char out[MONEY_TEXT_BYTES])
{
    check(pusd >= 0);
    put_decimal(out, (uint128)pusd, SINGLE_PRICE_DECIMALS - decimals_fewer(unit), 2);
    return out;
}

const char *money_format_margin(int64_t margin_ppm, char out[MONEY_TEXT_BYTES])
{
    check(margin_ppm >= 0);
    char *end = put_decimal(out, (uint128)margin_ppm, MARGIN_DECIMALS, 0);
    memcpy(end, "%", 2);
    return out;
}

static bool within(int64_t n, int64_t max)
{
    return n >= 0 && n <= max;
}

int64_t money_times(int64_t price_pusd, int64_t factor_ppm)
{
    check(price_pusd >= 0 && factor_ppm >= 0);
    uint128 product = (uint128)price_pusd * (uint128)factor_ppm;
    product = (product + (PPM_ONE - 1)) / PPM_ONE;
    return product < (uint128)MONEY_PRICE_MAX_PUSD ? (int64_t)product : MONEY_PRICE_MAX_PUSD;
}

void money_raise_alike(int64_t before_pusd, int64_t now_pusd, int64_t plain_pusd,
                       int64_t *price_pusd)
{
    if (before_pusd <= 0)
        return;
    uint128 before = (uint128)before_pusd;
    uint128 raised = ((uint128)plain_pusd * (uint128)now_pusd + before - 1) / before;
    if (raised > (uint128)MONEY_PRICE_MAX_PUSD)
        raised = (uint128)MONEY_PRICE_MAX_PUSD;
    if (*price_pusd < (int64_t)raised)
        *price_pusd = (int64_t)raised;
}

int64_t money_with_margin(int64_t amount_nusd, int64_t margin_ppm)
{
    check(amount_nusd >= 0 && margin_ppm >= 0);
    uint128 product = (uint128)amount_nusd * (uint128)(PPM_ONE + margin_ppm);
    product = (product + (PPM_ONE - 1)) / PPM_ONE;
    return product < (uint128)MONEY_AMOUNT_MAX_NUSD ? (int64_t)product : MONEY_AMOUNT_MAX_NUSD;
}

/* Most calls use the first three units only. */
static size_t units_used(const struct unit_counts *counts)
{
    enum { USUAL = UNIT_OUTPUT + 1 };
    static const int64_t none[UNIT_COUNT - USUAL];
    return memcmp(counts->of + USUAL, none, sizeof none) == 0 ? USUAL : UNIT_COUNT;
}

/* The sum of quantity x price: at most UNIT_COUNT x 10^24. Returns false when one is out of its
 * bounds: as unsigned, a negative number is a very large one. Most quantities are 0, and then the
 * price does not matter. */
static bool sum_of(const struct unit_prices *prices, const struct unit_counts *counts, uint128 *out)
{
    uint128 sum_pusd = 0;
    size_t units = units_used(counts);
    for (size_t i = 0; i < units; i++) {
        uint64_t count = (uint64_t)counts->of[i];
        uint64_t price_pusd = (uint64_t)prices->of[i];
        if (count == 0)
            continue;
        if (count > MONEY_TOKENS_MAX || price_pusd > MONEY_PRICE_MAX_PUSD)
            return false;
        sum_pusd += (uint128)count * price_pusd;
    }
    *out = sum_pusd;
    return true;
}

/* The charge in units of 10^-18 USD: at most 12 x 10^24 x 1.01 x 10^8, far below 2^128. */
static bool exact_charge(const struct unit_prices *prices, const struct unit_counts *counts,
                         int64_t margin_ppm, uint128 *out)
{
    if (!within(margin_ppm, MONEY_MARGIN_MAX_PPM) || !sum_of(prices, counts, out))
        return false;
    *out *= (uint128)(margin_ppm + PPM_ONE);
    return true;
}

bool money_charge(const struct unit_prices *prices, const struct unit_counts *counts,
                  int64_t margin_ppm, int64_t *out_nusd)
{
    uint128 scaled;
    if (!exact_charge(prices, counts, margin_ppm, &scaled))
        return false;
    uint128 nusd = (scaled + (NUSD_SCALE - 1)) / NUSD_SCALE;
    if (nusd > (uint128)MONEY_AMOUNT_MAX_NUSD)
        return false;
    *out_nusd = (int64_t)nusd;
    return true;
}

bool money_charge_exact(const struct unit_prices *prices, const struct unit_counts *counts,
                        int64_t margin_ppm, struct money_exact *out)
{
    int64_t nusd;
    if (!money_charge(prices, counts, margin_ppm, &nusd))
        return false;
    uint128 exact;
    check(exact_charge(prices, counts, margin_ppm, &exact));
    put_decimal(out->sum, exact, TOKEN_PRICE_DECIMALS, TOKEN_PRICE_DECIMALS);
    put_decimal(out->rounding, (uint128)nusd * (uint128)NUSD_SCALE - exact, TOKEN_PRICE_DECIMALS,
                TOKEN_PRICE_DECIMALS);
    return true;
}

/* charge <= amount is ceil(sum x factor / scale) <= amount. For integers that is sum <=
 * floor(amount x scale / factor), so the answer is exact and no charge need be tried. */
int64_t money_affordable_output(const struct unit_prices *prices, const struct unit_counts *counts,
                                int64_t tokens_max, int64_t margin_ppm, int64_t amount_nusd)
{
    uint128 counted_pusd;
    if (!sum_of(prices, counts, &counted_pusd) || tokens_max < 0 ||
        !within(prices->output_pusd, MONEY_PRICE_MAX_PUSD) ||
        !within(margin_ppm, MONEY_MARGIN_MAX_PPM) || amount_nusd < 0)
        return -1;
    if (tokens_max > MONEY_TOKENS_MAX)
        tokens_max = MONEY_TOKENS_MAX;
    if (amount_nusd > MONEY_AMOUNT_MAX_NUSD)
        amount_nusd = MONEY_AMOUNT_MAX_NUSD;
    uint128 sum_max_pusd = (uint128)amount_nusd * NUSD_SCALE / (uint128)(margin_ppm + PPM_ONE);
    if (counted_pusd > sum_max_pusd)
        return -1;
    if (prices->output_pusd == 0)
        return tokens_max;
    uint128 tokens = (sum_max_pusd - counted_pusd) / (uint128)prices->output_pusd;
    return tokens < (uint128)tokens_max ? (int64_t)tokens : tokens_max;
}
