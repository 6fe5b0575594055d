#include "store/memory/key_budget.h"

#include <stddef.h>

/* The spending of the period of `at_ms`. Begins the period if it is a new one. NULL: it is older
 * than those we keep. */
static struct key_spending *spending_at(struct key_budget *budget, int64_t at_ms)
{
    struct key_spending *spending = budget->spending;
    int64_t start_ms = period_start_ms(budget->period, at_ms);
    if (start_ms > spending[0].start_ms) {
        spending[1] = spending[0];
        spending[0] = (struct key_spending){.start_ms = start_ms};
    }
    if (start_ms == spending[0].start_ms)
        return &spending[0];
    return start_ms == spending[1].start_ms ? &spending[1] : NULL;
}

void key_budget_set(struct key_budget *budget, int64_t amount_nusd, enum period period,
                    int64_t at_ms, int64_t spent_nusd)
{
    struct key_spending *spending = budget->spending;
    budget->amount_nusd = amount_nusd;
    if (budget->period != period) { /* unapplied charges of either count for the present one */
        int64_t unapplied_nusd = spending[0].unapplied_nusd + spending[1].unapplied_nusd;
        budget->period = period;
        spending[0] = (struct key_spending){.start_ms = period_start_ms(period, at_ms),
                                            .unapplied_nusd = unapplied_nusd};
        spending[1] = (struct key_spending){.start_ms = -1};
    }
    spending = spending_at(budget, at_ms);
    if (spending != NULL)
        spending->spent_nusd = spent_nusd + spending->unapplied_nusd;
}

int64_t key_budget_left_nusd(struct key_budget *budget, int64_t at_ms)
{
    const struct key_spending *spending;
    int64_t left;
    if (budget->amount_nusd < 0)
        return INT64_MAX;
    spending = spending_at(budget, at_ms);
    left = spending != NULL ? budget->amount_nusd - spending->spent_nusd - budget->held_nusd : 0;
    return left > 0 ? left : 0;
}

void key_budget_spend(struct key_budget *budget, int64_t at_ms, int64_t charge_nusd,
                      int64_t unapplied_nusd)
{
    struct key_spending *spending = spending_at(budget, at_ms);
    if (spending == NULL)
        return;
    spending->spent_nusd += charge_nusd;
    spending->unapplied_nusd += unapplied_nusd;
}

void key_budget_applied(struct key_budget *budget, int64_t at_ms, int64_t charge_nusd)
{
    struct key_spending *spending = spending_at(budget, at_ms);
    struct key_spending *other = &budget->spending[spending == &budget->spending[0]];
    int64_t here_nusd = charge_nusd;
    if (spending == NULL)
        return;
    if (here_nusd > spending->unapplied_nusd) /* the period was changed meanwhile */
        here_nusd = spending->unapplied_nusd;
    spending->unapplied_nusd -= here_nusd;
    charge_nusd -= here_nusd;
    other->unapplied_nusd -=
        charge_nusd < other->unapplied_nusd ? charge_nusd : other->unapplied_nusd;
}

int64_t key_budget_spent_nusd(struct key_budget *budget, int64_t at_ms)
{
    const struct key_spending *spending = spending_at(budget, at_ms);
    return spending != NULL ? spending->spent_nusd : 0;
}
