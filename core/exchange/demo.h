/* The built-in provider `demo`: a deterministic answer, streamed or not, with usage, made
 * without any network, so that the first call works on a machine that has no provider's key. It
 * never stands in for another model. */
#ifndef EXCHANGE_DEMO_H
#define EXCHANGE_DEMO_H

struct exchange;

/* Answers the present attempt with the same events as a provider would, in a deferred call. */
void demo_start(struct exchange *exchange);

#endif
