/* Claims of Idempotency-Keys. A key is claimed before any work for it, by at most one exchange at a
 * time. It is given back when its answer is kept (answers.h), or when no work was done after all.
 *
 * In memory only, like the wallets: one process serves a database. What a crash interrupts is void
 * at the next start, so the retry begins anew. Any thread; guarded by a mutex. */
#ifndef STORE_CLAIMS_H
#define STORE_CLAIMS_H

#include "base/id.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "store/memory/table.h"

struct store;

/* One key of one account. The caller owns it, and must not move it while it is taken. */
struct claim {
    struct table_node node; /* first: nodes are cast back */
    struct id account_id;
    char key[LIMIT_IDEMPOTENCY_KEY_BYTES + 1];
    char digest[SHA256_HEX_BYTES]; /* of the request: method, path and body */
};

enum claim_outcome {
    CLAIM_TAKEN,
    CLAIM_RUNNING, /* the same request is running */
    CLAIM_OTHER    /* another request with this key is running */
};

enum claim_outcome claims_take(struct store *store, struct claim *claim);
void claims_give_back(struct store *store, struct claim *claim);

#endif
