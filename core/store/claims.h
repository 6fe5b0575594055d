/* Who is at work on which Idempotency-Key. A key is claimed before anything is done for it, by at
 * most one exchange at a time, and given back when its answer is kept (answers.h) or nothing was
 * done after all.
 *
 * In memory only, like the wallets: one process serves a database, and whatever a crash interrupts
 * is void at the next start, so that the retry begins anew. Any thread; guarded by a mutex. */
#ifndef STORE_CLAIMS_H
#define STORE_CLAIMS_H

#include "base/id.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "store/memory/table.h"

struct store;

/* One key of one account; the owner's, and stays where it is while it is taken. */
struct claim {
    struct table_node node; /* first: nodes are cast back */
    struct id account_id;
    char key[LIMIT_IDEMPOTENCY_KEY_BYTES + 1];
    char digest[SHA256_HEX_BYTES]; /* of what is asked: method, path and body */
};

enum claim_outcome {
    CLAIM_TAKEN,
    CLAIM_RUNNING, /* the same is being done just now */
    CLAIM_OTHER    /* something else is being done under this key */
};

enum claim_outcome claims_take(struct store *store, struct claim *claim);
void claims_give_back(struct store *store, struct claim *claim);

#endif
