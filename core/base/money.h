/* Money in integers only. An amount is int64 nano-USD (`_nusd`, 1 USD = 10^9). A unit price is
 * int64 pico-USD per token or other unit (`_pusd`, 1 USD = 10^12): a price of $0.0375 per million
 * tokens is 37,500. A margin is int64 parts per million of the cost (`_ppm`): 20 % is 200,000.
 * There is no floating point anywhere. */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/slice.h"
#include "base/unit.h"

enum {
    MONEY_TEXT_BYTES = 32 /* enough for any formatted amount with its NUL */
};

#define MONEY_TOKENS_MAX INT64_C(1000000000000)            /* 10^12 of a unit */
#define MONEY_PRICE_MAX_PUSD INT64_C(1000000000000)        /* $1 a token, a search, a request */
#define MONEY_MARGIN_MAX_PPM INT64_C(100000000)            /* 10,000 % */
#define MONEY_AMOUNT_MAX_NUSD INT64_C(1000000000000000000) /* $10^9 */

/* "12.5", "0.000000001", "1000" -> nano-USD. Decimal notation only: digits, at most one point, at
 * most 9 decimals, no sign, no exponent, no spaces; at most MONEY_AMOUNT_MAX_NUSD. Fault code
 * "invalid_amount". */
bool money_parse(struct slice text, int64_t *out_nusd, struct fault *fault);
/* Like money_parse, for a JSON number, which may have an exponent: 1.5e-7. At most 64 bytes
 * long. */
bool money_parse_number(struct slice text, int64_t *out_nusd, struct fault *fault);
/* Like money_parse, for a price in USD per million tokens with at most 6 decimals -> pico-USD per
 * token. */
bool money_parse_price(struct slice text, int64_t *out_pusd, struct fault *fault);
/* The same for the price of one, such as a search, with at most 12 decimals. */
bool money_parse_single_price(struct slice text, int64_t *out_pusd, struct fault *fault);
/* "20%", "12.5 %", "0%" -> ppm; at most 4 decimals, at most 10,000 %. */
bool money_parse_margin(struct slice text, int64_t *out_ppm, struct fault *fault);

/* "0.000540000": always 9 decimals, "-" before a negative amount. Returns `out`. */
const char *money_format(int64_t nusd, char out[MONEY_TEXT_BYTES]);
/* "0.00054": no more decimals than needed, at least one digit before the point; a JSON number. */
const char *money_format_short(int64_t nusd, char out[MONEY_TEXT_BYTES]);
/* The exact sell price of a token in USD, price x (1 + margin), for `pricing` (OpenRouter's
 * form). */
const char *money_format_token_price(int64_t pusd, int64_t margin_ppm, char out[48]);

/* The same for a million tokens, or for one of a unit that is priced one by one: "0.18". */
const char *money_format_sell_price(enum unit unit, int64_t pusd, int64_t margin_ppm, char out[48]);

/* A price in USD per million tokens, or for one: "0.15", with at least 2 decimals. */
const char *money_format_price(enum unit unit, int64_t pusd, char out[MONEY_TEXT_BYTES]);
/* "20%", "12.5%". */
const char *money_format_margin(int64_t margin_ppm, char out[MONEY_TEXT_BYTES]);

/* Raises *price_pusd to `plain_pusd` x `now_pusd` / `before_pusd`, rounded up, if that is dearer;
 * at most MONEY_PRICE_MAX_PUSD. `before_pusd` may be 0: then nothing is known. */
void money_raise_alike(int64_t before_pusd, int64_t now_pusd, int64_t plain_pusd,
                       int64_t *price_pusd);
/* A price times a factor in parts per million, rounded up to the pico-USD; at most
 * MONEY_PRICE_MAX_PUSD. */
int64_t money_times(int64_t price_pusd, int64_t factor_ppm);

/* An amount x (1 + margin), rounded up to the nano-USD; at most MONEY_AMOUNT_MAX_NUSD. */
int64_t money_with_margin(int64_t amount_nusd, int64_t margin_ppm);

/* Computes sum(quantity x price) x (1 + margin), rounded up once to nano-USD, with 128 bits inside.
 * Returns false when the result is above MONEY_AMOUNT_MAX_NUSD or an argument is out of its
 * bounds. */
bool money_charge(const struct unit_prices *prices, const struct unit_counts *counts,
                  int64_t margin_ppm, int64_t *out_nusd);

/* A charge before rounding, in USD with 18 decimals, and what rounding adds to it. */
struct money_exact {
    char sum[48];
    char rounding[48];
};
/* Returns false in the same cases as money_charge. */
bool money_charge_exact(const struct unit_prices *prices, const struct unit_counts *counts,
                        int64_t margin_ppm, struct money_exact *out);

/* Returns the largest number of output tokens (<= tokens_max) such that a charge for `counts` and
 * these output tokens is <= amount_nusd. Returns -1 when not even the counts are affordable. */
int64_t money_affordable_output(const struct unit_prices *prices, const struct unit_counts *counts,
                                int64_t tokens_max, int64_t margin_ppm, int64_t amount_nusd);

#endif
