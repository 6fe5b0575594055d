/* Exchanges without a client, of our own making: shadows (shadow.h), hedges (hedge.h)
 * and test calls (test_call.h). Each
 * function is also for any other exchange, and then does nothing. */
#ifndef EXCHANGE_OURS_H
#define EXCHANGE_OURS_H

#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct exchange_env;

/* Ends it for this reason. Returns false for a client's. */
bool ours_fail(struct exchange *exchange, const char *why);
void ours_tick(struct exchange *exchange, int64_t now_us);
bool ours_is_busy(const struct exchange *exchange);
void ours_fini(struct exchange *exchange);
/* The worker waits no longer. */
void ours_stop_all(struct exchange_env *env);

#endif
