/* What an answer is charged by: the provider's counts, each judged by what came, and our estimate
 * where there is none; and what of it the customer pays. No customer pays more than the model's
 * context and longest answer and the request's own limit allow: what a provider counts above that
 * is the operator's, and an alarm to the operator.
 *
 * On the worker's thread. */
#ifndef EXCHANGE_CHARGE_H
#define EXCHANGE_CHARGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/money.h"
#include "store/usage.h"

struct exchange;

/* What is allowed at most, as exchange_hold finds it out. */
struct charge_limits {
    int64_t context_tokens;
    int64_t input_tokens;  /* as the hold counts them; no estimate is above it */
    int64_t image_tokens;  /* of one image */
    int64_t output_tokens; /* of all choices: by the model, the operator and the customer */
};

struct charge {
    struct token_counts tokens;  /* as the provider bills them, as far as it can be known */
    struct token_counts allowed; /* what of them the customer pays */
    int64_t reasoning_tokens;
    enum usage_source source;
};

/* The estimate of a request's input tokens: pictures by the model's bound, what cannot be
 * foreseen by what the hold counted. */
int64_t charge_input_estimate(const struct exchange *exchange);
/* The estimate of what was generated besides text. */
int64_t charge_media_tokens(const struct exchange *exchange);
/* `cut`: the answer is not whole. */
void charge_count(const struct exchange *exchange, bool cut, struct charge *out);
/* Puts counts and amounts into the settlement's record; extends the hold where the customer has
 * more than is held. */
void charge_fill(struct exchange *exchange, bool cut);

#endif
