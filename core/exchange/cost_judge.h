/* Decides whether we believe what a provider says that a call cost. Pure functions. */
#ifndef EXCHANGE_COST_JUDGE_H
#define EXCHANGE_COST_JUDGE_H

#include <stdint.h>

#include "dialect/stated_cost.h"

enum {
    /* A stated cost is believed up to so many times what our own prices make of the call. One model
     * of OpenRouter is served at prices that differ 15-fold; cents that are taken for dollars
     * differ 100-fold. */
    COST_JUDGE_FACTOR = 50,
    /* ... and always up to what was held, and up to a cent: our own price may be 0. */
    COST_JUDGE_FLOOR_NUSD = 10 * 1000 * 1000,
    /* A difference above 1 % raises an alarm, but for what rounding to six decimals can make. */
    COST_JUDGE_PARTS = 100,
    COST_JUDGE_ROUNDING_NUSD = 1000
};

enum cost_verdict {
    COST_NOT_STATED,
    COST_BELIEVED,
    COST_DIFFERS, /* believed, but the operator must hear of it */
    COST_REFUSED  /* malformed or absurd: our own computation counts */
};

/* `computed_nusd`: what our prices make of the counts; `held_nusd`: what was held for the call. */
enum cost_verdict cost_judge(const struct stated_cost *stated, int64_t computed_nusd,
                             int64_t held_nusd);

#endif
