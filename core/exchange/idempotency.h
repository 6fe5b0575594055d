/* Requests with an Idempotency-Key run once, however often they are sent (Stripe's semantics,
 * https://docs.stripe.com/api/idempotent_requests). The key is claimed before the hold
 * (store/claims.h). What the client gets is copied and written with the settlement
 * (store/answers.h). A call runs on when its client leaves, because the client may retry and ask
 * for the answer.
 *
 * The key is given back after a request that was refused before it had begun, and after a failure
 * that cost nothing if our answer says that a retry may help.
 *
 * It is part of an exchange that has the header. On the worker's thread. */
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
    bool claimed; /* the store's table has the claim */
    struct answer_lookup lookup;
    bool lookup_pending;
    struct buffer copy; /* of what the client gets */
    bool too_large;     /* the copy was dropped */
    struct kept_answer kept;
};

/* ---- what the task asks for ---- */

/* Claims the request's key, if it has one, for `what` ("POST /chat/completions") and its body, and
 * looks for a kept answer. Returns false if it has answered. Returns true without any work if there
 * is no key (idempotency_claimed says so); else the task yields until exchange_wake. */
bool idempotency_claim(struct exchange *exchange, const struct id *account_id, const char *what);
/* Whether this exchange is the one that must do the work. */
bool idempotency_is_fresh(const struct exchange *exchange);
/* The claim of its key; NULL: the request has no key. */
const struct claim *idempotency_claimed(const struct exchange *exchange);
/* Answers a request that is not fresh: with the kept answer, or with the reason why there is
 * none. */
void idempotency_answer(struct exchange *exchange);

/* ---- for this floor; all do nothing without a claimed key ---- */

/* Copies bytes that go to the client. */
void idempotency_copy(struct exchange *exchange, struct slice bytes);
/* The copy is complete: the next settlement writes it. */
void idempotency_keep(struct exchange *exchange, const char *content_type, int64_t cost_nusd);
/* The same in place of an answer that broke off, of which the copy is dropped: a retry gets this
 * error. */
void idempotency_keep_failure(struct exchange *exchange, int status, struct slice body);
/* Notes that the client is answered with this error. Call it before the hold is voided. */
void idempotency_refused(struct exchange *exchange, struct slice body, bool worth_retrying);
/* Whether the call must run on without its client. */
bool idempotency_outlives_client(const struct exchange *exchange);
/* Gives the key back, unless the ledger has not decided about it yet. */
void idempotency_finish(struct exchange *exchange);
bool idempotency_is_busy(const struct exchange *exchange);
void idempotency_fini(struct exchange *exchange);

#endif
