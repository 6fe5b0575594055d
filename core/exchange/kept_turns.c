#include "exchange/kept_turns.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json_writer.h"
#include "base/seal.h"
#include "dialect/answer_kept.h"
#include "dialect/kept_turn.h"
#include "dialect/whole_request.h"
#include "exchange/exchange_internal.h"
#include "exchange/named_objects.h"
#include "store/turns.h"

struct kept_turns {
    struct exchange *exchange;
    struct turn_lookup lookup;
    bool pending;
    bool unreadable;      /* sealed with another secret */
    size_t item_count;    /* items */
    size_t brought_bytes; /* of the body of a request that was made whole */
    struct buffer *plain; /* a text for each turn that was found */
    struct kept_turn *turns;
    struct kept_removals removals;
    struct slice *contents; /* of the names, sorted: the items that they stand for */
    /* Of a request that was made whole: */
    bool whole;
    struct buffer own_items; /* its part of the input, without brackets */
    int64_t previous_turn;
    int64_t depth;
    char conversation_id[LIMIT_OBJECT_ID_BYTES + 1];
    char response_id[LIMIT_OBJECT_ID_BYTES + 1]; /* that it goes on from */
    size_t name_count;
    struct named_object names[];
};

static void forget_texts(struct kept_turns *kept)
{
    for (size_t i = 0; kept->plain != NULL && i < kept->lookup.turn_count; i++)
        buffer_wipe_fini(&kept->plain[i]);
    free(kept->plain);
    free(kept->turns);
    free(kept->contents);
    kept_removals_fini(&kept->removals);
    turns_look_fini(&kept->lookup);
    kept->plain = NULL;
    kept->turns = NULL;
    kept->contents = NULL;
}

static bool refuse(struct exchange *exchange, int status, const char *code, const char *param,
                   const char *message, int64_t retry_after_ms)
{
    const struct answer_error error = {.status = status,
                                       .code = code,
                                       .message = message,
                                       .param = param,
                                       .retry_after_ms = retry_after_ms,
                                       .final = retry_after_ms == 0};
    exchange_refuse(exchange, &error);
    return false;
}

bool kept_turns_are_on(const struct exchange *exchange)
{
    return exchange->env->turn_terms.keep_ms > 0;
}

/* What is sealed belongs to this account. */
struct slice kept_turns_owner(const struct exchange *exchange)
{
    return slice_of(exchange->key.account_id.text);
}

/* ---- the look-up ---- */

/* Items may be as short as two bytes, and each costs time wherever they are listed. */
static size_t count_items(const struct kept_turns *kept)
{
    struct kept_turn_walk walk =
        kept_turn_walk(kept->turns, kept->lookup.turn_count, &kept->removals);
    struct kept_turn_item item;
    size_t count = 0;
    while (count <= LIMIT_KEPT_ITEMS && kept_turn_next(&walk, &item))
        count++;
    return count;
}

static void open_all(struct kept_turns *kept)
{
    const struct turn_lookup *lookup = &kept->lookup;
    kept->plain = calloc(lookup->turn_count + 1, sizeof *kept->plain);
    kept->turns = calloc(lookup->turn_count + 1, sizeof *kept->turns);
    check(kept->plain != NULL && kept->turns != NULL);
    for (size_t i = 0; i < lookup->turn_count && !kept->unreadable; i++) {
        buffer_init(&kept->plain[i], LIMIT_KEPT_TURN_BYTES);
        kept->unreadable = !seal_open(kept->exchange->env->secret, kept_turns_owner(kept->exchange),
                                      buffer_slice(&lookup->turns[i].sealed), &kept->plain[i]) ||
                           !kept_turn_read(buffer_slice(&kept->plain[i]), &kept->turns[i]);
    }
    kept_removals_init(&kept->removals, kept->turns, lookup->turn_count);
    kept->item_count = kept->unreadable ? 0 : count_items(kept);
}

