#include "exchange/refusal.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "exchange/exchange_internal.h"
#include "store/notes.h"

enum { MODEL_LOOKED_FOR_BYTES = 1024 * 1024 }; /* larger bodies are not searched */

static bool has_record(const struct exchange *exchange)
{
    return exchange->hold_pending || exchange->hold_open || exchange->settlement_pending ||
           exchange->settlement.record.exchange_id.text[0] != '\0' ||
           exchange->replay_of.text[0] != '\0';
}

/* The request's key, if no code has looked for it yet: the path is unknown. */
static bool find_key(const struct exchange *exchange, struct id *key_id, struct id *account_id)
{
    struct key_facts facts;
    *key_id = exchange->key.key_id;
    *account_id = exchange->key.account_id;
    if (key_id->text[0] != '\0')
        return true;
    if (exchange->request == NULL ||
        !exchange_find_key(exchange->env, &exchange->request->head, &facts))
        return false;
    *key_id = facts.key_id;
    *account_id = facts.account_id;
    return true;
}

/* A refused key is refused before the body is read, so the model is looked for here. */
static void copy_model(const struct exchange *exchange, char out[LIMIT_MODEL_NAME_BYTES])
{
    struct json_value root;
    struct json_value value;
    struct buffer text;
    struct fault fault;
    snprintf(out, LIMIT_MODEL_NAME_BYTES, "%s", exchange->asks.model);
    if (out[0] != '\0' || exchange->body.bytes == 0 ||
        exchange->body.bytes > MODEL_LOOKED_FOR_BYTES ||
        !json_parse(buffer_slice(&exchange->body), LIMIT_JSON_DEPTH, &root, &fault) ||
        root.type != JSON_OBJECT || json_find(&root, "model", &value) == 0 ||
        value.type != JSON_STRING)
        return;
    buffer_init(&text, MODEL_LOOKED_FOR_BYTES);
    if (json_decode_string(&value, &text))
        snprintf(out, LIMIT_MODEL_NAME_BYTES, "%.*s", (int)text.bytes, buffer_slice(&text).data);
    buffer_fini(&text);
}

void refusal_note(struct exchange *exchange, const struct answer_error *error)
{
    struct refused_call refused = {.exchange_id = exchange->id,
                                   .created_ms = exchange->created_ms,
                                   .total_us = clock_mono_us() - exchange->started_us,
                                   .status = error->status};
    if (has_record(exchange) || !find_key(exchange, &refused.key_id, &refused.account_id) ||
        !notes_take_refusal(exchange->env->store, &refused.account_id, exchange->created_ms))
        return;
    snprintf(refused.code, sizeof refused.code, "%s", error->code);
    snprintf(refused.path, sizeof refused.path, "%s", exchange->path);
    copy_model(exchange, refused.model);
    notes_refusal(exchange->env->store, &refused);
}
