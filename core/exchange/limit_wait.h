/* An exchange that waits until a provider's rate limit has room for its call (limit_queues.h).
 * Worker's thread. */
#ifndef EXCHANGE_LIMIT_WAIT_H
#define EXCHANGE_LIMIT_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange/limit_queues.h"

struct candidate;
struct exchange;

/* From the first choice on: the exchange is one of those that wait, for so long at most. It does
 * not overtake others, does not ask where the calls that run may take all that a limit has left,
 * and waits for the tokens that it may take, if they come in time; else its provider says so. */
void limit_wait_allow(struct exchange *exchange, int64_t wait_ms);
/* What the call may take of a limit of tokens: its input, by the estimate of its hold, and as long
 * an answer as the request names (providers count none that is not named). */
int64_t limit_wait_tokens(const struct exchange *exchange);
/* A choice begins: what the one before has noted is past. */
void limit_wait_begin_choice(struct exchange *exchange);
/* It has found this candidate: a turn at another's limit is given up. */
void limit_wait_end_choice(struct exchange *exchange, const struct candidate *candidate);
/* Whether the candidate must not be asked for that reason now; if so, *until_ms says when to look
 * again. */
bool limit_wait_bars(struct exchange *exchange, const struct candidate *candidate, int64_t now_ms,
                     int64_t *until_ms);
/* Its choice found that this candidate pauses for its rate limit: what it would wait for. */
void limit_wait_note(struct exchange *exchange, struct candidate *candidate, int64_t until_ms);

/* After a choice that found none: waits for the limit that is free first, behind at most `most`
 * others. Returns whether it waits: the task then yields until exchange_wake. */
bool limit_wait_begin(struct exchange *exchange, size_t most);
bool limit_wait_is_in_queue(const struct exchange *exchange);
/* After it was woken: whether it may choose again. What met a limit may be asked once more. */
bool limit_wait_is_over(struct exchange *exchange);
/* Looks whether its turn has come, or, after that, whether the provider has taken the call. */
void limit_wait_tick(struct exchange *exchange);
/* It does not ask after all: a turn that it has goes to another. */
void limit_wait_give_up(struct exchange *exchange);
/* The attempt was decided. */
void limit_wait_tell(struct exchange *exchange, enum limit_end end);
void limit_wait_fini(struct exchange *exchange);

#endif
