/* How many calls of a model may be asked twice (hedging.h): each plain call of it pays a share of a
 * second request in, and a second request takes a whole one out. So a provider that becomes slow
 * for all is not asked for twice as much. Finagle bounds its backup requests in the same way
 * (`maxExtraLoad` of its BackupRequestFilter).
 *
 * Shared by all workers, without a lock. A budget is found by the model's name, so it survives a
 * reload; where there is no room for another, nothing is hedged. */
#ifndef EXCHANGE_HEDGE_BUDGET_H
#define EXCHANGE_HEDGE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct hedge_budgets;

struct hedge_budgets *hedge_budgets_new(void);
void hedge_budgets_free(struct hedge_budgets *budgets); /* NULL is allowed */

/* A call of the model pays in `ppm` millionths of a second request. No more than ten wait to be
 * used. */
void hedge_budget_pay(struct hedge_budgets *budgets, const char *model, int64_t ppm);
/* Takes one second request. Returns false if there is none. */
bool hedge_budget_take(struct hedge_budgets *budgets, const char *model);
/* It was not asked for after all. */
void hedge_budget_give_back(struct hedge_budgets *budgets, const char *model);

#endif
