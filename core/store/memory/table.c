#include "store/memory/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { BUCKETS_MIN = 16 };

void table_init(struct table *table)
{
    *table = (struct table){0};
}

void table_fini(struct table *table, void (*free_node)(struct table_node *node))
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct table_node *node = table->buckets[i];
        while (node != NULL) {
            struct table_node *next = node->next;
            free_node(node);
            node = next;
        }
    }
    free(table->buckets);
    *table = (struct table){0};
}

static struct table_node **bucket_of(const struct table *table, uint64_t hash)
{
    /* The low bits have chosen the shard, so the bucket uses the high ones. */
    return &table->buckets[(hash >> 24) & (table->bucket_count - 1)];
}

static void grow(struct table *table)
{
    struct table_node **old = table->buckets;
    size_t old_count = table->bucket_count;
    table->bucket_count = old_count ? old_count * 2 : BUCKETS_MIN;
    table->buckets = calloc(table->bucket_count, sizeof *table->buckets);
    check(table->buckets != NULL);
    for (size_t i = 0; i < old_count; i++) {
        struct table_node *node = old[i];
        while (node != NULL) {
            struct table_node *next = node->next;
            struct table_node **bucket = bucket_of(table, node->hash);
            node->next = *bucket;
            *bucket = node;
            node = next;
        }
    }
    free(old);
}

static struct table_node *from(struct table_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

struct table_node *table_first(const struct table *table, uint64_t hash)
{
    return table->bucket_count ? from(*bucket_of(table, hash), hash) : NULL;
}

struct table_node *table_next(const struct table_node *node)
{
    return from(node->next, node->hash);
}

void table_insert(struct table *table, struct table_node *node, uint64_t hash)
{
    struct table_node **bucket;
    if (table->node_count >= table->bucket_count)
        grow(table);
    node->hash = hash;
    bucket = bucket_of(table, hash);
    node->next = *bucket;
    *bucket = node;
    table->node_count++;
}

void table_remove(struct table *table, struct table_node *node)
{
    struct table_node **at = bucket_of(table, node->hash);
    while (*at != node) {
        check(*at != NULL);
        at = &(*at)->next;
    }
    *at = node->next;
    table->node_count--;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

/* Copies of a length that the compiler does not know would cost more than all the rest, and each
 * call needs some twenty hashes. */
uint64_t table_hash(const void *data, size_t bytes)
{
    const unsigned char *at = data;
    uint64_t hash = UINT64_C(0x9E3779B97F4A7C15) ^ bytes;
    uint64_t word = 0;
    for (; bytes >= sizeof word; bytes -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = mix(hash, word);
    }
    if (bytes == 0)
        return hash;
    for (word = 0; bytes > 0; bytes--)
        word = word << 8 | at[bytes - 1];
    return mix(hash, word);
}

uint64_t table_hash_id(const struct id *id)
{
    return table_hash(id->text, strlen(id->text));
}
