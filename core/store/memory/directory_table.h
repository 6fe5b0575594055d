/* The table of the key directory (directory.h is the face). The ledger thread fills it with what is
 * committed. Guarded by mutexes inside. */
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

void directory_table_init(struct directory *directory);
void directory_table_fini(struct directory *directory);
/* Adds a secret of a key or replaces its facts. */
void directory_table_put(struct directory *directory, const struct digest *digest,
                         const struct key_facts *facts);
/* Copies the facts. False: no such key. Any thread. */
bool directory_table_find(struct directory *directory, const struct digest *digest,
                          struct key_facts *out);
void directory_table_remove(struct directory *directory, const struct digest *digest);

#endif