static void on_returned(struct job *job)
{
    struct kept_turns *kept =
        (struct kept_turns *)(void *)((char *)job - offsetof(struct kept_turns, lookup.job));
    struct exchange *exchange = kept->exchange;
    kept->pending = false;
    exchange->env->turn_lookups--;
    open_all(kept);
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

/* Only what is shown or must be brought: an item that is named loosely has its content. */
static bool looks_for(const struct kept_name *name, enum turns_purpose purpose)
{
    return purpose == TURNS_TO_BRING ? name->brings && !name->loose : name->kind != KEPT_ITEM;
}

static void add_names(struct kept_turns *kept, enum turns_purpose purpose)
{
    const struct kept_names *names = &kept->exchange->names;
    for (size_t i = 0; i < names->count; i++) {
        const struct kept_name *name = &names->list[i];
        if (looks_for(name, purpose))
            kept->names[kept->name_count++] = (struct named_object){
                name->id, name->kind, name->brings || purpose == TURNS_TO_SHOW_INPUT};
    }
}

/* What is looked up and brought in is memory that nobody has sent. */
static bool has_room(const struct exchange_env *env)
{
    return env->turn_lookups < LIMIT_TURN_LOOKUPS && env->brought_bytes < LIMIT_BROUGHT_BYTES;
}

static bool refuse_look(struct exchange *exchange)
{
    return refuse(exchange, 503, "overloaded", NULL,
                  "Too much is asked of the database just now. Try again soon.", 1000);
}

bool kept_turns_look(struct exchange *exchange, enum turns_purpose purpose)
{
    kept_turns_fini(exchange);
    struct kept_turns *kept =
        calloc(1, sizeof *kept + exchange->names.count * sizeof(struct named_object));
    check(kept != NULL);
    exchange->turns = kept;
    kept->exchange = exchange;
    add_names(kept, purpose);
    buffer_init(&kept->own_items, LIMIT_BODY_BYTES);
    kept->lookup =
        (struct turn_lookup){.job = {.reply_queue = exchange->env->queue, .done = on_returned},
                             .account_id = exchange->key.account_id,
                             .names = kept->names,
                             .count = kept->name_count};
    kept->pending = has_room(exchange->env) && turns_look(exchange->env->store, &kept->lookup);
    exchange->env->turn_lookups += kept->pending;
    return kept->pending || refuse_look(exchange);
}

bool kept_turns_have_looked(const struct exchange *exchange)
{
    return exchange->turns != NULL && !exchange->turns->pending && !exchange->turns->whole;
}

bool kept_turns_found(const struct exchange *exchange)
{
    const struct kept_turns *kept = exchange->turns;
    return !kept->lookup.failed && !kept->lookup.missing && !kept->lookup.too_large &&
           !kept->unreadable && kept->item_count <= LIMIT_KEPT_ITEMS;
}

bool kept_turns_refuse_large(struct exchange *exchange)
{
    return refuse(exchange, 413, "request_too_large", NULL,
                  "With all that this conversation has had, the request is too large. Begin a new "
                  "one with what still matters of it.",
                  0);
}

void kept_turns_refuse(struct exchange *exchange)
{
    const struct turn_lookup *lookup = &exchange->turns->lookup;
    const struct kept_name *name = &exchange->names.list[0];
    if (lookup->failed) {
        (void)refuse(exchange, 503, "overloaded", NULL,
                     "The database cannot be read just now. Try again soon.", 1000);
    } else if (lookup->too_large || exchange->turns->item_count > LIMIT_KEPT_ITEMS) {
        (void)kept_turns_refuse_large(exchange);
    } else {
        (void)refuse(exchange, 404,
                     name->kind == KEPT_RESPONSE && name->param != NULL
                         ? "previous_response_not_found"
                         : "not_found",
                     name->param,
                     "This, or a part of it, is no longer kept. Send the whole conversation.", 0);
    }
}

/* ---- a request is made whole ---- */

static int compare_names(const void *one, const void *other)
{
    const struct named_object *a = one;
    const struct named_object *b = other;
    size_t common = a->id.bytes < b->id.bytes ? a->id.bytes : b->id.bytes;
    int order = common > 0 ? memcmp(a->id.data, b->id.data, common) : 0;
    if (order != 0)
        return order;
    return (a->id.bytes > b->id.bytes) - (a->id.bytes < b->id.bytes);
}

static size_t find_name(const struct kept_turns *kept, struct slice id)
{
    const struct named_object wanted = {.id = id};
    const struct named_object *found =
        bsearch(&wanted, kept->names, kept->name_count, sizeof kept->names[0], compare_names);
    return found != NULL ? (size_t)(found - kept->names) : kept->name_count;
}

/* Finds what the names stand for in one walk: there may be many of both. */
static void find_contents(struct kept_turns *kept)
{
    struct kept_turn_walk walk =
        kept_turn_walk(kept->turns, kept->lookup.turn_count, &kept->removals);
    struct kept_turn_item item;
    qsort(kept->names, kept->name_count, sizeof kept->names[0], compare_names);
    kept->contents = calloc(kept->name_count + 1, sizeof *kept->contents);
    check(kept->contents != NULL);
    while (kept_turn_next(&walk, &item)) {
        size_t at = item.id.bytes > 0 ? find_name(kept, item.id) : kept->name_count;
        if (at < kept->name_count)
            kept->contents[at] = item.raw;
    }
}

static bool find_item(void *arg, struct slice id, struct slice *out)
{
    const struct kept_turns *kept = arg;
    size_t at = find_name(kept, id);
    if (at == kept->name_count || kept->contents[at].data == NULL)
        return false;
    *out = kept->contents[at];
    return true;
}

/* The call that asked for a summary had it: who goes on asks for an answer. */
static bool asks_for_summary(struct slice item)
{
    const struct json_value value = {.type = JSON_OBJECT, .raw = item};
    struct json_value type;
    return json_find(&value, "type", &type) > 0 && json_string_is(&type, "compaction_trigger");
}

static void put_items(const struct kept_turns *kept, size_t turn_count, struct buffer *out)
{
    struct kept_turn_walk walk = kept_turn_walk(kept->turns, turn_count, &kept->removals);
    struct kept_turn_item item;
    while (kept_turn_next(&walk, &item)) {
        if (asks_for_summary(item.raw))
            continue;
        if (out->bytes > 0)
            buffer_append_char(out, ',');
        buffer_append_slice(out, item.raw);
    }
}

/* Notes what the turn of this request will continue. A long chain ends: the next turn has all of it
 * again, so that no request looks for more than LIMIT_KEPT_CHAIN turns. */
static void note_place(struct kept_turns *kept, const struct buffer *all_items)
{
    for (size_t i = 0; i < kept->name_count; i++) {
        const struct named_object *name = &kept->names[i];
        if (name->kind == KEPT_CONVERSATION)
            slice_copy(name->id, kept->conversation_id, sizeof kept->conversation_id);
        else if (name->kind == KEPT_RESPONSE)
            slice_copy(name->id, kept->response_id, sizeof kept->response_id);
    }
    if (kept->lookup.continued == 0 || kept->conversation_id[0] != '\0')
        return;
    const struct found_turn *last = &kept->lookup.turns[kept->lookup.continued - 1];
    kept->previous_turn = last->turn;
    kept->depth = last->depth + 1;
    if (kept->depth < LIMIT_KEPT_CHAIN)
        return;
    kept->previous_turn = 0;
    kept->depth = 0;
    buffer_reset(&kept->own_items);
    buffer_append_slice(&kept->own_items, buffer_slice(all_items));
}

static bool names_two(const struct kept_turns *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < kept->name_count; i++)
        count += kept->names[i].kind != KEPT_ITEM;
    return count > 1;
}

