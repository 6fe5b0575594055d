/* What decided the prices of a call, and what its provider said that it cost: a part of the usage
 * record (usage.h). Plain data; any thread. */
#ifndef STORE_USAGE_FACTS_H
#define STORE_USAGE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* The words that decided a call's prices. These numbers are in journal files, too. */
enum usage_word {
    USAGE_SERVICE_TIER = 0,
    USAGE_SPEED = 1,
    USAGE_REGION = 2,
    USAGE_CHOICE = 3, /* of the model's function in models.lua */
    USAGE_SEARCH_CONTEXT = 4,
    USAGE_SIZE = 5,
    USAGE_QUALITY = 6,
    USAGE_RESOLUTION = 7,
    USAGE_WORDS = 8
};
enum { USAGE_WORD_BYTES = 24 };

/* What decided the prices, what the provider said that the call cost, and whether it was a trial.
 * Most calls have nothing of it. */
struct usage_facts {
    char words[USAGE_WORDS][USAGE_WORD_BYTES]; /* "": nothing was said, or the plain thing */
    bool cost_stated;           /* the provider has said what it charges, and we believe it */
    bool sold_by_cost;          /* the margin was put on that, not on the sell prices */
    int64_t stated_cost_nusd;   /* as it was posted */
    int64_t computed_cost_nusd; /* what our own prices make of the counts */
    int32_t canary_attempts;    /* the first ones of the call went to the model's canary; 0: none */
};

const char *usage_facts_word_name(enum usage_word word); /* "service_tier", ... */
/* Whether there is something. */
bool usage_facts_any(const struct usage_facts *facts);

#endif
