/* Asks token servers for the access tokens that access_tokens.h lacks, and renews them. Signing is
 * left to a thread pool; the question goes out on the worker's loop. It is bounded in size and
 * time.
 *
 * Belongs to one worker, on its thread. */
#ifndef EXCHANGE_TOKEN_KEEPER_H
#define EXCHANGE_TOKEN_KEEPER_H

#include "base/thread_pool.h"
#include "exchange/access_tokens.h"
#include "net/client/upstream.h"

struct token_keeper;

/* `queue`: the worker's. The pool must have ended before the keeper is freed. */
struct token_keeper *token_keeper_new(struct access_tokens *tokens, struct upstream *upstream,
                                      struct thread_pool *signer, struct job_queue *queue);
void token_keeper_tick(struct token_keeper *keeper);
/* No question begins any more. */
void token_keeper_stop(struct token_keeper *keeper);
void token_keeper_free(struct token_keeper *keeper); /* cancels what runs; NULL is allowed */

#endif
