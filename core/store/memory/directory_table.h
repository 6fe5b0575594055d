/* How the key directory is filled: by the ledger thread, from what is committed. Guarded by a
 * mutex inside. */
#ifndef STORE_MEMORY_DIRECTORY_TABLE_H
#define STORE_MEMORY_DIRECTORY_TABLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/secret.h"
#include "store/directory.h"
#include "store/memory/table.h"

enum { DIRECTORY_SHARDS = 16 };

struct directory_shard {
    pthread_mutex_t mutex;
    struct table table;
} __attribute__((aligned(64)));

struct directory {
    struct directory_shard shards[DIRECTORY_SHARDS];
    atomic_uint_fast64_t revocations;
};

void directory_init(struct directory *directory);
void directory_fini(struct directory *directory);
/* Adds the key, or replaces what was known of it. */
void directory_put(struct directory *directory, const struct digest *digest,
                   const struct key_facts *facts);
void directory_remove(struct directory *directory, const struct digest *digest);

#endif
