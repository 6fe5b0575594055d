#include "exchange/made_objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/answer_kept.h"
#include "dialect/renamed.h"
#include "exchange/exchange_internal.h"
#include "exchange/kept_turns.h"
#include "store/turns.h"

enum { OBJECTS_MAX = LIMIT_MADE_OBJECTS + 2 }; /* items, their response, its conversation */

struct made_list {
    bool ours;             /* the gateway itself keeps it */
    struct made_turn turn; /* then; what the settlement borrows */
    struct buffer sealed;
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

/* What a provider keeps is kept there, and not twice. */
static bool is_kept_by_gateway(const struct exchange *exchange, const struct answer_facts *facts,
                               struct answer_kept *kept)
{
    return kept_turns_are_wanted(exchange) && answer_kept_read_any(&facts->holder, kept);
}

static bool make_turn(struct exchange *exchange, const struct json_value *response)
{
    struct made_list *made = exchange->made;
    struct slice name = exchange->attempt.candidate->answers_as;
    struct buffer renamed;
    buffer_init(&made->sealed, LIMIT_KEPT_TURN_BYTES);
    made->ours = true;
    if (!renamed_text(name, response->raw, response, &renamed))
        return kept_turns_make(exchange, response->raw, &made->sealed, &made->turn);
    bool good = kept_turns_make(exchange, buffer_slice(&renamed), &made->sealed, &made->turn);
    buffer_fini(&renamed);
    return good;
}

void made_objects_note(struct exchange *exchange, const struct answer_facts *facts)
{
    if (exchange_is_ours(exchange))
        return; /* nobody gets its answer, so nobody owns anything of it */
    struct answer_kept kept;
    struct slice id;
    made_objects_fini(exchange); /* of an attempt before */
    if (facts->holder.type != JSON_OBJECT)
        return;
    /* A conversation of ours gets all of its turns, whoever answers. */
    bool theirs = is_kept_by_provider(exchange) && kept_turns_conversation(exchange) == NULL;
    if (theirs ? !answer_kept_read(&facts->holder, &exchange->asks, &kept)
               : !is_kept_by_gateway(exchange, facts, &kept))
        return;
    exchange->made = calloc(1, sizeof *exchange->made);
    check(exchange->made != NULL);
    if (!theirs && !make_turn(exchange, &facts->holder)) {
        made_objects_fini(exchange);
        return;
    }
    const char *conversation = kept_turns_conversation(exchange);
    add(exchange->made, KEPT_RESPONSE, kept.response_id);
    add(exchange->made, KEPT_CONVERSATION,
        theirs ? kept.conversation_id : slice_of(conversation ? conversation : ""));
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
    made->objects = (struct made_objects){
        .provider = made->ours ? TURNS_PROVIDER : attempt_provider(&exchange->attempt),
        .response_id = made->list[0].id,
        .list = made->list,
        .count = made->count};
    exchange->settlement.objects = &made->objects;
    if (!made->ours)
        return;
    made->turn.response_id = made->list[0].id;
    exchange->settlement.turn = &made->turn;
}

void made_objects_fini(struct exchange *exchange)
{
    struct made_list *made = exchange->made;
    if (made == NULL)
        return;
    for (size_t i = 0; i < made->count; i++)
        free((char *)(uintptr_t)made->list[i].id.data);
    free(made->list);
    buffer_fini(&made->sealed);
    free(made);
    exchange->made = NULL;
}
