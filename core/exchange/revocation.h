/* Revocation: when a key is deleted or disabled, or its user is, the streams of that key end within
 * a tick, and what has come is charged. A call that is not streamed runs on if a provider has it:
 * it ends by itself and is charged. One that waits for a provider's limit, or for the answer of
 * another call, ends and costs nothing.
 *
 * The directory counts revocations; a worker looks at its exchanges only when that count has
 * changed. On the worker's thread. */
#ifndef EXCHANGE_REVOCATION_H
#define EXCHANGE_REVOCATION_H

#include <stdbool.h>

struct exchange;
struct exchange_env;

/* Whether something was revoked since the last call. */
bool revocation_due(struct exchange_env *env);
/* Ends the exchange if its key was revoked, and it streams or waits. */
void revocation_check(struct exchange *exchange);

#endif
