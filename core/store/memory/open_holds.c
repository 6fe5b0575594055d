#include "store/memory/open_holds.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct open_hold {
    struct table_node node; /* first: nodes are cast back */
    struct id exchange_id;
    struct id account_id;
    struct id key_id;
    int64_t amount_nusd;
    enum { OPEN, SETTLING, EXPIRING } state;
};

static void free_node(struct table_node *node)
{
    free(node);
}

void open_holds_init(struct open_holds *holds)
{
    table_init(&holds->table);
}

void open_holds_fini(struct open_holds *holds)
{
    table_fini(&holds->table, free_node);
}

static struct open_hold *find(const struct open_holds *holds, const struct id *exchange_id)
{
    struct table_node *node = table_first(&holds->table, table_hash_id(exchange_id));
    for (; node != NULL; node = table_next(node)) {
        struct open_hold *hold = (struct open_hold *)node;
        if (strcmp(hold->exchange_id.text, exchange_id->text) == 0)
            return hold;
    }
    return NULL;
}

void open_holds_add(struct open_holds *holds, const struct ledger_hold *hold)
{
    struct open_hold *open = malloc(sizeof *open);
    check(open != NULL);
    *open = (struct open_hold){.exchange_id = hold->exchange_id,
                               .account_id = hold->account_id,
                               .key_id = hold->key_id,
                               .amount_nusd = hold->amount_nusd};
    table_insert(&holds->table, &open->node, table_hash_id(&hold->exchange_id));
}

void open_holds_remove(struct open_holds *holds, const struct id *exchange_id)
{
    struct open_hold *hold = find(holds, exchange_id);
    if (hold == NULL)
        return;
    table_remove(&holds->table, &hold->node);
    free(hold);
}

bool open_holds_has(const struct open_holds *holds, const struct id *exchange_id)
{
    return find(holds, exchange_id) != NULL;
}

bool open_holds_begin_end(struct open_holds *holds, const struct ledger_settlement *settlement)
{
    const struct usage_record *record = &settlement->record;
    struct open_hold *hold = find(holds, &record->exchange_id);
    if (hold == NULL || hold->state != OPEN ||
        strcmp(hold->account_id.text, record->account_id.text) != 0 ||
        strcmp(hold->key_id.text, record->key_id.text) != 0 ||
        hold->amount_nusd != settlement->held_nusd - settlement->extended_nusd)
        return false;
    hold->state = SETTLING;
    return true;
}

void open_holds_cancel_end(struct open_holds *holds, const struct id *exchange_id)
{
    struct open_hold *hold = find(holds, exchange_id);
    if (hold != NULL)
        hold->state = OPEN;
}

bool open_holds_expire(struct open_holds *holds, const struct id *exchange_id)
{
    struct open_hold *hold = find(holds, exchange_id);
    if (hold == NULL || hold->state == SETTLING)
        return false;
    hold->state = EXPIRING;
    return true;
}
