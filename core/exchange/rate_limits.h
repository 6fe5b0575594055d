/* The limits of an exchange: all are counted at once when it begins, and corrected or left when it
 * ends. A policy prepares its limits once. The limiter's place is combined from the limit's place
 * and the customer's, so a request builds no names. On the worker's thread. */
#ifndef EXCHANGE_RATE_LIMITS_H
#define EXCHANGE_RATE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange/limit_rule.h"

struct exchange;

/* A limit that an exchange has counted; corrected or left at its end. */
struct counted_limit {
    enum limit_kind kind;
    int64_t amount;
    int64_t held; /* of tokens: for the answer, until it is counted */
    int64_t window_ms;
    struct limit_slot place;
    bool settled; /* of tokens: they count by the use */
};

/* Counts against all rules in their order, once per exchange. Tokens are an estimate, which is
 * corrected at the end. Claims the quotas among them, which the hold takes. `requests_only`: for an
 * answer that is given again, without quotas; `models`: that may answer; NULL: the one that the
 * request names. The states go into the x-ratelimit headers of the reply. Returns false if a limit
 * is reached; the client then has its answer. */
bool rate_limits_acquire(struct exchange *exchange, const struct limit_rules *rules,
                         bool requests_only, const struct asked_models *models);
/* Notes a state for the headers; of several limits of a kind they tell the tightest. */
void rate_limits_note(struct exchange *exchange, enum limit_kind kind,
                      const struct limit_state *state);
/* Counts the exchange as one of those of this name that run at the same time. Returns false if
 * there are `most` already; the client then has its answer. */
bool rate_limits_acquire_one(struct exchange *exchange, struct slice name, int64_t most);
/* Counts an ask (ask.h) of the account, if it may have another. */
bool rate_limits_take_ask(struct exchange *exchange);
/* What a call would meet now. */
struct limit_outlook {
    bool passes;
    int64_t retry_after_ms; /* until it may pass; 0: it passes, or never will */
};
/* Counts an estimate, apart from calls but by the same limits of requests: as many estimates as
 * calls. Returns false if a limit is reached; the client then has its answer. */
bool rate_limits_count_estimate(struct exchange *exchange, const struct limit_rules *rules);
/* Claims what a call would take of the quotas among the rules and of those of the dashboard. NULL:
 * there are none. The caller frees it. */
struct quota_claim *rate_limits_claim(const struct exchange *exchange,
                                      const struct limit_rules *rules);
/* What running calls hold of the quota of this name of a user or key, by its id. */
int64_t rate_limits_held(const struct exchange *exchange, const char *subject, const char *name);
/* Says whether a call would pass the limits that are no quotas, without counting anything. */
void rate_limits_look(const struct exchange *exchange, const struct limit_rules *rules,
                      struct limit_outlook *out);
bool rate_limits_acquired(const struct exchange *exchange);
/* The client has left: counts that at once, because the call may run on for long. */
void rate_limits_abandon(struct exchange *exchange);
void rate_limits_fini(struct exchange *exchange);
/* What the exchange has used is known: tokens count by it from now on. Before the client can have
 * the end of its answer, and ask again. */
void rate_limits_settle(struct exchange *exchange);
/* The exchange has ended: corrects the counts to what it used. */
void rate_limits_release(struct exchange *exchange);

#endif
