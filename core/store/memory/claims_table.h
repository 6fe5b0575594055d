/* The table of claims (claims.h is the face). Guarded by a mutex inside. */
#ifndef STORE_MEMORY_CLAIMS_TABLE_H
#define STORE_MEMORY_CLAIMS_TABLE_H

#include <pthread.h>
#include <stdint.h>

#include "store/claims.h"

struct claims {
    pthread_mutex_t mutex;
    struct table table;
    uint64_t seed; /* random: customers choose their keys, and must not know the hash */
};

void claims_table_init(struct claims *claims);
void claims_table_fini(struct claims *claims); /* all claims must have been given back */
enum claim_outcome claims_table_take(struct claims *claims, struct claim *claim);
void claims_table_give_back(struct claims *claims, struct claim *claim);

#endif
