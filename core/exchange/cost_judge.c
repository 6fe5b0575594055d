#include "exchange/cost_judge.h"

#include <stdbool.h>

#include "base/money.h"

/* The most that is believed. */
static int64_t limit_of(int64_t computed_nusd, int64_t held_nusd)
{
    int64_t limit_nusd = computed_nusd < MONEY_AMOUNT_MAX_NUSD / COST_JUDGE_FACTOR
                             ? computed_nusd * COST_JUDGE_FACTOR
                             : MONEY_AMOUNT_MAX_NUSD;
    if (limit_nusd < held_nusd)
        limit_nusd = held_nusd;
    return limit_nusd > COST_JUDGE_FLOOR_NUSD ? limit_nusd : COST_JUDGE_FLOOR_NUSD;
}

static bool differs(int64_t stated_nusd, int64_t computed_nusd)
{
    int64_t apart_nusd =
        stated_nusd > computed_nusd ? stated_nusd - computed_nusd : computed_nusd - stated_nusd;
    return apart_nusd > COST_JUDGE_ROUNDING_NUSD && apart_nusd > computed_nusd / COST_JUDGE_PARTS;
}

enum cost_verdict cost_judge(const struct stated_cost *stated, int64_t computed_nusd,
                             int64_t held_nusd)
{
    if (!stated->came)
        return COST_NOT_STATED;
    if (stated->malformed || stated->nusd > limit_of(computed_nusd, held_nusd))
        return COST_REFUSED;
    return differs(stated->nusd, computed_nusd) ? COST_DIFFERS : COST_BELIEVED;
}
