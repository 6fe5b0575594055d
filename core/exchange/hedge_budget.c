#include "exchange/hedge_budget.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"

/* A power of two. */
enum { BUDGETS = 16384, ONE_PPM = 1000000, MOST_PPM = 10 * ONE_PPM };

struct budget {
    _Atomic uint64_t key; /* 0: free */
    _Atomic int64_t ppm;
};

struct hedge_budgets {
    struct budget places[BUDGETS];
};

struct hedge_budgets *hedge_budgets_new(void)
{
    struct hedge_budgets *budgets = calloc(1, sizeof *budgets);
    check(budgets != NULL);
    return budgets;
}

void hedge_budgets_free(struct hedge_budgets *budgets)
{
    free(budgets);
}

/* The model's place, by its key or the next free one. NULL: there is no room. */
static struct budget *budget_of(struct hedge_budgets *budgets, const char *model)
{
    uint64_t key = hash_on(HASH_START, slice_of(model)) | 1;
    for (size_t i = 0; i < BUDGETS; i++) {
        struct budget *budget = &budgets->places[(key + i) % BUDGETS];
        uint64_t found = 0;
        if (atomic_compare_exchange_strong(&budget->key, &found, key) || found == key)
            return budget;
    }
    return NULL;
}

/* Adds; no less than 0 and no more than MOST_PPM are left. Returns false if that would be less. */
static bool move(struct budget *budget, int64_t ppm)
{
    int64_t had = atomic_load(&budget->ppm);
    int64_t has;
    do {
        has = had + ppm < MOST_PPM ? had + ppm : MOST_PPM;
        if (has < 0)
            return false;
    } while (!atomic_compare_exchange_weak(&budget->ppm, &had, has));
    return true;
}

void hedge_budget_pay(struct hedge_budgets *budgets, const char *model, int64_t ppm)
{
    struct budget *budget = budget_of(budgets, model);
    if (budget != NULL)
        (void)move(budget, ppm);
}

bool hedge_budget_take(struct hedge_budgets *budgets, const char *model)
{
    struct budget *budget = budget_of(budgets, model);
    return budget != NULL && move(budget, -ONE_PPM);
}

void hedge_budget_give_back(struct hedge_budgets *budgets, const char *model)
{
    hedge_budget_pay(budgets, model, ONE_PPM);
}
