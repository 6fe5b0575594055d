/* How many tokens a text has. Learned for each model from calls whose provider reported its counts;
 * used where a provider does not, and for holds. Whole numbers only.
 *
 * Shared by all workers; each part of the table has a lock. In memory: the rates survive a reload
 * of the policies, and a restart learns them anew. Bounded: a new model replaces the one that was
 * unused for the longest time. */
#ifndef EXCHANGE_RATES_H
#define EXCHANGE_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text_mix.h"

struct rates;

/* A kind of text that was seen, such as code, Korean or tables. */
struct rate_example {
    int16_t shares[TEXT_CLASSES]; /* in units of 1/2^12 */
    int16_t hits;                 /* 0: unused */
    int32_t rate;                 /* tokens per 2^20 bytes */
    int32_t deviation;            /* mean error of the estimate; 2^16: 100 % */
};

enum { RATE_EXAMPLES = 12 };

/* For input or for output. A text much like an example has the example's rate, other texts the rate
 * of their classes, and texts in between a mean. */
struct rate_set {
    int32_t per_class[TEXT_CLASSES]; /* tokens per 2^20 bytes */
    int32_t samples;
    struct rate_example examples[RATE_EXAMPLES];
};

struct model_rates {
    struct rate_set input;
    struct rate_set output;
};

struct rates *rates_new(void);
void rates_free(struct rates *rates);
/* How many models made room for others, since the start. Any thread. */
int64_t rates_forgotten(struct rates *rates);

/* Gets what is known of a model; a set without samples knows nothing. */
void rates_get(struct rates *rates, const char *model, struct model_rates *out);

/* A call with credible counts: this many bytes of text, of this mix, had this many tokens. 0 bytes:
 * nothing to learn. */
struct rate_sample {
    const struct text_mix *mix;
    int64_t bytes;
    int64_t tokens;
};
void rates_learn(struct rates *rates, const char *model, const struct rate_sample *input,
                 const struct rate_sample *output);

/* Tokens per 2^20 bytes of such a text; 0: unknown. */
int64_t rates_of_mix(const struct rate_set *set, const struct text_mix *mix);
/* The tokens of this many bytes, with those that a template adds. Where nothing is known, or where
 * it is as good (within a tenth), this is the documented estimate of one token per four bytes,
 * rounded up. */
int64_t rates_tokens(int64_t rate, int64_t bytes, int64_t template_tokens);
/* The same for a hold: what the model may well need, but at most one token per byte. */
int64_t rates_tokens_held(const struct rate_set *set, const struct text_mix *mix, int64_t bytes);

#endif
