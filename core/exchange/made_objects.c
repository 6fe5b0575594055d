#include "exchange/made_objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/answer_kept.h"
#include "exchange/exchange_internal.h"
#include "store/objects.h"

enum { OBJECTS_MAX = LIMIT_MADE_OBJECTS + 2 }; /* items, their response, its conversation */

struct made_list {
    struct made_objects objects; /* what the settlement borrows */
    struct made_object *list;
    size_t count;
    size_t room;
};

static void add(struct made_list *made, enum kept_kind kind, struct slice id)
{
    if (id.bytes == 0 || made->count == OBJECTS_MAX)
        return;
    if (made->count == made->room) {
        made->room = made->room > 0 ? 2 * made->room : 8;
        made->list = realloc(made->list, made->room * sizeof *made->list);
        check(made->list != NULL);
    }
    char *copy = strndup(id.data, id.bytes);
    check(copy != NULL);
    made->list[made->count++] = (struct made_object){{copy, id.bytes}, kind, 0};
}

static bool is_kept_by_provider(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    return attempt->candidate != NULL && attempt->candidate->terms.keeps_responses &&
           exchange->asks.dialect == DIALECT_RESPONSES && attempt->dialect == DIALECT_RESPONSES &&
           !attempt_translates(attempt);
}

void made_objects_note(struct exchange *exchange, const struct answer_facts *facts)
{
    struct answer_kept kept;
    struct slice id;
    if (!is_kept_by_provider(exchange) || facts->holder.type != JSON_OBJECT ||
        !answer_kept_read(&facts->holder, &exchange->asks, &kept))
        return;
    made_objects_fini(exchange); /* of an attempt before */
    exchange->made = calloc(1, sizeof *exchange->made);
    check(exchange->made != NULL);
    add(exchange->made, KEPT_RESPONSE, kept.response_id);
    add(exchange->made, KEPT_CONVERSATION, kept.conversation_id);
    struct json_walk items = json_walk(&kept.output);
    while (kept.output.type == JSON_ARRAY && answer_kept_next(&items, &id))
        add(exchange->made, KEPT_ITEM, id);
}

/* Who goes on from a response takes in all that it took in and gave; who names an item, a part of
 * what it gave. */
void made_objects_keep(struct exchange *exchange)
{
    struct made_list *made = exchange->made;
    const struct unit_counts *counts = &exchange->settlement.record.counts;
    int64_t answer = unit_counts_answer(counts);
    if (made == NULL)
        return;
    for (size_t i = 0; i < made->count; i++) {
        bool is_item = made->list[i].kind == KEPT_ITEM;
        made->list[i].tokens = is_item ? answer : answer + unit_counts_prompt(counts);
    }
    made->objects = (struct made_objects){.provider = attempt_provider(&exchange->attempt),
                                          .response_id = made->list[0].id,
                                          .list = made->list,
                                          .count = made->count};
    exchange->settlement.objects = &made->objects;
}

void made_objects_fini(struct exchange *exchange)
{
    struct made_list *made = exchange->made;
    if (made == NULL)
        return;
    for (size_t i = 0; i < made->count; i++)
        free((char *)(uintptr_t)made->list[i].id.data);
    free(made->list);
    free(made);
    exchange->made = NULL;
}
