#include "exchange/trace_record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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

struct trace_record *trace_record_new(void)
{
    struct trace_record *record = malloc(sizeof *record);
    check(record != NULL);
    memset(record, 0, offsetof(struct trace_record, texts));
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
    free(record);
}

struct attempt_span *attempt_span_new(const struct candidate *candidate)
{
    struct attempt_span *span = malloc(sizeof *span);
    check(span != NULL);
    memset(span, 0, offsetof(struct attempt_span, texts));
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
    free(span);
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

/* ---- packed ---- */

/* Before each part. All that follows it is as aligned as this. */
struct packed {
    uint32_t bytes; /* with this, and what fills up to the next one */
    bool is_attempt;
    _Alignas(8) char part[];
};

static size_t bytes_of(size_t texts_at, const struct trace_texts *texts)
{
    size_t bytes =
        sizeof(struct packed) + texts_at + offsetof(struct trace_texts, bytes) + texts->used;
    return (bytes + 7) / 8 * 8;
}

static void pack(const void *part, bool is_attempt, size_t bytes, struct buffer *out)
{
    struct packed *packed = (struct packed *)(void *)(out->data + out->bytes);
    packed->bytes = (uint32_t)bytes;
    packed->is_attempt = is_attempt;
    memcpy(packed->part, part, bytes - sizeof *packed);
    out->bytes += bytes;
}

static size_t record_bytes(const struct trace_record *record)
{
    return bytes_of(offsetof(struct trace_record, texts), &record->texts);
}

static size_t attempt_bytes(const struct attempt_span *span)
{
    return bytes_of(offsetof(struct attempt_span, texts), &span->texts);
}

bool trace_record_pack(const struct trace_record *record, struct buffer *out)
{
    size_t bytes = record_bytes(record);
    for (const struct attempt_span *span = record->first; span != NULL; span = span->next)
        bytes += attempt_bytes(span);
    if (buffer_reserve(out, bytes) == NULL)
        return false;
    pack(record, false, record_bytes(record), out);
    for (const struct attempt_span *span = record->first; span != NULL; span = span->next)
        pack(span, true, attempt_bytes(span), out);
    return true;
}

static const void *take(struct slice *all, bool is_attempt)
{
    const struct packed *packed = (const struct packed *)(const void *)all->data;
    if (all->bytes == 0 || packed->is_attempt != is_attempt)
        return NULL;
    all->data += packed->bytes;
    all->bytes -= packed->bytes;
    return packed->part;
}

const struct trace_record *trace_record_take(struct slice *packed)
{
    return take(packed, false);
}

const struct attempt_span *attempt_span_take(struct slice *packed)
{
    return take(packed, true);
}
