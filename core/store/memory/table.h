/* A chained hash table of nodes that are embedded in their owners. It does not know keys: the
 * caller hashes, and compares along the chain. Not thread-safe; the owner has a mutex. */
#ifndef STORE_MEMORY_TABLE_H
#define STORE_MEMORY_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

struct table {
    struct table_node **buckets; /* NULL before the first insert */
    size_t bucket_count;         /* a power of two */
    size_t node_count;
};

void table_init(struct table *table);
/* Hands each node to free_node, and frees the buckets. */
void table_fini(struct table *table, void (*free_node)(struct table_node *node));
/* The first node with this hash, or NULL; and the next one with the hash of `node`. */
struct table_node *table_first(const struct table *table, uint64_t hash);
struct table_node *table_next(const struct table_node *node);
void table_insert(struct table *table, struct table_node *node, uint64_t hash);
void table_remove(struct table *table, struct table_node *node);

/* For our own ids and digests. They are random, so no client can choose keys that collide. */
uint64_t table_hash(const void *data, size_t bytes);
uint64_t table_hash_id(const struct id *id);

#endif
