/* Which calls take part in a trial of a model: a canary, which answers them, or a shadow, which
 * gets them once more. Pure. */
#ifndef EXCHANGE_TRIAL_H
#define EXCHANGE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

/* Returns a seed that stays the same for an account and a model, so that a customer stays in a
 * trial, or outside of it. `trial` is its name: two trials of a model choose independently. */
uint64_t trial_seed(const char *trial, const char *account_id, const char *model);

/* Whether a seed is among a share of all seeds. A greater share has all of a smaller one: who was
 * in stays in when the operator raises it. */
bool trial_draws(uint64_t seed, int64_t share_ppm);

#endif
