#include "exchange/named_objects.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "dialect/kept_body.h"
#include "exchange/exchange_internal.h"
#include "store/objects.h"

struct named_objects {
    struct exchange *exchange;
    struct object_lookup lookup;
    bool pending;
    bool *found; /* behind the list */
    struct named_object list[];
};

enum naming named_objects_naming(const struct exchange *exchange)
{
    const struct kept_names *names = &exchange->names;
    for (size_t i = 0; i < names->count; i++) {
        if (!names->list[i].loose)
            return NAMES_STRICTLY;
    }
    return names->count > 0 ? NAMES_LOOSELY : NAMES_NOTHING;
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

/* ---- names beside those of a call's body ---- */

enum { PATH_NAMES = 2 };

struct path_names {
    size_t count;
    char ids[PATH_NAMES][LIMIT_OBJECT_ID_BYTES + 3]; /* JSON strings */
};

bool named_objects_add(struct exchange *exchange, enum kept_kind kind, const char *id)
{
    struct request_fault fault;
    if (exchange->path_names == NULL)
        exchange->path_names = calloc(1, sizeof *exchange->path_names);
    struct path_names *own = exchange->path_names;
    check(own != NULL && own->count < PATH_NAMES);
    char *text = own->ids[own->count++];
    int bytes = snprintf(text, sizeof own->ids[0], "\"%s\"", id);
    const struct json_value value = {.type = JSON_STRING, .raw = {text, (size_t)bytes}};
    const struct kept_name name = {.kind = kind};
    return bytes < (int)sizeof own->ids[0] &&
           kept_names_add(&exchange->names, name, &value, &fault);
}

bool named_objects_read_body(struct exchange *exchange)
{
    struct request_fault fault;
    return kept_body_read(buffer_slice(&exchange->body), &exchange->names, &fault) ||
           refuse(exchange, 400, fault.code, fault.param, fault.message, 0);
}

static bool refuse_look(struct exchange *exchange)
{
    return refuse(exchange, 503, "overloaded", NULL,
                  "Too much is asked of the database just now. Try again soon.", 1000);
}

/* ---- the look-up ---- */

/* What is named becomes a part of the prompt. */
static void add_input(const struct object_lookup *lookup, struct prompt *prompt)
{
    prompt->names_kept = true;
    prompt->kept_tokens = lookup->tokens;
    prompt->kept_grows = lookup->grows;
    if (lookup->unknown)
        prompt->opaque_count++;
}

static void on_returned(struct job *job)
{
    struct named_objects *named =
        (struct named_objects *)(void *)((char *)job - offsetof(struct named_objects, lookup.job));
    struct exchange *exchange = named->exchange;
    named->pending = false;
    if (named_objects_owned(exchange))
        add_input(&named->lookup, &exchange->asks.prompt);
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

bool named_objects_look(struct exchange *exchange)
{
    const struct kept_names *names = &exchange->names;
    size_t bytes = names->count * (sizeof(struct named_object) + sizeof(bool));
    check(exchange->named == NULL && names->count > 0);
    struct named_objects *named = calloc(1, sizeof *named + bytes);
    check(named != NULL);
    exchange->named = named;
    named->exchange = exchange;
    named->found = (bool *)&named->list[names->count];
    for (size_t i = 0; i < names->count; i++) {
        const struct kept_name *name = &names->list[i];
        named->list[i] = (struct named_object){name->id, name->kind, name->brings};
    }
    named->lookup =
        (struct object_lookup){.job = {.reply_queue = exchange->env->queue, .done = on_returned},
                               .account_id = exchange->key.account_id,
                               .names = named->list,
                               .count = names->count,
                               .found = named->found};
    named->pending = objects_look(exchange->env->store, &named->lookup);
    return named->pending || refuse_look(exchange);
}

bool named_objects_have_looked(const struct exchange *exchange)
{
    return exchange->named != NULL && !exchange->named->pending;
}

const char *named_objects_provider(const struct exchange *exchange)
{
    const struct object_lookup *lookup = &exchange->named->lookup;
    return lookup->divided || lookup->failed ? "" : lookup->provider;
}

/* The first name that the account has not; the count of names: it has all. */
static size_t first_missing(const struct named_objects *named)
{
    size_t i = 0;
    while (i < named->lookup.count && named->found[i])
        i++;
    return i;
}

bool named_objects_owned(const struct exchange *exchange)
{
    const struct named_objects *named = exchange->named;
    const struct object_lookup *lookup = &named->lookup;
    return !lookup->failed && !lookup->divided && first_missing(named) == lookup->count;
}

/* ---- refusals ---- */

static bool refuse_missing(struct exchange *exchange, const struct kept_name *name)
{
    static const char *const whats[KEPT_KINDS] = {[KEPT_RESPONSE] = "Previous response",
                                                  [KEPT_CONVERSATION] = "Conversation",
                                                  [KEPT_ITEM] = "Item"};
    char message[LIMIT_OBJECT_ID_BYTES + 160];
    bool of_path = name->param == NULL;
    snprintf(message, sizeof message, "%s with id '%.*s' not found.%s",
             of_path && name->kind == KEPT_RESPONSE ? "Response" : whats[name->kind],
             (int)name->id.bytes, name->id.data,
             name->kind == KEPT_ITEM && !of_path
                 ? " Items are not persisted when `store` is set to false. Send the item itself."
                 : "");
    if (name->kind == KEPT_RESPONSE && name->param != NULL)
        return refuse(exchange, 404, "previous_response_not_found", name->param, message, 0);
    return refuse(exchange, 404, "not_found", name->param, message, 0);
}

void named_objects_refuse(struct exchange *exchange)
{
    const struct named_objects *named = exchange->named;
    size_t missing = first_missing(named);
    if (named->lookup.failed)
        (void)refuse_look(exchange);
    else if (missing < named->lookup.count)
        (void)refuse_missing(exchange, &exchange->names.list[missing]);
    else
        (void)refuse(exchange, 400, "invalid_value", exchange->names.list[0].param,
                     "This request names what two providers keep; none of them has both. Send "
                     "what it stands for.",
                     0);
}

void named_objects_refuse_kept(struct exchange *exchange)
{
    const struct kept_name *name = &exchange->names.list[0];
    for (size_t i = 0; i < exchange->names.count && name->loose; i++)
        name = &exchange->names.list[i];
    char message[LIMIT_OBJECT_ID_BYTES + 256];
    snprintf(message, sizeof message,
             "'%.*s' cannot be named in a call of this model: %s. Send the whole conversation "
             "with each call, and \"store\": false.",
             (int)name->id.bytes, name->id.data,
             exchange->named != NULL ? "another provider keeps it"
                                     : "its provider keeps no responses here");
    (void)refuse(exchange, 400, "invalid_value", name->param, message, 0);
}

bool named_objects_is_busy(const struct exchange *exchange)
{
    return exchange->named != NULL && exchange->named->pending;
}

void named_objects_fini(struct exchange *exchange)
{
    free(exchange->named);
    free(exchange->path_names);
    exchange->named = NULL;
    exchange->path_names = NULL;
    kept_names_fini(&exchange->names);
}
