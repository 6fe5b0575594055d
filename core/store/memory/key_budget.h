/* What a key may spend, and has: for ever, or in each day, week or month. A charge belongs to the
 * period in which its request came, so the books can tell; what a request of the last period has
 * held counts against both until it has ended. Guarded by the wallet's lock of the key. */
#ifndef STORE_MEMORY_KEY_BUDGET_H
#define STORE_MEMORY_KEY_BUDGET_H

#include <stdint.h>

#include "base/period.h"

struct key_spending {
    int64_t start_ms; /* of the period; 0: for ever */
    int64_t spent_nusd;
    int64_t unapplied_nusd; /* of it, what is not in the tables yet */
};

struct key_budget {
    int64_t amount_nusd; /* -1: none */
    enum period period;
    int64_t held_nusd;
    struct key_spending spending[2]; /* of the period that is, and of the one before */
};

/* Sets the budget. `spent_nusd` is what the tables have of the period that `at_ms` lies in. */
void key_budget_set(struct key_budget *budget, int64_t amount_nusd, enum period period,
                    int64_t at_ms, int64_t spent_nusd);
/* What a request that came at that time may still hold; INT64_MAX without a budget. */
int64_t key_budget_left_nusd(struct key_budget *budget, int64_t at_ms);
/* A charge of such a request; `unapplied_nusd` of it is not in the tables yet. */
void key_budget_spend(struct key_budget *budget, int64_t at_ms, int64_t charge_nusd,
                      int64_t unapplied_nusd);
/* A charge that was ahead of the tables is in them. */
void key_budget_catch_up(struct key_budget *budget, int64_t at_ms, int64_t charge_nusd);
/* What was spent in that period. */
int64_t key_budget_spent_nusd(struct key_budget *budget, int64_t at_ms);

#endif