bool kept_turns_bring(struct exchange *exchange)
{
    struct kept_turns *kept = exchange->turns;
    struct buffer items;
    struct buffer body;
    if (names_two(kept))
        return refuse(exchange, 400, "invalid_value", "conversation",
                      "Name either 'previous_response_id' or 'conversation'.", 0);
    buffer_init(&items, LIMIT_BODY_BYTES);
    buffer_init(&body, LIMIT_BODY_BYTES);
    find_contents(kept);
    whole_request_own_items(&exchange->asks.root, find_item, kept, &kept->own_items);
    put_items(kept, kept->lookup.continued, &items);
    if (items.bytes > 0 && kept->own_items.bytes > 0)
        buffer_append_char(&items, ',');
    buffer_append_slice(&items, buffer_slice(&kept->own_items));
    whole_request_write(&exchange->asks.root, buffer_slice(&items), &body);
    bool good = !items.failed && !body.failed && !kept->own_items.failed;
    if (good) {
        note_place(kept, &items);
        kept->whole = true;
        forget_texts(kept);
        named_objects_fini(exchange); /* its names stand in the old body */
        buffer_wipe_fini(&exchange->body);
        exchange->body = body;
        kept->brought_bytes = body.bytes;
        exchange->env->brought_bytes += body.bytes;
    } else {
        buffer_fini(&body);
        (void)kept_turns_refuse_large(exchange);
    }
    buffer_fini(&items);
    return good;
}

