/* Decides which token counts an answer is charged by, and which of them the customer pays. It uses
 * the provider's counts, each checked against what came, or our estimate where a count is missing.
 * No customer pays more than the model's context, its longest answer and the request's own limit
 * allow. If a provider counts more than that, the operator pays the rest and gets an alarm. Pure
 * functions. */
#ifndef EXCHANGE_CHARGE_H
#define EXCHANGE_CHARGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/money.h"
#include "store/usage.h"

struct model_request;
struct media_sizes;
struct meter;
struct rate_set;

/* The most that is allowed, as the hold computes it. */
struct charge_limits {
    int64_t context_tokens;
    int64_t input_tokens;             /* as the hold counts them; an estimate is never higher */
    int64_t image_tokens;             /* of one image */
    const struct unit_counts *beside; /* what stands beside prompt and answer; borrowed */
    int64_t seconds;                  /* of a file whose length is held; 0: as `beside` */
    int64_t output_tokens;            /* of all choices: limits of model, operator and customer */
};

struct charge {
    struct unit_counts tokens;  /* what the provider bills, as far as we know */
    struct unit_counts allowed; /* the part that the customer pays */
    int64_t reasoning_tokens;
    int64_t excess_tokens; /* of `tokens`: what cannot be true, so that no limit counts it */
    unsigned unpriced;     /* units that were used, cost the provider's price, and have none here */
    enum usage_source source;
};

/* The input of charge_count; all is borrowed. */
struct charge_view {
    const struct model_request *asks;
    const struct meter *meter;
    const struct rate_set *input_rates;
    const struct charge_limits *limits;
    unsigned priced;       /* the units that have a price of their own; a bit for each */
    bool searches_always;  /* each call searches, though its provider does not count it */
    bool searches_as_one;  /* the provider bills a prompt that was searched for, not each query */
    bool keeps_responses;  /* the provider adds what the request names of what it keeps */
    bool cut;              /* the answer is incomplete */
    int64_t unseen_tokens; /* estimate for an answer that was cancelled before we saw it */
};

/* Of speech that is not counted: OpenAI's own estimate for gpt-4o-mini-tts, $0.015 a minute at $12
 * a million (price list, 2026-11). */
enum { CHARGE_SOUND_TOKENS_PER_MINUTE = 1250 };

struct prompt;
struct rate_set;

/* Estimates the tokens of the text of a prompt, and of what stands around its messages. */
int64_t charge_text_tokens(const struct prompt *prompt, const struct rate_set *rates);
/* Estimates the tokens of generated pictures and sound. */
int64_t charge_media_tokens(const struct charge_limits *limits, const struct media_sizes *output);
void charge_count(const struct charge_view *view, struct charge *out);
/* Corrects the source of a charge by these prices: where none of its tokens cost anything, it does
 * not matter who counted them, but who counted what else it is for. */
void charge_find_source(const struct charge_view *view, const struct unit_prices *sold,
                        struct charge *charge);
/* Whether the provider counts more than request and model allow. */
bool charge_is_excessive(const struct charge *charge);
/* Splits a call anew for other prices: `whole` has the call's prompt, the part of it that a cache
 * has read and its answer as plain units, `parts` what is known of the other units. A part without
 * a price of its own (`priced`, a bit for each unit) goes to its fallback. Returns the units whose
 * price then is missing: what the provider bills more for than plain tokens. */
unsigned charge_split(unsigned priced, const struct unit_counts *parts, struct unit_counts *whole);

#endif
