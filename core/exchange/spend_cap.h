/* An exchange and the daily caps of the providers that it asks (spending.h). */
#ifndef EXCHANGE_SPEND_CAP_H
#define EXCHANGE_SPEND_CAP_H

#include <stdbool.h>
#include <stdint.h>

struct candidate;
struct exchange;

/* Whether the provider's cap has room for the call, which is then reserved. What was reserved
 * before is given back. */
bool spend_cap_reserve(struct exchange *exchange, const struct candidate *candidate);
void spend_cap_release(struct exchange *exchange);
/* The call is settled: its cost counts. Gives back what was reserved. */
void spend_cap_settle(struct exchange *exchange, int64_t cost_nusd);
/* When the caps begin anew, on the clock of health.h. */
int64_t spend_cap_until_ms(int64_t now_ms);

#endif
