/* A shadow: a call that was answered goes once more, to another candidate, and nobody gets that
 * answer. It is an exchange without a client, without a hold of a customer and without a record in
 * `usage`. What it costs is the operator's; the store notes it before the provider is asked, and
 * decides by the model's limit of the day (shadow.begin in store/call.h).
 *
 *   shadow_new -> shadow_begin -> (noted) an attempt -> its answer, metered and thrown away
 *             -> (its result noted) -> ended
 *
 * Shadows take nothing from customers: few run at a time, with bounded bodies; no breaker, limiter
 * or learned rate hears of them; and a stop does not wait for them. On the worker's thread. */
#ifndef EXCHANGE_SHADOW_H
#define EXCHANGE_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

struct candidate;
struct exchange;
struct exchange_env;
struct model_request;

/* ---- for the task ---- */

/* The call, which has not begun, may be followed by one: keeps what belongs to its client. */
void shadow_prepare(struct exchange *original);
/* Whether the provider's connection is done with the exchange, which has ended: until then its body
 * is in use. If not, the task is woken when it is. */
bool shadow_can_follow(const struct exchange *original);
/* Makes the shadow of an exchange that was answered, has ended, and can be followed. It takes the
 * original's body. Returns NULL if this call has none: what never has one, or if there is no room.
 * The caller attaches a task and calls shadow_begin. */
struct exchange *shadow_new(struct exchange *original, struct candidate *candidate,
                            int64_t limit_nusd);
void shadow_begin(struct exchange *exchange);
/* The task was woken: goes on. */
void shadow_wake(struct exchange *exchange);

/* ---- for the files that move an exchange along ---- */

/* Its answer has come to its end, or was cut. */
void shadow_settle(struct exchange *exchange);
/* Ends it at once for this reason. If nothing of the answer was seen, what the provider may bill is
 * unknown: all that was held goes on to count against the day's limit. */
void shadow_fail(struct exchange *exchange, const char *why);
void shadow_tick(struct exchange *exchange, int64_t now_us);
/* The worker stops: none begins any more, and those that run end. */
void shadow_stop_all(struct exchange_env *env);
bool shadow_is_busy(const struct exchange *exchange); /* also of an exchange that is none */
void shadow_fini(struct exchange *exchange);          /* likewise */

/* ---- for hedges, too (hedge.h) ---- */

/* Whether it may be sent a second time. */
bool shadow_is_repeatable(const struct exchange *original);
/* Whether the provider would keep the answer. */
bool shadow_keeps(const struct candidate *candidate, const struct model_request *asks);
/* Gives *exchange the bounds of the original. */
void shadow_copy_bounds(const struct exchange *original, struct exchange *exchange);

#endif
