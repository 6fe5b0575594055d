/* Puts the quotas that the dashboard has set to the limits of a policy; lua/quotas.lua shows them
 * so. */
#ifndef EXCHANGE_QUOTA_MERGE_H
#define EXCHANGE_QUOTA_MERGE_H

#include "exchange/limit_rule.h"

struct exchange;

/* The rules with those that the dashboard has set for the customer and key: a customer's replaces
 * the rule that counts the same, a key's can only be stricter. Where nothing is set, `rules`
 * itself; else *owned is to be freed. A quota of one model counts if that is among `models`. */
const struct limit_rules *quota_merge(const struct exchange *exchange,
                                      const struct limit_rules *rules,
                                      const struct asked_models *models,
                                      struct limit_rules **owned);

#endif
