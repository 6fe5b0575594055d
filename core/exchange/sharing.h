/* An exchange and the identical calls that are under way (shared_calls.h). Only plain calls are
 * shared whose answer is the same each time: embeddings and their like, and texts with temperature
 * 0; nothing that a provider keeps for an account. Each is charged as if it had asked alone; the
 * provider is paid once, by the one that asked. Worker's thread. */
#ifndef EXCHANGE_SHARING_H
#define EXCHANGE_SHARING_H

#include <stdbool.h>

struct candidate;
struct exchange;
struct health_view;
struct id;
struct shared_answer;

/* Before an attempt: finds the identical calls of this candidate. Returns true if another one asks:
 * the attempt is then begun by exchange_start_later when that one has ended. */
bool sharing_waits(struct exchange *exchange, struct candidate *candidate);
/* Where the attempt keeps what comes, for the others; NULL: no other call wants it. */
struct shared_answer *sharing_record(const struct exchange *exchange);
/* Why the attempt must not ask, after the one that it waited for has failed; NULL: it may. */
const struct health_view *sharing_bar(const struct exchange *exchange);
/* What the attempt gets in place of a provider's answer; NULL: it asks. */
const struct shared_answer *sharing_answer(const struct exchange *exchange);
/* The exchange that has asked in its place; NULL: it has asked itself. */
const struct id *sharing_leader(const struct exchange *exchange);
/* The attempt was decided: the others get its answer, or ask themselves. */
void sharing_tell(struct exchange *exchange);
/* The exchange is over. */
void sharing_end(struct exchange *exchange);
bool sharing_is_busy(const struct exchange *exchange); /* its job is away */
void sharing_fini(struct exchange *exchange);

#endif
