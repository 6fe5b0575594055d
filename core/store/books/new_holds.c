#include "store/books/new_holds.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct new_hold {
    struct table_node node; /* first: nodes are cast back */
    struct ledger_hold hold;
};

static void free_node(struct table_node *node)
{
    free(node);
}

void new_holds_init(struct new_holds *holds)
{
    table_init(&holds->table);
}

void new_holds_fini(struct new_holds *holds)
{
    table_fini(&holds->table, free_node);
}

void new_holds_add(struct new_holds *holds, const struct ledger_hold *hold)
{
    struct new_hold *added = malloc(sizeof *added);
    check(added != NULL);
    added->hold = *hold;
    table_insert(&holds->table, &added->node, table_hash_id(&hold->exchange_id));
}

bool new_holds_end(struct new_holds *holds, const struct id *exchange_id)
{
    struct table_node *node;
    if (holds->table.node_count == 0)
        return false;
    node = table_first(&holds->table, table_hash_id(exchange_id));
    for (; node != NULL; node = table_next(node)) {
        if (strcmp(((struct new_hold *)node)->hold.exchange_id.text, exchange_id->text) == 0) {
            table_remove(&holds->table, node);
            free(node);
            return true;
        }
    }
    return false;
}

bool new_holds_each(const struct new_holds *holds,
                    bool (*take)(const struct ledger_hold *hold, void *arg), void *arg)
{
    for (size_t i = 0; i < holds->table.bucket_count; i++) {
        for (struct table_node *node = holds->table.buckets[i]; node != NULL; node = node->next) {
            if (!take(&((struct new_hold *)node)->hold, arg))
                return false;
        }
    }
    return true;
}
