/* The quotas of an exchange (store/quotas.h): those among its limits, and what the dashboard has
 * set for its customer and key. They are claimed when the limits are counted, taken with the hold,
 * and corrected by the settlement. On the worker's thread. */
#ifndef EXCHANGE_QUOTA_LIMITS_H
#define EXCHANGE_QUOTA_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "exchange/rate_limits.h"
#include "store/ledger.h"

struct exchange;

/* Whether a call that holds so much would pass the exchange's quotas; NULL: it has none. Else
 * *retry_after_ms is as in the refusal. */
bool quota_limits_pass(const struct quota_claim *claim, int64_t nusd, int64_t now_ms,
                       int64_t *retry_after_ms);
/* The hold has taken: tells the rest in the reply's headers. */
void quota_limits_told(struct exchange *exchange);
/* Whether a quota of money, not the wallet, is too small for so much more: refusal->quota says. */
bool quota_limits_shortage(const struct exchange *exchange, int64_t more_nusd,
                           struct hold_refusal *refusal);
/* Answers 429: a quota has too little left for the hold. */
void quota_limits_refuse(struct exchange *exchange, const struct quota_refusal *refusal);

#endif