/* ---- turns that are made ---- */

static bool find_nothing(void *arg, struct slice id, struct slice *out)
{
    (void)arg;
    (void)id;
    (void)out;
    return false;
}

const char *kept_turns_conversation(const struct exchange *exchange)
{
    const struct kept_turns *kept = exchange->turns;
    bool any = kept != NULL && kept->whole && kept->conversation_id[0] != '\0';
    return any ? kept->conversation_id : NULL;
}

const char *kept_turns_response(const struct exchange *exchange)
{
    const struct kept_turns *kept = exchange->turns;
    bool any = kept != NULL && kept->whole && kept->response_id[0] != '\0';
    return any ? kept->response_id : NULL;
}

bool kept_turns_are_wanted(const struct exchange *exchange)
{
    return kept_turns_are_on(exchange) && exchange->asks.dialect == DIALECT_RESPONSES &&
           exchange->asks.compaction != COMPACTION_BY_PATH && answer_kept_wanted(&exchange->asks);
}

bool kept_turns_make(struct exchange *exchange, struct slice response, struct buffer *out,
                     struct made_turn *made)
{
    const struct kept_turns *kept = exchange->turns;
    bool whole = kept != NULL && kept->whole;
    struct buffer own;
    struct buffer text;
    buffer_init(&own, LIMIT_KEPT_TURN_BYTES);
    buffer_init(&text, LIMIT_KEPT_TURN_BYTES);
    if (!whole)
        whole_request_own_items(&exchange->asks.root, find_nothing, NULL, &own);
    kept_turn_write(buffer_slice(whole ? &kept->own_items : &own), response, &text);
    if (!own.failed && !text.failed)
        seal_close(exchange->env->secret, kept_turns_owner(exchange), buffer_slice(&text), out);
    bool good = !own.failed && !text.failed && !out->failed;
    const char *conversation_id = kept_turns_conversation(exchange);
    *made = (struct made_turn){.terms = exchange->env->turn_terms,
                               .conversation_id = slice_of(conversation_id ? conversation_id : ""),
                               .previous_turn = whole ? kept->previous_turn : 0,
                               .depth = whole ? kept->depth : 0,
                               .sealed = buffer_slice(out)};
    buffer_fini(&own);
    buffer_fini(&text);
    return good;
}

size_t kept_turns_item_count(const struct exchange *exchange)
{
    return exchange->turns != NULL ? exchange->turns->item_count : 0;
}

/* ---- replies ---- */

static void reply(struct exchange *exchange, struct buffer *body)
{
    if (body->failed)
        (void)kept_turns_refuse_large(exchange);
    else
        exchange_reply(exchange, 200, "application/json", buffer_slice(body));
    buffer_fini(body);
}

void kept_turns_reply_response(struct exchange *exchange)
{
    const struct kept_turns *kept = exchange->turns;
    check(kept->lookup.turn_count > 0);
    exchange_reply(exchange, 200, "application/json",
                   kept->turns[kept->lookup.turn_count - 1].response.raw);
}

/* A list of the items that a page may show, in its order; the caller frees it. */
static struct kept_turn_item *list_items(const struct kept_turns *kept,
                                         const struct items_page *page, size_t *count)
{
    size_t last = kept->lookup.turn_count - 1;
    struct kept_turn_walk walk = kept_turn_walk(kept->turns, last + 1, &kept->removals);
    struct kept_turn_item item;
    struct kept_turn_item *list = NULL;
    size_t room = 0;
    *count = 0;
    while (kept_turn_next(&walk, &item)) {
        bool given = item.turn == last && item.given;
        if ((page->input_only && given) || (page->last_only && item.turn != last))
            continue;
        if (*count == room) {
            room = room > 0 ? 2 * room : 64;
            list = realloc(list, room * sizeof *list);
            check(list != NULL);
        }
        list[(*count)++] = item;
    }
    for (size_t i = 0; !page->ascending && i < *count / 2; i++) {
        struct kept_turn_item other = list[i];
        list[i] = list[*count - 1 - i];
        list[*count - 1 - i] = other;
    }
    return list;
}

