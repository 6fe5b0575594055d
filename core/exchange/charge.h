/* What an answer is charged by: the provider's counts, each judged by what came, and our estimate
 * where there is none; and what of it the customer pays. No customer pays more than the model's
 * context and longest answer and the request's own limit allow: what a provider counts above that
 * is the operator's, and an alarm to the operator.
 * Pure functions. */
#ifndef EXCHANGE_CHARGE_H
#define EXCHANGE_CHARGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/money.h"
#include "store/usage.h"

struct chat_request;
struct media_sizes;
struct meter;
struct rate_set;

/* What is allowed at most, as the hold finds it out. */
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

/* What is judged; all of it is borrowed. */
struct charge_view {
    const struct chat_request *chat;
    const struct meter *meter;
    const struct rate_set *input_rates;
    const struct charge_limits *limits;
    int64_t unseen_tokens; /* the estimate of an answer that was cancelled unseen */
};

/* The estimate of what was generated besides text. */
int64_t charge_media_tokens(const struct charge_limits *limits, const struct media_sizes *output);
/* `cut`: the answer is not whole. */
void charge_count(const struct charge_view *view, bool cut, struct charge *out);

#endif
