#include "store/memory/claims_table.h"

#include <string.h>

#include "base/check.h"
#include "base/secret.h"

void claims_table_init(struct claims *claims)
{
    check(pthread_mutex_init(&claims->mutex, NULL) == 0);
    table_init(&claims->table);
    claims->seed = random_u64();
}

static void free_node(struct table_node *node)
{
    (void)node;
    check(false); /* its owner has not given it back */
}

void claims_table_fini(struct claims *claims)
{
    table_fini(&claims->table, free_node);
    check(pthread_mutex_destroy(&claims->mutex) == 0);
}

static uint64_t hash_of(const struct claims *claims, const struct claim *claim)
{
    struct {
        uint64_t seed;
        struct id account_id;
        char key[sizeof claim->key];
    } all = {0};
    all.seed = claims->seed;
    memcpy(all.account_id.text, claim->account_id.text, strlen(claim->account_id.text));
    memcpy(all.key, claim->key, strlen(claim->key));
    return table_hash(&all, sizeof all);
}

static const struct claim *find(const struct claims *claims, const struct claim *like,
                                uint64_t hash)
{
    struct table_node *node = table_first(&claims->table, hash);
    for (; node != NULL; node = table_next(node)) {
        const struct claim *claim = (const struct claim *)node;
        if (strcmp(claim->key, like->key) == 0 &&
            strcmp(claim->account_id.text, like->account_id.text) == 0)
            return claim;
    }
    return NULL;
}

enum claim_outcome claims_table_take(struct claims *claims, struct claim *claim)
{
    uint64_t hash = hash_of(claims, claim);
    enum claim_outcome outcome = CLAIM_TAKEN;
    const struct claim *other;
    check(pthread_mutex_lock(&claims->mutex) == 0);
    other = find(claims, claim, hash);
    if (other != NULL)
        outcome = strcmp(other->digest, claim->digest) == 0 ? CLAIM_RUNNING : CLAIM_OTHER;
    else
        table_insert(&claims->table, &claim->node, hash);
    check(pthread_mutex_unlock(&claims->mutex) == 0);
    return outcome;
}

void claims_table_give_back(struct claims *claims, struct claim *claim)
{
    check(pthread_mutex_lock(&claims->mutex) == 0);
    table_remove(&claims->table, &claim->node);
    check(pthread_mutex_unlock(&claims->mutex) == 0);
}
