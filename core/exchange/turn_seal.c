#include "exchange/turn_seal.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/seal.h"
#include "exchange/exchange_internal.h"
#include "exchange/kept_turns.h"

static bool refuse(struct exchange *exchange, const char *code, const char *param,
                   const char *message)
{
    const struct answer_error error = {
        .status = 400, .code = code, .message = message, .param = param, .final = true};
    exchange_refuse(exchange, &error);
    return false;
}

static void seal(const struct exchange *exchange, const struct buffer *text, struct buffer *out)
{
    struct buffer sealed;
    buffer_init(&sealed, LIMIT_KEPT_TURN_BYTES);
    seal_close(exchange->env->secret, kept_turns_owner(exchange), buffer_slice(text), &sealed);
    base64_append(buffer_slice(&sealed), out);
    out->failed = out->failed || text->failed || sealed.failed;
    buffer_fini(&sealed);
}

/* Items of a body that stand for others are not looked up. */
static bool refuse_references(struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->names.count; i++) {
        const struct kept_name *name = &exchange->names.list[i];
        if (name->param != NULL && !name->loose)
            return refuse(exchange, "invalid_value", name->param,
                          "Items of a conversation cannot name others. Send the items themselves.");
    }
    return true;
}

/* Items that are added, with those that are there already. */
static bool fit(const struct exchange *exchange, const struct json_value *items)
{
    struct json_walk walk = json_walk(items);
    struct json_item item;
    size_t count = kept_turns_item_count(exchange);
    while (count <= LIMIT_KEPT_ITEMS && json_next(&walk, &item))
        count++;
    return count <= LIMIT_KEPT_ITEMS;
}

bool turn_seal_body(struct exchange *exchange, struct buffer *out)
{
    enum { ITEMS, METADATA, MEMBERS };
    struct json_member members[MEMBERS] = {
        [ITEMS] = {.name = "items"}, [METADATA] = {.name = "metadata"}};
    struct json_value root = {.type = JSON_OBJECT, .raw = slice_of("{}")};
    struct buffer text;
    struct fault fault;
    if (!refuse_references(exchange))
        return false;
    if (exchange->body.bytes > 0 &&
        !json_parse(buffer_slice(&exchange->body), LIMIT_JSON_DEPTH, &root, &fault))
        return refuse(exchange, "invalid_json", NULL, fault.message);
    json_find_all(&root, members, MEMBERS);
    bool has_items = members[ITEMS].value.type == JSON_ARRAY;
    if (has_items && !fit(exchange, &members[ITEMS].value))
        return kept_turns_refuse_large(exchange);
    bool has_metadata = members[METADATA].value.type == JSON_OBJECT;
    buffer_init(&text, LIMIT_KEPT_TURN_BYTES);
    buffer_append_text(&text, "{\"input\":");
    buffer_append_slice(&text, has_items ? members[ITEMS].value.raw : slice_of("[]"));
    buffer_append_text(&text, ",\"metadata\":");
    buffer_append_slice(&text, has_metadata ? members[METADATA].value.raw : slice_of("null"));
    buffer_append_char(&text, '}');
    seal(exchange, &text, out);
    buffer_fini(&text);
    return !out->failed || kept_turns_refuse_large(exchange);
}

void turn_seal_removal(struct exchange *exchange, struct slice item_id, struct buffer *out)
{
    struct buffer text;
    buffer_init(&text, 4096);
    buffer_append_text(&text, "{\"removed\":");
    json_write_string(&text, item_id);
    buffer_append_char(&text, '}');
    seal(exchange, &text, out);
    buffer_fini(&text);
}
