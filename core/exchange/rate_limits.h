/* The limits that are counted for an exchange: all of them at once when it begins, corrected or
 * left when it ends. A policy prepares its limits once; what is counted is known to the limiter by
 * a place that is put together from the limit's own and the customer's, so that a request makes no
 * names. On the worker's thread. */
#ifndef EXCHANGE_RATE_LIMITS_H
#define EXCHANGE_RATE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange/limiter.h"

struct exchange;

enum limit_kind { LIMIT_REQUESTS, LIMIT_TOKENS, LIMIT_CONCURRENCY, LIMIT_USD, LIMIT_ABANDONED };
enum limit_scope { LIMIT_PER_KEY, LIMIT_PER_USER, LIMIT_PER_GROUP, LIMIT_FOR_ALL };
enum { LIMIT_SCOPES = 4 };

/* A limit of a policy. */
struct limit_rule {
    enum limit_kind kind;
    enum limit_scope scope;
    int64_t limit;
    int64_t window_ms;       /* 0 for concurrency */
    struct limit_slot place; /* of what is counted; the same in every policy that counts it */
};

struct limit_rules {
    size_t count;
    struct limit_rule list[];
};

/* Fills in the place, by the name of what is counted: "key/requests_per_minute". */
void limit_rule_name(struct limit_rule *rule, const char *name);

/* A limit that was counted for an exchange and is corrected or left when it ends. */
struct counted_limit {
    enum limit_kind kind;
    int64_t amount;
    int64_t window_ms;
    struct limit_slot place;
};

/* Counts against all rules in their order, once an exchange; tokens by the estimate, which is
 * corrected at the end. `requests_only`: for an answer that is given again. The states go into the
 * reply's x-ratelimit headers. False: one is reached, the client has been told. */
bool rate_limits_acquire(struct exchange *exchange, const struct limit_rules *rules,
                         bool requests_only);
/* Counts as one of those of this name at the same time. False: they are `most` already; the client
 * has been told. */
bool rate_limits_acquire_one(struct exchange *exchange, struct slice name, int64_t most);
/* Whether that was done: once an exchange. */
bool rate_limits_acquired(const struct exchange *exchange);
/* The client has left the exchange: counted at once, for the call may run on for long. */
void rate_limits_abandon(struct exchange *exchange);
/* The exchange has ended: by what it did use. */
void rate_limits_release(struct exchange *exchange);

#endif
