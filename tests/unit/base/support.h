/* What several of the unit tests need: random numbers from a seed that is printed, and a look at
 * whether something aborts. */
#ifndef TESTS_BASE_SUPPORT_H
#define TESTS_BASE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct dice {
    uint64_t state;
};

/* The seed is TEST_SEED of the environment or a new one; printed, so that a failure can be had
 * again. */
struct dice dice_make(void);
uint64_t dice_u64(struct dice *dice);
/* 0 <= n < limit */
size_t dice_below(struct dice *dice, size_t limit);
/* 0 <= n <= max, every order of magnitude about equally likely, often at an edge. */
int64_t dice_magnitude(struct dice *dice, int64_t max);

/* True when `run` ends in abort() in a process of its own. */
bool aborts(void (*run)(void));

#endif