static void put_id(const struct kept_turn_item *item, const char *name, struct buffer *out)
{
    char own[KEPT_TURN_ID_BYTES];
    buffer_printf(out, ",\"%s\":", name);
    if (item == NULL) {
        buffer_append_text(out, "null");
        return;
    }
    kept_turn_name(item, own);
    json_write_string(out, item->id.bytes > 0 ? item->id : slice_of(own));
}

void kept_turns_reply_items(struct exchange *exchange, const struct items_page *page)
{
    const struct kept_turns *kept = exchange->turns;
    size_t count;
    size_t from = 0;
    struct buffer body;
    struct kept_turn_item *items = list_items(kept, page, &count);
    while (page->after.bytes > 0 && from < count && !kept_turn_is(&items[from], page->after))
        from++;
    from += page->after.bytes > 0 && from < count;
    size_t end = from + (size_t)page->limit < count ? from + (size_t)page->limit : count;
    buffer_init(&body, LIMIT_BODY_BYTES);
    buffer_append_text(&body, "{\"object\":\"list\",\"data\":[");
    for (size_t i = from; i < end; i++) {
        if (i > from)
            buffer_append_char(&body, ',');
        kept_turn_put(&items[i], &body);
    }
    buffer_append_char(&body, ']');
    put_id(from < end ? &items[from] : NULL, "first_id", &body);
    put_id(from < end ? &items[end - 1] : NULL, "last_id", &body);
    buffer_append_text(&body, end < count ? ",\"has_more\":true}" : ",\"has_more\":false}");
    free(items);
    reply(exchange, &body);
}

static bool find_shown(const struct kept_turns *kept, struct slice id, struct kept_turn_item *out)
{
    struct kept_turn_walk walk =
        kept_turn_walk(kept->turns, kept->lookup.turn_count, &kept->removals);
    while (kept_turn_next(&walk, out)) {
        if (kept_turn_is(out, id))
            return true;
    }
    return false;
}

bool kept_turns_have_item(const struct exchange *exchange, struct slice item_id)
{
    struct kept_turn_item item;
    return find_shown(exchange->turns, item_id, &item);
}

bool kept_turns_reply_item(struct exchange *exchange, struct slice item_id)
{
    struct kept_turn_item item;
    struct buffer body;
    if (!find_shown(exchange->turns, item_id, &item))
        return false;
    buffer_init(&body, LIMIT_BODY_BYTES);
    kept_turn_put(&item, &body);
    reply(exchange, &body);
    return true;
}

void kept_turns_reply_conversation(struct exchange *exchange, const char *conversation_id)
{
    const struct kept_turns *kept = exchange->turns;
    struct slice metadata = slice_of("{}");
    struct buffer body;
    for (size_t i = 0; i < kept->lookup.turn_count; i++) {
        if (kept->turns[i].metadata.type == JSON_OBJECT)
            metadata = kept->turns[i].metadata.raw;
    }
    int64_t created_ms = kept->lookup.turn_count > 0 ? kept->lookup.turns[0].created_ms : 0;
    buffer_init(&body, LIMIT_BODY_BYTES);
    buffer_printf(&body, "{\"id\":\"%s\",\"object\":\"conversation\",\"created_at\":%lld",
                  conversation_id, (long long)(created_ms / 1000));
    buffer_append_text(&body, ",\"metadata\":");
    buffer_append_slice(&body, metadata);
    buffer_append_char(&body, '}');
    reply(exchange, &body);
}

/* ---- the end ---- */

bool kept_turns_is_busy(const struct exchange *exchange)
{
    return exchange->turns != NULL && exchange->turns->pending;
}

void kept_turns_fini(struct exchange *exchange)
{
    struct kept_turns *kept = exchange->turns;
    if (kept == NULL)
        return;
    forget_texts(kept);
    exchange->env->brought_bytes -= kept->brought_bytes;
    buffer_wipe_fini(&kept->own_items);
    free(kept);
    exchange->turns = NULL;
}
