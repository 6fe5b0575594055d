/* A hedge: the second request of a call (hedging.h). Like a shadow it is an exchange without a
 * client, without a hold of a customer and without a record in `usage`; but breakers and the
 * provider's caps hear of it as of any call. The store notes it before its provider is asked, and
 * what it has cost when it has ended: then it has the attempt that answered too late, or not at
 * all.
 *
 *   hedge_new -> hedge_begin -> (noted) an attempt -> an answer, which the original takes, or which
 *             is metered and thrown away -> (its result noted) -> ended
 *
 * It borrows the original's body, so the original is not freed before the provider has answered. On
 * the worker's thread. */
#ifndef EXCHANGE_HEDGE_H
#define EXCHANGE_HEDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange/exchange.h"
#include "exchange/health.h"
#include "exchange/spending.h"

struct exchange_env;

/* What it tells its original, or asks it. */
struct hedge_events {
    bool (*wants_answer)(const struct exchange *original); /* whether it still waits for one */
    void (*on_asked)(struct exchange *original);
    /* The original has the hedge's attempt now, which has answered. */
    void (*on_answer)(struct exchange *original);
    void (*on_failure)(struct exchange *original); /* no answer comes of it */
    /* The hedge has no more of it. */
    void (*on_freed)(struct exchange *original);
};

/* Makes one; the caller then calls hedge_begin. Returns NULL if the provider's cap has no room for
 * it, or another was quicker to probe the provider. `task` is moved in, if it is made. */
struct exchange *hedge_new(struct exchange *original, struct candidate *candidate,
                           const struct exchange_task *task, const struct hedge_events *events);
void hedge_begin(struct exchange *exchange);

/* Whether it may still answer the original. */
bool hedge_may_answer(const struct exchange *exchange);
/* Its task was woken: goes on. */
void hedge_woken(struct exchange *exchange);
/* The exchange whose client's request it repeats; any other: itself. */
const struct exchange *hedge_asker(const struct exchange *exchange);

/* Its answer, which came too late, has come to its end. */
void hedge_settle(struct exchange *exchange);
/* Ends it at once for this reason. */
void hedge_fail(struct exchange *exchange, const char *why);
void hedge_tick(struct exchange *exchange); /* also of an exchange that is none */
/* The worker stops at once. */
void hedge_stop_all(struct exchange_env *env);
bool hedge_is_busy(const struct exchange *exchange); /* also of an exchange that is none */
void hedge_fini(struct exchange *exchange);          /* likewise */
/* The original is freed: the hedge ends without it. Only when the worker stops. */
void hedge_orphan(struct exchange *exchange);

#endif
