/* Money in integers only. An amount is int64 nano-USD (`_nusd`, 1 USD = 10^9). A unit price is
 * int64 pico-USD per token (`_pusd`, 1 USD = 10^12): a price of $0.0375 per million tokens is
 * 37,500. A margin is int64 parts per million of the cost (`_ppm`): 20 % is 200,000. No floating
 * point anywhere. */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/slice.h"

enum {
    MONEY_TEXT_BYTES = 32 /* enough for any formatted amount with its NUL */
};

/* What one token of each kind costs, or sells for. Kinds: see struct token_counts. */
struct token_prices {
    int64_t input_pusd;
    int64_t cached_input_pusd;
    int64_t output_pusd;
};

/* Disjoint kinds: `input` excludes `cached_input`. Each is >= 0 and at most MONEY_TOKENS_MAX. */
struct token_counts {
    int64_t input;
    int64_t cached_input;
    int64_t output;
};

#define MONEY_TOKENS_MAX INT64_C(1000000000000)            /* 10^12 tokens of a kind */
#define MONEY_PRICE_MAX_PUSD INT64_C(1000000000000)        /* $1 a token */
#define MONEY_MARGIN_MAX_PPM INT64_C(100000000)            /* 10,000 % */
#define MONEY_AMOUNT_MAX_NUSD INT64_C(1000000000000000000) /* $10^9 */

/* "12.5", "0.000000001", "1000" -> nano-USD. Decimal notation only: digits, at most one point, at
 * most 9 decimals, no sign, no exponent, no spaces; at most MONEY_AMOUNT_MAX_NUSD. Fault code
 * "invalid_amount". */
bool money_parse(struct slice text, int64_t *out_nusd, struct fault *fault);
/* The same for a number of JSON, which may have an exponent: 1.5e-7. At most 64 bytes long. */
bool money_parse_number(struct slice text, int64_t *out_nusd, struct fault *fault);
/* As money_parse, a price in USD per million tokens, at most 6 decimals -> pico-USD per token. */
bool money_parse_price(struct slice text, int64_t *out_pusd, struct fault *fault);
/* "20%", "12.5 %", "0%" -> ppm; at most 4 decimals, at most 10,000 %. */
bool money_parse_margin(struct slice text, int64_t *out_ppm, struct fault *fault);

/* "0.000540000": always 9 decimals, "-" in front of a negative. Returns `out`. */
const char *money_format(int64_t nusd, char out[MONEY_TEXT_BYTES]);
/* "0.00054": as few decimals as are exact (at least one digit before the point); a JSON number. */
const char *money_format_short(int64_t nusd, char out[MONEY_TEXT_BYTES]);
/* A sell price per token in USD for `pricing` (OpenRouter's form), exact: price x (1 + margin). */
const char *money_format_token_price(int64_t pusd, int64_t margin_ppm, char out[48]);

/* The same of a million tokens: "0.18". */
const char *money_format_sell_price(int64_t pusd, int64_t margin_ppm, char out[48]);

/* A unit price in USD per million tokens: "0.15", with at least 2 decimals. */
const char *money_format_price(int64_t pusd, char out[MONEY_TEXT_BYTES]);
/* "20%", "12.5%". */
const char *money_format_margin(int64_t margin_ppm, char out[MONEY_TEXT_BYTES]);

/* sum(tokens x price) x (1 + margin), rounded up once to nano-USD; 128 bits inside. False when
 * the result is above MONEY_AMOUNT_MAX_NUSD or an argument is out of its bounds. */
bool money_charge(const struct token_prices *prices, const struct token_counts *tokens,
                  int64_t margin_ppm, int64_t *out_nusd);

/* The same before it is rounded, in USD with 18 decimals, and what rounding adds to it. */
struct money_exact {
    char sum[48];
    char rounding[48];
};
/* False as money_charge. */
bool money_charge_exact(const struct token_prices *prices, const struct token_counts *tokens,
                        int64_t margin_ppm, struct money_exact *out);

/* The largest number of output tokens (<= tokens_max) such that a charge with `input` tokens and
 * these output tokens is <= amount_nusd. -1 when not even the input is affordable. */
int64_t money_affordable_output(const struct token_prices *prices, int64_t input_tokens,
                                int64_t tokens_max, int64_t margin_ppm, int64_t amount_nusd);

#endif
