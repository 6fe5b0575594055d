/* Crossings: what a settlement or a refused hold has found in a wallet, and a customer wants to be
 * told: a balance has fallen below the customer's threshold, a key's budget is spent. The wallet
 * puts them in at the cost of a comparison; the ledger thread (books/notices.h) takes them out and
 * decides with the tables, so the same one may come twice. A bounded list; what does not fit comes
 * again with the next settlement. Any thread; guarded inside. */
#ifndef STORE_MEMORY_CROSSINGS_H
#define STORE_MEMORY_CROSSINGS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/id.h"

enum { CROSSINGS_MAX = 256 };

enum crossing_kind { CROSSING_LOW, CROSSING_BUDGET };

struct crossing {
    enum crossing_kind kind;
    struct id account_id;
    struct id key_id; /* of CROSSING_BUDGET */
};

struct crossings {
    pthread_mutex_t mutex;
    atomic_size_t count;
    struct crossing list[CROSSINGS_MAX];
};

void crossings_init(struct crossings *crossings);
void crossings_fini(struct crossings *crossings);
/* Returns false when there is no room. */
bool crossings_put(struct crossings *crossings, const struct crossing *crossing);
/* Copies at most `most`, the oldest first; returns how many. They stay until crossings_drop. */
size_t crossings_peek(struct crossings *crossings, struct crossing *out, size_t most);
/* Takes out the first `count`. */
void crossings_drop(struct crossings *crossings, size_t count);

#endif
