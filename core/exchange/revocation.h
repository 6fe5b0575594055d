/* Revocation: a key that is deleted or disabled, or whose user is, ends the streams that run by it
 * within a tick, and what has come of them is paid. A call that is not streamed runs on: it has
 * been asked of the provider, ends by itself and is paid.
 *
 * The directory counts what is revoked; only when that has changed does a worker look at its
 * exchanges. On the worker's thread. */
#ifndef EXCHANGE_REVOCATION_H
#define EXCHANGE_REVOCATION_H

#include <stdbool.h>

struct exchange;
struct exchange_env;

/* Whether something was revoked since this was asked last. */
bool revocation_due(struct exchange_env *env);
/* Ends the exchange if it is a stream whose key was revoked. */
void revocation_check(struct exchange *exchange);

#endif
