/* An exchange and the daily caps of the providers that it asks (spending.h). */
#ifndef EXCHANGE_SPEND_CAP_H
#define EXCHANGE_SPEND_CAP_H

#include <stdint.h>

#include "exchange/health.h"

struct candidate;
struct exchange;

/* Whether the provider's cap has room for the call, which is then reserved: HEALTH_CLEAR,
 * HEALTH_BUSY or HEALTH_SPENT. What was reserved before is given back. */
enum health_obstacle spend_cap_reserve(struct exchange *exchange,
                                       const struct candidate *candidate);
void spend_cap_release(struct exchange *exchange);
/* The exchange (`owner`), a stream, holds more than when it began: that counts against the cap at
 * once, so no other call begins with it. */
void spend_cap_follow(void *owner);
/* The call is settled: its cost counts. Gives back what was reserved. */
void spend_cap_settle(struct exchange *exchange, int64_t cost_nusd);
/* When to ask again, on the clock of health.h. */
int64_t spend_cap_until_ms(enum health_obstacle obstacle, int64_t now_ms);

#endif
