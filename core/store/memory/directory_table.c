#include "store/memory/directory_table.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct entry {
    struct table_node node; /* first: nodes are cast back */
    struct digest digest;
    size_t fact_bytes;      /* without the unused end of facts.models: most keys allow all models */
    struct key_facts facts; /* last */
};

void directory_table_init(struct directory *directory)
{
    atomic_init(&directory->revocations, 0);
    for (size_t i = 0; i < DIRECTORY_SHARDS; i++) {
        check(pthread_mutex_init(&directory->shards[i].mutex, NULL) == 0);
        table_init(&directory->shards[i].table);
    }
}

static void free_node(struct table_node *node)
{
    free(node);
}

void directory_table_fini(struct directory *directory)
{
    for (size_t i = 0; i < DIRECTORY_SHARDS; i++) {
        table_fini(&directory->shards[i].table, free_node);
        check(pthread_mutex_destroy(&directory->shards[i].mutex) == 0);
    }
}

static struct directory_shard *lock_shard(struct directory *directory, uint64_t hash)
{
    struct directory_shard *shard = &directory->shards[hash % DIRECTORY_SHARDS];
    check(pthread_mutex_lock(&shard->mutex) == 0);
    return shard;
}

/* A digest is keyed with the server's secret: no client can choose its place, and the time of
 * memcmp tells nothing about a key. */
static struct entry *find(const struct directory_shard *shard, uint64_t hash,
                          const struct digest *digest)
{
    for (struct table_node *node = table_first(&shard->table, hash); node != NULL;
         node = table_next(node)) {
        struct entry *entry = (struct entry *)node;
        if (memcmp(&entry->digest, digest, sizeof *digest) == 0)
            return entry;
    }
    return NULL;
}

static void remove_entry(struct directory_shard *shard, struct entry *entry)
{
    table_remove(&shard->table, &entry->node);
    free(entry);
}

/* After the change itself: a thread that sees the count must see the change. */
static void note_revocation(struct directory *directory)
{
    atomic_fetch_add(&directory->revocations, 1);
}

void directory_table_put(struct directory *directory, const struct digest *digest,
                         const struct key_facts *facts)
{
    uint64_t hash = table_hash(digest->bytes, sizeof digest->bytes);
    size_t fact_bytes = offsetof(struct key_facts, models) + strlen(facts->models) + 1;
    struct entry *entry = malloc(offsetof(struct entry, facts) + fact_bytes);
    struct directory_shard *shard;
    struct entry *old;
    check(entry != NULL);
    entry->digest = *digest;
    entry->fact_bytes = fact_bytes;
    memcpy((char *)entry + offsetof(struct entry, facts), facts, fact_bytes);
    shard = lock_shard(directory, hash);
    old = find(shard, hash, digest);
    if (old != NULL)
        remove_entry(shard, old);
    table_insert(&shard->table, &entry->node, hash);
    check(pthread_mutex_unlock(&shard->mutex) == 0);
    if (facts->key_disabled || facts->user_disabled || facts->secret_ended)
        note_revocation(directory);
}

void directory_table_remove(struct directory *directory, const struct digest *digest)
{
    uint64_t hash = table_hash(digest->bytes, sizeof digest->bytes);
    struct directory_shard *shard = lock_shard(directory, hash);
    struct entry *entry = find(shard, hash, digest);
    if (entry != NULL)
        remove_entry(shard, entry);
    check(pthread_mutex_unlock(&shard->mutex) == 0);
    note_revocation(directory);
}

bool directory_table_find(struct directory *directory, const struct digest *digest,
                          struct key_facts *out)
{
    uint64_t hash = table_hash(digest->bytes, sizeof digest->bytes);
    struct directory_shard *shard = lock_shard(directory, hash);
    struct entry *entry = find(shard, hash, digest);
    if (entry != NULL)
        memcpy(out, (const char *)entry + offsetof(struct entry, facts), entry->fact_bytes);
    check(pthread_mutex_unlock(&shard->mutex) == 0);
    return entry != NULL;
}
