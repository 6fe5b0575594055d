/* The alerts (store/alerts.h) that calls raise, and clear. */
#ifndef EXCHANGE_RAISED_ALERTS_H
#define EXCHANGE_RAISED_ALERTS_H

#include "exchange/health.h"

struct exchange;

/* What the present attempt has come to, and what that has changed. */
void raised_alerts_of_health(const struct exchange *exchange, enum health_result result,
                             const struct health_news *news);
/* The attempt was decided: of a model with a canary, which may do worse than the others. */
void raised_alerts_of_trial(struct exchange *exchange);
/* The settlement is filled: it may cost more than it brings in, or than was held. */
void raised_alerts_of_charge(const struct exchange *exchange);
/* The answer tells a unit, a tier or another word that models.lua has no price for: `kind` is what
 * it is. */
void raised_alerts_of_price(const struct exchange *exchange, const char *kind, const char *word);
/* The provider has stated another cost than our own prices make of the call. */
void raised_alerts_of_cost(const struct exchange *exchange);
/* A function of the policies has failed; `place` begins with its file and line. */
void raised_alerts_of_policy(const struct exchange *exchange, const char *place);

#endif
