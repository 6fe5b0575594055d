/* Which candidate an exchange asks next: in the order of its route, by what health.h says. A
 * candidate that has failed is not asked again in the same call. */
#ifndef EXCHANGE_CHOICE_H
#define EXCHANGE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "exchange/health.h"
#include "exchange/route.h"

struct candidate;
struct exchange;

/* Returns the place of the next candidate, or -1: none may be asked. The list is the same at each
 * call of one exchange. If none is well at the first call, one that was ejected is asked all the
 * same: a customer is better off with a small chance than with none. */
int exchange_choose(struct exchange *exchange, struct candidate *const candidates[], size_t count,
                    enum route_sort sort);

/* Before the first choice, of a model with a canary: so many candidates, the first of the list,
 * are the canary's; 0: this call does not go there. They are asked first, whatever the order;
 * attempts at them are counted in the record. */
void exchange_lead(struct exchange *exchange, unsigned count);

/* Some time after the choice, and exchange_release_health: whether that candidate may still be
 * asked (HEALTH_CLEAR: it is entered again), or why not. */
struct health_view exchange_choose_again(struct exchange *exchange,
                                         const struct candidate *candidate);

/* The attempt was decided: tells health.h, and the log what that has changed. */
void exchange_tell_health(struct exchange *exchange);
/* Its answer has come to its end, or has broken off. */
void exchange_tell_answer_end(struct exchange *exchange, bool cut);
/* The exchange is over: an attempt that still runs says nothing of its provider. */
void exchange_release_health(struct exchange *exchange);

#endif
