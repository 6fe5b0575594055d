/* The limits of a policy, as C has them. A policy prepares them once. */
#ifndef EXCHANGE_LIMIT_RULE_H
#define EXCHANGE_LIMIT_RULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "exchange/limiter.h"
#include "store/quotas.h"

enum limit_kind { LIMIT_REQUESTS, LIMIT_TOKENS, LIMIT_CONCURRENCY, LIMIT_USD, LIMIT_ABANDONED };
enum limit_scope { LIMIT_PER_KEY, LIMIT_PER_USER, LIMIT_PER_GROUP, LIMIT_FOR_ALL };
enum { LIMIT_SCOPES = 4 };

/* A limit in a policy. */
struct limit_rule {
    enum limit_kind kind;
    enum limit_scope scope;
    int64_t limit;
    int64_t window_ms;        /* 0 for concurrency */
    enum quota_period period; /* not QUOTA_WINDOW: a quota (quota_limits.h), without a window */
    const char *name;         /* of a quota, with its models as in struct quota_rule */
    const char *models;
    uint64_t version;
    struct limit_slot place; /* the same in every policy that counts the same */
};

struct limit_rules {
    size_t count;
    struct limit_rule list[];
};

/* The models that may answer a call. */
struct asked_models {
    size_t count;
    const char *names[LIMIT_ASKED_MODELS];
};

/* Sets the place by the name of what is counted, such as "key/requests_per_minute". */
void limit_rule_name(struct limit_rule *rule, const char *name);

#endif
