/* Prices under conditions: a prompt above N tokens, a service tier, a time of day, and others.
 * Rules apply in their order: each that matches sets prices of units, or multiplies all of them.
 * Made once from the policy (lua/policy/schedule.lua checks that no two contradict each other);
 * never changes. */
#ifndef EXCHANGE_PRICE_SCHEDULE_H
#define EXCHANGE_PRICE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/unit.h"
#include "store/usage_facts.h"

enum { PRICE_RULES_MAX = 32, PRICE_WORD_BYTES = USAGE_WORD_BYTES };

/* Words by name or by number, as a record has them. "": nothing is said, or any. */
#define PRICE_WORDS                                                                                \
    union {                                                                                        \
        struct {                                                                                   \
            char service_tier[PRICE_WORD_BYTES];                                                   \
            char speed[PRICE_WORD_BYTES];                                                          \
            char region[PRICE_WORD_BYTES];                                                         \
            char choice[PRICE_WORD_BYTES];         /* of the model's function */                   \
            char search_context[PRICE_WORD_BYTES]; /* how much a web search reads */               \
            char size[PRICE_WORD_BYTES];           /* of pictures */                               \
            char quality[PRICE_WORD_BYTES];                                                        \
            char resolution[PRICE_WORD_BYTES]; /* of film */                                       \
        };                                                                                         \
        char words[USAGE_WORDS][PRICE_WORD_BYTES];                                                 \
    }

/* What decides the price of a call. */
struct price_facts {
    int64_t prompt_tokens;
    int64_t at_ms; /* when the request came; wall clock */
    PRICE_WORDS;
};

struct price_rule {
    int64_t prompt_above; /* -1: any prompt */
    int64_t from_ms;      /* 0: ever since */
    int64_t until_ms;     /* exclusive; 0: for ever */
    /* The hours of a local day; `minute_until` is exclusive, and below `minute_from` it is of the
     * next day. */
    int16_t minute_from;
    int16_t minute_until;
    uint8_t weekdays; /* a bit for each day on which these hours begin, Monday first; 0: any time */
    PRICE_WORDS;      /* "": any */
    unsigned sets;    /* a bit for each unit that `prices` has */
    struct unit_prices prices;
    int64_t factor_ppm; /* of all prices */
};

/* One block of memory: a copy of its bytes is a copy of the schedule. */
struct price_schedule {
    size_t bytes; /* of the whole block */
    /* The units with a price of their own; a bit for each. The others follow their fallback. */
    unsigned priced;
    uint32_t rule_count;
    size_t zone_at; /* where in the block the zone of the hours is (zone_pack); 0: it is UTC */
    struct price_rule rules[];
};

/* The bytes of a schedule of so many rules, without its zone. */
size_t price_schedule_bytes(size_t rule_count);
/* Returns a copy that its owner frees. NULL: NULL. */
struct price_schedule *price_schedule_copy(const struct price_schedule *schedule);

/* Applies the rules to `prices`, which are the plain ones. NULL: there are none. A part of which
 * the rules say nothing becomes dearer as its whole does, and never cheaper. Factors, which stand
 * last, round each price up to the pico-USD. Words match in any case. */
void price_schedule_apply(const struct price_schedule *schedule, const struct price_facts *facts,
                          struct unit_prices *prices);

/* How a call was served: the words in front of USAGE_CHOICE. Whether a rule names this tier, speed
 * or region, or it is a name of the plain one. */
bool price_schedule_knows(const struct price_schedule *schedule, enum usage_word word,
                          const char *name);
/* Whether a rule names this word of its kind, or none names any. */
bool price_schedule_takes(const struct price_schedule *schedule, enum usage_word word,
                          const char *name);
/* What the counts cost under these facts, without a margin; `prices` are the plain ones. */
int64_t price_schedule_cost(const struct price_schedule *schedule, const struct price_facts *facts,
                            struct unit_prices prices, const struct unit_counts *counts);
/* Puts the word of its kind into *facts with which these counts cost most: one that a rule names,
 * or none. */
void price_schedule_dearest(const struct price_schedule *schedule, enum usage_word word,
                            const struct unit_prices *prices, const struct unit_counts *counts,
                            struct price_facts *facts);

/* Copies a word of the provider, cut at its bound; anything but printable ASCII becomes '?'. */
void price_word_copy(struct slice text, char out[PRICE_WORD_BYTES]);

#endif
