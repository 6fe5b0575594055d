#include "exchange/trace_record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/json.h"
#include "exchange/candidate.h"
#include "exchange/gen_ai_names.h"

/* ---- texts ---- */

static void begin_texts(struct trace_texts *texts)
{
    memset(texts, 0, offsetof(struct trace_texts, bytes));
    texts->bytes[0] = '\0';
    texts->used = 1;
}

void trace_texts_set(struct trace_texts *texts, unsigned which, struct slice text)
{
    size_t room = sizeof texts->bytes - texts->used;
    if (text.bytes == 0 || room < 2)
        return;
    if (text.bytes >= room)
        text.bytes = room - 1;
    texts->at[which] = texts->used;
    memcpy(texts->bytes + texts->used, text.data, text.bytes);
    texts->used = (uint16_t)(texts->used + text.bytes + 1);
    texts->bytes[texts->used - 1] = '\0';
}

/* ---- life ---- */

/* A worker that has more of them at once gives back the rest. */
enum { POOL_MAX = 256 };

static void *take(struct trace_list *list, size_t bytes)
{
    struct trace_kept *kept = list->first;
    if (kept != NULL) {
        list->first = kept->next;
        list->count--;
        return kept;
    }
    kept = malloc(bytes);
    check(kept != NULL);
    return kept;
}

static void give_back(struct trace_list *list, struct trace_kept *kept)
{
    if (list->count == POOL_MAX) {
        free(kept);
        return;
    }
    kept->next = list->first;
    list->first = kept;
    list->count++;
}

static void end_list(struct trace_list *list)
{
    while (list->first != NULL)
        free(take(list, 0));
}

void trace_pool_fini(struct trace_pool *pool)
{
    end_list(&pool->records);
    end_list(&pool->spans);
}

struct trace_record *trace_record_new(struct trace_pool *pool)
{
    struct trace_record *record = take(&pool->records, sizeof *record);
    memset(record, 0, offsetof(struct trace_record, texts));
    record->pool = pool;
    begin_texts(&record->texts);
    return record;
}

void trace_record_add(struct trace_record *record, struct attempt_span *span)
{
    span->next = NULL;
    if (record->last != NULL)
        record->last->next = span;
    else
        record->first = span;
    record->last = span;
}

void trace_record_free(struct trace_record *record)
{
    struct attempt_span *next;
    if (record == NULL)
        return;
    for (struct attempt_span *span = record->first; span != NULL; span = next) {
        next = span->next;
        attempt_span_free(span);
    }
    give_back(&record->pool->records, &record->kept);
}

struct attempt_span *attempt_span_new(struct trace_pool *pool, const struct candidate *candidate)
{
    struct attempt_span *span = take(&pool->spans, sizeof *span);
    memset(span, 0, offsetof(struct attempt_span, texts));
    span->pool = pool;
    begin_texts(&span->texts);
    trace_texts_set(&span->texts, ATTEMPT_PROVIDER, slice_of(candidate->terms.provider));
    trace_texts_set(&span->texts, ATTEMPT_MODEL, slice_of(candidate->terms.model));
    trace_texts_set(&span->texts, ATTEMPT_HOST, candidate->server->host);
    span->port = candidate->server->port;
    span->known_as = candidate->server->provider;
    return span;
}

void attempt_span_free(struct attempt_span *span)
{
    if (span != NULL)
        give_back(&span->pool->spans, &span->kept);
}

/* ---- what an answer says ---- */

enum { NAME_BYTES_MAX = 128 }; /* of what foreign servers call it; the rest is cut off */

static bool has(const struct attempt_span *span, enum attempt_text which)
{
    return span->texts.at[which] != 0;
}

/* Most need no decoding. */
static void set_string(struct attempt_span *span, enum attempt_text which,
                       const struct json_value *value)
{
    struct buffer text;
    if (value->type != JSON_STRING || has(span, which))
        return;
    struct slice inner = {value->raw.data + 1, value->raw.bytes - 2};
    buffer_init(&text, 4096);
    if (slice_char(inner, '\\') != NULL)
        inner = json_decode_string(value, &text) ? buffer_slice(&text) : slice_of("");
    if (inner.bytes > NAME_BYTES_MAX)
        inner.bytes = NAME_BYTES_MAX;
    trace_texts_set(&span->texts, which, inner);
    buffer_fini(&text);
}

static bool is_known(const struct attempt_span *span)
{
    return has(span, ATTEMPT_RESPONSE_ID) && has(span, ATTEMPT_RESPONSE_MODEL);
}

/* They stand before the text, mostly: the walk ends where both are known. */
static void find_names(struct attempt_span *span, const struct json_value *object)
{
    struct json_item item;
    if (object->type != JSON_OBJECT)
        return;
    struct json_walk walk = json_walk(object);
    while (!is_known(span) && json_next(&walk, &item)) {
        if (json_key_is(item.key, "id") || json_key_is(item.key, "responseId"))
            set_string(span, ATTEMPT_RESPONSE_ID, &item.value);
        else if (json_key_is(item.key, "model"))
            set_string(span, ATTEMPT_RESPONSE_MODEL, &item.value);
    }
}

void attempt_span_note_answer(struct attempt_span *span, const struct json_value *holder,
                              const struct json_value *model)
{
    if (span == NULL || is_known(span))
        return;
    set_string(span, ATTEMPT_RESPONSE_MODEL, model);
    find_names(span, holder);
}

void attempt_span_note_chunk(struct attempt_span *span, const struct json_value *chunk)
{
    if (span != NULL && !is_known(span))
        find_names(span, chunk);
}
