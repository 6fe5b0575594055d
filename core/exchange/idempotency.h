/* Requests with an Idempotency-Key: done once, however often they are sent (Stripe's semantics,
 * https://docs.stripe.com/api/idempotent_requests). The key is claimed before the hold
 * (store/memory/claims.h); what the client gets is copied and written with the settlement
 * (store/answers.h); a client who leaves does not stop the call, for he may come again for its
 * answer.
 *
 * What was refused before anything had begun, and a failure that cost nothing and of which our own
 * answer says that it is worth a retry, give the key back.
 *
 * Hangs on its exchange, only where the header is; the worker's thread. */
#ifndef EXCHANGE_IDEMPOTENCY_H
#define EXCHANGE_IDEMPOTENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/answers.h"

struct exchange;

struct idempotency {
    struct exchange *exchange;
    struct claim claim;
    enum claim_outcome claim_outcome;
    bool claimed; /* it stands in the store's table */
    struct answer_lookup lookup;
    bool lookup_pending;
    struct buffer copy; /* of what the client gets */
    bool too_large;     /* the copy was given up */
    struct kept_answer kept;
};

/* ---- what the task asks for ---- */

/* Claims the request's key, if it has one, for `what` ("POST /chat/completions") with its body, and
 * looks whether there is an answer. False: answered. True: without a key nothing was done
 * (idempotency_claimed says so); else the task yields until exchange_wake. */
bool idempotency_claim(struct exchange *exchange, const struct id *account_id, const char *what);
/* Whether the exchange is the one to do what is asked. */
bool idempotency_is_fresh(const struct exchange *exchange);
/* The claim of its key; NULL: it came without one. */
const struct claim *idempotency_claimed(const struct exchange *exchange);
/* Answers one that is not: again, or why not. */
void idempotency_answer(struct exchange *exchange);

/* ---- for this floor; all do nothing without a claimed key ---- */

/* These bytes go to the client. */
void idempotency_copy(struct exchange *exchange, struct slice bytes);
/* The copy is whole: the settlement that is made now writes it. */
void idempotency_keep(struct exchange *exchange, const char *content_type, int64_t cost_nusd);
/* The client is answered with this error, before the hold is voided for it. */
void idempotency_refused(struct exchange *exchange, struct slice body, bool worth_retrying);
/* Whether what runs is to go on without its client. */
bool idempotency_outlives_client(const struct exchange *exchange);
/* Gives the key back, unless the ledger has yet to say what became of it. */
void idempotency_finish(struct exchange *exchange);
bool idempotency_is_busy(const struct exchange *exchange);
void idempotency_fini(struct exchange *exchange);

#endif
