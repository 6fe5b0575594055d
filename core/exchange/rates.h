/* How many tokens a text has: learned for each model from the calls whose provider reported it, and
 * used where none does, and for what a call holds. Whole numbers only.
 *
 * Shared by all workers, a lock for each part of the table. In memory: the policies may be
 * reloaded, and a restart learns anew. Bounded: where there is no place for another model, the
 * one that was not used for longest is forgotten. */
#ifndef EXCHANGE_RATES_H
#define EXCHANGE_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text_mix.h"

struct rates;

/* A kind of text that was seen: code, Korean, tables. */
struct rate_example {
    int16_t shares[TEXT_CLASSES]; /* of 2^12 */
    int16_t hits;                 /* 0: no example */
    int32_t rate;                 /* tokens of 2^20 bytes */
    int32_t deviation; /* of what was reported from what was expected; 2^16: as much again */
};

enum { RATE_EXAMPLES = 12 };

/* Of what goes in or what comes out. A text that is much like an example has its rate, another one
 * that of its classes, and what is between them a mean. */
struct rate_set {
    int32_t per_class[TEXT_CLASSES]; /* tokens of 2^20 bytes */
    int32_t samples;
    struct rate_example examples[RATE_EXAMPLES];
};

struct model_rates {
    struct rate_set input;
    struct rate_set output;
};

struct rates *rates_new(void);
void rates_free(struct rates *rates);

/* What is known of a model; sets without samples: nothing. */
void rates_get(struct rates *rates, const char *model, struct model_rates *out);

/* A call whose counts can be believed: so many bytes of text, of this mix, had so many tokens. 0
 * bytes: nothing to be learned. */
struct rate_sample {
    const struct text_mix *mix;
    int64_t bytes;
    int64_t tokens;
};
void rates_learn(struct rates *rates, const char *model, const struct rate_sample *input,
                 const struct rate_sample *output);

/* Tokens of 2^20 bytes of such a text; 0: nothing is known. */
int64_t rates_of_mix(const struct rate_set *set, const struct text_mix *mix);
/* The tokens of so many bytes, with what a template adds to them. The documented estimate, a token
 * for each four bytes begun, where nothing is known, or where it is as good (within a tenth). */
int64_t rates_tokens(int64_t rate, int64_t bytes, int64_t template_tokens);
/* The same to be held: what the model may well need, but no more than a token a byte. */
int64_t rates_tokens_held(const struct rate_set *set, const struct text_mix *mix, int64_t bytes);

#endif
