#include "exchange/trace_record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/json.h"
#include "dialect/completion.h"
#include "dialect/content_answer.h"
#include "exchange/candidate.h"
#include "exchange/trace_content.h"

/* ---- texts ---- */

void trace_text_set(struct trace_text *text, struct slice given)
{
    if (given.bytes > sizeof text->data)
        given.bytes = sizeof text->data;
    memcpy(text->data, given.data, given.bytes);
    text->bytes = (uint8_t)given.bytes;
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
    memset(record, 0, offsetof(struct trace_record, trace_id_text));
    record->pool = pool;
    record->trace_id_text[0] = record->span_id_text[0] = '\0';
    record->route.bytes = 0;
    record->state[0] = '\0';
    return record;
}

void trace_record_identify(struct trace_record *record, const struct trace_context *context)
{
    record->context = *context;
    hex_put16(context->trace_id.high, record->trace_id_text);
    hex_put16(context->trace_id.low, record->trace_id_text + 16);
    record->trace_id_text[TRACE_ID_TEXT_BYTES - 1] = '\0';
    hex_put16(context->span_id, record->span_id_text);
    record->span_id_text[SPAN_ID_TEXT_BYTES - 1] = '\0';
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

struct attempt_span *attempt_span_new(struct trace_pool *pool, struct candidate *candidate)
{
    struct attempt_span *span = take(&pool->spans, sizeof *span);
    memset(span, 0, offsetof(struct attempt_span, counts));
    span->pool = pool;
    span->candidate = candidate_ref(candidate);
    span->conversation.bytes = span->previous_response.bytes = 0;
    span->response_id.bytes = span->response_model.bytes = span->finish_reason.bytes = 0;
    return span;
}

void attempt_span_free(struct attempt_span *span)
{
    if (span == NULL)
        return;
    candidate_unref(span->candidate);
    trace_content_free(span->content);
    give_back(&span->pool->spans, &span->kept);
}

/* ---- what an answer says ---- */

static void set_escaped(struct trace_text *out, struct slice string)
{
    struct json_value value = {.type = JSON_STRING, .raw = string};
    struct buffer text;
    buffer_init(&text, 4096);
    if (json_decode_string(&value, &text))
        trace_text_set(out, buffer_slice(&text));
    buffer_fini(&text);
}

/* A JSON string, or an empty text. Most need no decoding. */
static void set_string(struct trace_text *out, struct slice string)
{
    if (string.bytes == 0 || out->bytes > 0)
        return;
    struct slice inner = {string.data + 1, string.bytes - 2};
    if (slice_char(inner, '\\') != NULL)
        set_escaped(out, string);
    else
        trace_text_set(out, inner);
}

static struct slice string_of(const struct json_value *value)
{
    return value->type == JSON_STRING ? value->raw : (struct slice){"", 0};
}

static bool is_known(const struct attempt_span *span)
{
    return span->response_id.bytes > 0 && span->response_model.bytes > 0;
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
            set_string(&span->response_id, string_of(&item.value));
        else if (json_key_is(item.key, "model"))
            set_string(&span->response_model, string_of(&item.value));
    }
}

void attempt_span_note_answer(struct attempt_span *span, const struct json_value *holder,
                              const struct json_value *model)
{
    if (span == NULL || is_known(span))
        return;
    set_string(&span->response_model, string_of(model));
    find_names(span, holder);
}

void attempt_span_note_completion(struct attempt_span *span, const struct completion *completion)
{
    if (span == NULL || is_known(span))
        return;
    set_string(&span->response_id, completion->id);
    set_string(&span->response_model, completion->model);
}

void attempt_span_hear(struct attempt_span *span, struct slice events)
{
    if (span != NULL && span->content != NULL)
        content_answer_feed(trace_content_answer(span->content), events);
}

void attempt_span_hear_whole(struct attempt_span *span, const struct json_value *answer)
{
    if (span != NULL && span->content != NULL)
        content_answer_take(trace_content_answer(span->content), answer);
}
