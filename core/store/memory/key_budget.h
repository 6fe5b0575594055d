/* The budget of a key: what it may spend and has spent, for ever or in each day, week or month. A
 * charge belongs to the period in which its request came, so that the books can check it. What a
 * request of the last period holds counts against both periods until it has ended. Guarded by the
 * lock of the key's wallet shard. */
#ifndef STORE_MEMORY_KEY_BUDGET_H
#define STORE_MEMORY_KEY_BUDGET_H

#include <stdint.h>

#include "base/period.h"

struct key_spending {
    int64_t start_ms; /* of the period; 0: for ever */
    int64_t spent_nusd;
    int64_t unapplied_nusd; /* the part of it that is not in the tables yet */
};

struct key_budget {
    int64_t amount_nusd; /* -1: no budget */
    enum period period;
    int64_t held_nusd;
    struct key_spending spending[2]; /* of the present period and the one before */
};

/* Sets the budget. `spent_nusd` is the tables' sum for the period of `at_ms`. */
void key_budget_set(struct key_budget *budget, int64_t amount_nusd, enum period period,
                    int64_t at_ms, int64_t spent_nusd);
/* What a request that came at `at_ms` may still hold; INT64_MAX without a budget. */
int64_t key_budget_left_nusd(struct key_budget *budget, int64_t at_ms);
/* Charges such a request; `unapplied_nusd` of it is not in the tables yet. */
void key_budget_spend(struct key_budget *budget, int64_t at_ms, int64_t charge_nusd,
                      int64_t unapplied_nusd);
/* An unapplied charge is now in the tables. */
void key_budget_applied(struct key_budget *budget, int64_t at_ms, int64_t charge_nusd);
/* What was spent in the period of `at_ms`. */
int64_t key_budget_spent_nusd(struct key_budget *budget, int64_t at_ms);

#endif
