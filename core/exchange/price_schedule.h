/* Prices under conditions: a prompt above N tokens, a service tier, a speed, a region. Rules apply
 * in their order: each that matches sets prices of units, or multiplies all of them. Made once from
 * the policy (lua/policy/schedule.lua checks that no two contradict each other); never changes. */
#ifndef EXCHANGE_PRICE_SCHEDULE_H
#define EXCHANGE_PRICE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/unit.h"

enum { PRICE_RULES_MAX = 16, PRICE_WORD_BYTES = 24 };

/* What decides the price of a call. Words are "" where nothing is said. */
struct price_facts {
    int64_t prompt_tokens;
    char service_tier[PRICE_WORD_BYTES];
    char speed[PRICE_WORD_BYTES];
    char region[PRICE_WORD_BYTES];
};

struct price_rule {
    int64_t prompt_above; /* -1: any prompt */
    char service_tier[PRICE_WORD_BYTES];
    char speed[PRICE_WORD_BYTES];
    char region[PRICE_WORD_BYTES]; /* "": any, like the two above */
    unsigned sets;                 /* a bit for each unit that `prices` has */
    struct unit_prices prices;
    int64_t factor_ppm; /* of all prices */
};

struct price_schedule {
    /* The units with a price of their own; a bit for each. The others follow their fallback. */
    unsigned priced;
    size_t rule_count;
    struct price_rule rules[PRICE_RULES_MAX];
};

/* Applies the rules to `prices`. NULL: there are none. A factor rounds each price up to the
 * pico-USD. Words match in any case. */
void price_schedule_apply(const struct price_schedule *schedule, const struct price_facts *facts,
                          struct unit_prices *prices);

/* Whether a rule names this service tier, or it is a name of the plain one. */
bool price_schedule_knows_tier(const struct price_schedule *schedule, const char *tier);
/* Puts the tier into *facts with which these counts cost most. */
void price_schedule_dearest_tier(const struct price_schedule *schedule,
                                 const struct unit_prices *prices, const struct unit_counts *counts,
                                 struct price_facts *facts);

/* Copies a word of the provider, cut at its bound; anything but printable ASCII becomes '?'. */
void price_word_copy(struct slice text, char out[PRICE_WORD_BYTES]);

#endif
