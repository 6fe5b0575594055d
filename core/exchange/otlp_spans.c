#include "exchange/otlp_spans.h"

#include <string.h>

#include "base/check.h"
#include "base/protobuf.h"
#include "exchange/gen_ai_names.h"
#include "exchange/otlp_pen.h"
#include "exchange/trace_record.h"

/* Of opentelemetry/proto/trace/v1/trace.proto. */
enum {
    PARENT_KNOWN = 0x100, /* whether the parent is remote */
    PARENT_REMOTE = 0x200
};
enum { KIND_SERVER = 2, KIND_CLIENT = 3, STATUS_ERROR = 2 };
enum { OPERATION_BYTES = 32 }; /* the longest of gen_ai_operation, and a blank */

/* The bytes before the fields of Span, Link, Status, AnyValue; SPAN_FLAGS are two. */
enum {
    SCOPE_SPANS_SPAN = PROTOBUF_TAG(2, PROTOBUF_BYTES),
    SPAN_TRACE_ID = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    SPAN_SPAN_ID = PROTOBUF_TAG(2, PROTOBUF_BYTES),
    SPAN_TRACE_STATE = PROTOBUF_TAG(3, PROTOBUF_BYTES),
    SPAN_PARENT_ID = PROTOBUF_TAG(4, PROTOBUF_BYTES),
    SPAN_NAME = PROTOBUF_TAG(5, PROTOBUF_BYTES),
    SPAN_KIND = PROTOBUF_TAG(6, PROTOBUF_VARINT),
    SPAN_START = PROTOBUF_TAG(7, PROTOBUF_FIXED64),
    SPAN_END = PROTOBUF_TAG(8, PROTOBUF_FIXED64),
    SPAN_ATTRIBUTE = PROTOBUF_TAG(9, PROTOBUF_BYTES),
    SPAN_LINK = PROTOBUF_TAG(13, PROTOBUF_BYTES),
    SPAN_STATUS = PROTOBUF_TAG(15, PROTOBUF_BYTES),
    SPAN_FLAGS = 16 << 3 | PROTOBUF_FIXED32,
    LINK_TRACE_ID = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    LINK_SPAN_ID = PROTOBUF_TAG(2, PROTOBUF_BYTES),
    LINK_FLAGS = PROTOBUF_TAG(6, PROTOBUF_FIXED32),
    STATUS_CODE = PROTOBUF_TAG(3, PROTOBUF_VARINT),
    VALUE_BOOL = PROTOBUF_TAG(2, PROTOBUF_VARINT),
    VALUE_INT = PROTOBUF_TAG(3, PROTOBUF_VARINT),
    VALUE_DOUBLE = PROTOBUF_TAG(4, PROTOBUF_FIXED64),
    VALUE_ARRAY = PROTOBUF_TAG(5, PROTOBUF_BYTES),
    ARRAY_VALUE = PROTOBUF_TAG(1, PROTOBUF_BYTES)
};

static void put_text_field(struct pen *out, char tag, struct slice text)
{
    char mended[3 * TRACE_TEXTS_BYTES];
    if (text.bytes > TRACE_TEXTS_BYTES)
        text.bytes = TRACE_TEXTS_BYTES;
    pen_field(out, tag, otlp_valid(text, mended));
}

/* ---- attributes: a KeyValue with an AnyValue in it ---- */

/* Few texts are other than ASCII. */
static void put_other(struct pen *out, struct slice key, struct slice text)
{
    char mended[3 * TRACE_TEXTS_BYTES];
    otlp_put_valid(out, SPAN_ATTRIBUTE, key, otlp_mended(text, mended));
}

INLINE void put_slice(struct pen *out, struct slice key, struct slice text)
{
    if (otlp_is_ascii(text))
        otlp_put_valid(out, SPAN_ATTRIBUTE, key, text);
    else
        put_other(out, key, text);
}

INLINE void put_int(struct pen *out, struct slice key, int64_t number)
{
    otlp_begin_attribute(out, SPAN_ATTRIBUTE, key, 1 + protobuf_varint_bytes((uint64_t)number));
    pen_byte(out, VALUE_INT);
    pen_varint(out, (uint64_t)number);
}

static void put_true(struct pen *out, struct slice key)
{
    otlp_begin_attribute(out, SPAN_ATTRIBUTE, key, 2);
    pen_byte(out, VALUE_BOOL);
    pen_byte(out, 1);
}

/* `units` divided by `scale`: the double next to it, as any reader of the decimal text has it. */
INLINE void put_double(struct pen *out, struct slice key, int64_t units, int64_t scale)
{
    double number = (double)units / (double)scale;
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    otlp_begin_attribute(out, SPAN_ATTRIBUTE, key, 9);
    pen_byte(out, VALUE_DOUBLE);
    pen_fixed64(out, bits);
}

#define PUT_TEXT(out, key, text) put_slice((out), KEY(key), slice_of(text))
#define PUT_INT(out, key, number) put_int((out), KEY(key), (number))
#define PUT_USD(out, key, nusd) put_double((out), KEY(key), (nusd), 1000 * 1000 * 1000)

/* Of a text that is ASCII for sure: ids, words of ours. */
#define PUT_WORD(out, key, text) otlp_put_valid((out), SPAN_ATTRIBUTE, KEY(key), slice_of(text))

/* ---- what all spans have ---- */

static const char *text_of(const struct trace_record *record, enum exchange_text which)
{
    return trace_text(&record->texts, which);
}

static bool has_text(const struct trace_record *record, enum exchange_text which)
{
    return record->texts.at[which] != 0;
}

static const char *attempt_text(const struct attempt_span *span, enum attempt_text which)
{
    return trace_text(&span->texts, which);
}

static bool has_attempt_text(const struct attempt_span *span, enum attempt_text which)
{
    return span->texts.at[which] != 0;
}

static uint64_t wall_ns(const struct trace_record *record, int64_t mono_us)
{
    return (uint64_t)(record->created_ms * 1000 + mono_us - record->started_us) * 1000;
}

static void put_times(const struct trace_record *record, int64_t started_us, int64_t ended_us,
                      struct pen *out)
{
    pen_byte(out, SPAN_START);
    pen_fixed64(out, wall_ns(record, started_us));
    pen_byte(out, SPAN_END);
    pen_fixed64(out, wall_ns(record, ended_us));
}

/* Eight lower-case hexadecimal digits at once: each becomes a nibble of its byte, and these move
 * together. */
static uint32_t bytes_of(const char digits[8])
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t bytes;
    memcpy(&bytes, digits, sizeof bytes);
    bytes = (bytes & ones * 0x0f) + (bytes >> 6 & ones) * 9;
    bytes = (bytes << 4 | bytes >> 8) & UINT64_C(0x00ff00ff00ff00ff);
    bytes = (bytes | bytes >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(bytes | bytes >> 16);
}

/* `id_bytes`: of its digits and a NUL; 17 or 33. */
INLINE void put_id(struct pen *out, char tag, const char *id, size_t id_bytes)
{
    pen_byte(out, tag);
    pen_byte(out, (char)(id_bytes / 2));
    for (size_t i = 0; i + 8 < id_bytes; i += 8)
        pen_fixed32(out, bytes_of(id + i));
}

static void begin_span(const struct trace_record *record, const char *span_id,
                       const char *parent_id, unsigned flags, struct pen *out)
{
    put_id(out, SPAN_TRACE_ID, record->context.trace_id, TRACE_ID_BYTES);
    put_id(out, SPAN_SPAN_ID, span_id, SPAN_ID_BYTES);
    if (parent_id[0] != '\0')
        put_id(out, SPAN_PARENT_ID, parent_id, SPAN_ID_BYTES);
    pen_varint(out, SPAN_FLAGS);
    pen_fixed32(out, flags);
}

static void put_kind(struct pen *out, char kind)
{
    pen_byte(out, SPAN_KIND);
    pen_byte(out, kind);
}

static void end_span(struct pen *out, const char *error)
{
    if (error == NULL)
        return;
    PUT_TEXT(out, "error.type", error);
    pen_byte(out, SPAN_STATUS);
    pen_byte(out, 2);
    pen_byte(out, STATUS_CODE);
    pen_byte(out, STATUS_ERROR);
}

/* ---- an exchange ---- */

/* A method that is none of HTTP's would make a name of its own for each. */
static bool is_method(const char *method)
{
    static const char *const known[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(method, known[i]) == 0)
            return true;
    }
    return false;
}

/* "POST /v1/chat/completions" */
static void put_server_name(const struct trace_record *record, struct pen *out)
{
    char name[TRACE_TEXTS_BYTES + 2];
    char *at = name;
    const char *method = text_of(record, EXCHANGE_METHOD);
    at = stpcpy(at, is_method(method) ? method : "HTTP");
    if (has_text(record, EXCHANGE_ROUTE)) {
        *at++ = ' ';
        at = stpcpy(at, text_of(record, EXCHANGE_ROUTE));
    }
    put_text_field(out, SPAN_NAME, (struct slice){name, (size_t)(at - name)});
}

static void put_link(const struct trace_record *record, struct pen *out)
{
    enum { LINK_BYTES = 2 + (TRACE_ID_BYTES - 1) / 2 + 2 + (SPAN_ID_BYTES - 1) / 2 + 1 + 4 };
    if (record->link.trace_id[0] == '\0')
        return;
    pen_byte(out, SPAN_LINK);
    pen_byte(out, LINK_BYTES);
    put_id(out, LINK_TRACE_ID, record->link.trace_id, TRACE_ID_BYTES);
    put_id(out, LINK_SPAN_ID, record->link.span_id, SPAN_ID_BYTES);
    pen_byte(out, LINK_FLAGS);
    pen_fixed32(out, record->link.flags | PARENT_KNOWN | PARENT_REMOTE);
}

static void put_http(const struct trace_record *record, struct pen *out)
{
    bool known = is_method(text_of(record, EXCHANGE_METHOD));
    PUT_WORD(out, "http.request.method", known ? text_of(record, EXCHANGE_METHOD) : "_OTHER");
    if (!known)
        PUT_TEXT(out, "http.request.method_original", text_of(record, EXCHANGE_METHOD));
    PUT_WORD(out, "url.scheme", record->secure ? "https" : "http");
    PUT_TEXT(out, "url.path", text_of(record, EXCHANGE_PATH));
    if (has_text(record, EXCHANGE_ROUTE))
        PUT_TEXT(out, "http.route", text_of(record, EXCHANGE_ROUTE));
    if (record->status != 0)
        PUT_INT(out, "http.response.status_code", record->status);
}

/* What only the gateway knows of an exchange. */
static void put_ours(const struct trace_record *record, struct pen *out)
{
    PUT_WORD(out, "llm_gateway.request_id", text_of(record, EXCHANGE_REQUEST_ID));
    if (has_text(record, EXCHANGE_USER))
        PUT_WORD(out, "user.id", text_of(record, EXCHANGE_USER));
    if (has_text(record, EXCHANGE_KEY))
        PUT_WORD(out, "llm_gateway.key_id", text_of(record, EXCHANGE_KEY));
    if (has_text(record, EXCHANGE_MODEL))
        PUT_TEXT(out, "llm_gateway.model", text_of(record, EXCHANGE_MODEL));
    if (record->attempt_count > 0)
        PUT_INT(out, "llm_gateway.attempts", record->attempt_count);
    if (record->charged) {
        PUT_USD(out, "llm_gateway.charge_usd", record->charge_nusd);
        PUT_USD(out, "llm_gateway.cost_usd", record->cost_nusd);
    }
    if (has_text(record, EXCHANGE_ERROR))
        PUT_TEXT(out, "llm_gateway.error_code", text_of(record, EXCHANGE_ERROR));
    if (has_text(record, EXCHANGE_REPLAY_OF))
        PUT_WORD(out, "llm_gateway.replay_of", text_of(record, EXCHANGE_REPLAY_OF));
    if (has_text(record, EXCHANGE_SHARED_WITH))
        PUT_WORD(out, "llm_gateway.shared_with", text_of(record, EXCHANGE_SHARED_WITH));
}

static void put_server(const struct trace_record *record, struct pen *out)
{
    unsigned parent = record->parent_id[0] != '\0' ? PARENT_KNOWN | PARENT_REMOTE : PARENT_KNOWN;
    begin_span(record, record->context.span_id, record->parent_id, record->context.flags | parent,
               out);
    if (has_text(record, EXCHANGE_STATE))
        put_text_field(out, SPAN_TRACE_STATE, slice_of(text_of(record, EXCHANGE_STATE)));
    put_server_name(record, out);
    put_kind(out, KIND_SERVER);
    put_times(record, record->started_us, record->ended_us, out);
    put_link(record, out);
    put_http(record, out);
    put_ours(record, out);
    end_span(out, !record->failed                    ? NULL
                  : has_text(record, EXCHANGE_ERROR) ? text_of(record, EXCHANGE_ERROR)
                                                     : "_OTHER");
}

/* ---- an attempt ---- */

static void put_provider(const struct attempt_span *span, struct pen *out)
{
    const char *provider = attempt_text(span, ATTEMPT_PROVIDER);
    PUT_TEXT(out, "gen_ai.provider.name", span->known_as != NULL ? span->known_as : provider);
    PUT_TEXT(out, "llm_gateway.provider", provider);
    if (!has_attempt_text(span, ATTEMPT_HOST))
        return;
    PUT_TEXT(out, "server.address", attempt_text(span, ATTEMPT_HOST));
    PUT_INT(out, "server.port", span->port);
}

static void put_request(const struct attempt_span *span, struct pen *out)
{
    const char *output_type = gen_ai_output_type(span->dialect);
    PUT_TEXT(out, "gen_ai.request.model", attempt_text(span, ATTEMPT_MODEL));
    if (span->streamed)
        put_true(out, KEY("gen_ai.request.stream"));
    if (span->output_tokens_max > 0)
        PUT_INT(out, "gen_ai.request.max_tokens", span->output_tokens_max);
    if (span->choices > 1)
        PUT_INT(out, "gen_ai.request.choice.count", span->choices);
    if (output_type != NULL)
        PUT_WORD(out, "gen_ai.output.type", output_type);
    PUT_INT(out, "llm_gateway.attempt", span->number);
}

/* In seconds. */
static void put_first_chunk(const struct attempt_span *span, struct pen *out)
{
    if (!span->streamed || span->answered_us == 0)
        return;
    put_double(out, KEY("gen_ai.response.time_to_first_chunk"),
               span->answered_us - span->started_us, 1000 * 1000);
}

/* We note one finish reason: with several choices it is not known whose. A generation that was cut
 * has "error". */
static void put_finish(const struct attempt_span *span, struct pen *out)
{
    char mended[3 * TRACE_TEXTS_BYTES];
    const char *reason = attempt_text(span, ATTEMPT_FINISH_REASON);
    if (span->error != NULL && reason[0] == '\0' && span->status > 0 && span->status < 300)
        reason = "error";
    if (reason[0] == '\0' || span->choices != 1)
        return;
    struct slice text = otlp_valid(slice_of(reason), mended);
    size_t value_bytes = 1 + protobuf_varint_bytes(text.bytes) + text.bytes;
    size_t array_bytes = 1 + protobuf_varint_bytes(value_bytes) + value_bytes;
    otlp_begin_attribute(out, SPAN_ATTRIBUTE, KEY("gen_ai.response.finish_reasons"),
                         1 + protobuf_varint_bytes(array_bytes) + array_bytes);
    pen_byte(out, VALUE_ARRAY);
    pen_varint(out, array_bytes);
    pen_byte(out, ARRAY_VALUE);
    pen_varint(out, value_bytes);
    pen_field(out, VALUE_TEXT, text);
}

static void put_response(const struct attempt_span *span, struct pen *out)
{
    if (span->status > 0)
        PUT_INT(out, "http.response.status_code", span->status);
    if (has_attempt_text(span, ATTEMPT_RESPONSE_ID))
        PUT_TEXT(out, "gen_ai.response.id", attempt_text(span, ATTEMPT_RESPONSE_ID));
    if (has_attempt_text(span, ATTEMPT_RESPONSE_MODEL))
        PUT_TEXT(out, "gen_ai.response.model", attempt_text(span, ATTEMPT_RESPONSE_MODEL));
    put_first_chunk(span, out);
    put_finish(span, out);
}

static void put_count(struct pen *out, struct slice key, int64_t number)
{
    if (number > 0)
        put_int(out, key, number);
}

/* Parts of the input and the output are in their sums, as the conventions say. */
static void put_usage(const struct attempt_span *span, struct pen *out)
{
    const struct unit_counts *counts = &span->counts;
    if (!span->metered)
        return;
    PUT_INT(out, "gen_ai.usage.input_tokens", unit_counts_prompt(counts));
    put_count(out, KEY("gen_ai.usage.cache_read.input_tokens"), unit_counts_cached(counts));
    put_count(out, KEY("gen_ai.usage.cache_write.input_tokens"),
              counts->cache_write + counts->cache_write_long);
    put_count(out, KEY("gen_ai.usage.audio.input_tokens"),
              counts->audio_input + counts->cached_audio_input);
    put_count(out, KEY("gen_ai.usage.audio.cache_read.input_tokens"), counts->cached_audio_input);
    put_count(out, KEY("gen_ai.usage.image.input_tokens"),
              counts->image_input + counts->cached_image_input);
    put_count(out, KEY("gen_ai.usage.image.cache_read.input_tokens"), counts->cached_image_input);
    if (strcmp(gen_ai_operation(span->dialect), "embeddings") != 0)
        PUT_INT(out, "gen_ai.usage.output_tokens", unit_counts_answer(counts));
    put_count(out, KEY("gen_ai.usage.reasoning.output_tokens"), span->reasoning_tokens);
    put_count(out, KEY("gen_ai.usage.audio.output_tokens"), counts->audio_output);
    put_count(out, KEY("gen_ai.usage.image.output_tokens"), counts->image_output);
    PUT_WORD(out, "llm_gateway.usage_source", usage_source_name(span->source));
    PUT_USD(out, "llm_gateway.cost_usd", span->cost_nusd);
}

static void put_attempt(const struct trace_record *record, const struct attempt_span *span,
                        struct pen *out)
{
    const char *operation = gen_ai_operation(span->dialect);
    char name[OPERATION_BYTES + TRACE_TEXTS_BYTES];
    begin_span(record, span->span_id, record->context.span_id, record->context.flags | PARENT_KNOWN,
               out);
    char *at = stpcpy(name, operation);
    *at++ = ' ';
    at = stpcpy(at, attempt_text(span, ATTEMPT_MODEL));
    put_text_field(out, SPAN_NAME, (struct slice){name, (size_t)(at - name)});
    put_kind(out, KIND_CLIENT);
    put_times(record, span->started_us, span->ended_us, out);
    PUT_WORD(out, "gen_ai.operation.name", operation);
    put_provider(span, out);
    put_request(span, out);
    put_response(span, out);
    put_usage(span, out);
    end_span(out, span->error);
}

/* ---- the whole ---- */

/* Before a span: its tag and its length, which is known behind it. Almost all take two bytes. */
enum { SPAN_HEAD_BYTES = 3 };

/* More than a span has: our words, and its texts, each byte of which becomes three at most and
 * stands there twice at most. */
static size_t bytes_max(const struct trace_texts *texts)
{
    enum { WORDS_BYTES_MAX = 4096 };
    return SPAN_HEAD_BYTES + WORDS_BYTES_MAX + (size_t)2 * 3 * texts->used;
}

/* Room for one more. `at` is NULL if there is none. */
static struct pen open_room(struct buffer *out, size_t bytes)
{
    struct pen pen = {buffer_reserve(out, bytes)};
    if (pen.at != NULL)
        pen.at += SPAN_HEAD_BYTES;
    return pen;
}

static void close_room(struct buffer *out, struct pen pen, size_t bytes_most)
{
    char *from = out->data + out->bytes;
    struct pen head = {from};
    size_t bytes = (size_t)(pen.at - from) - SPAN_HEAD_BYTES;
    size_t head_bytes = 1 + protobuf_varint_bytes(bytes);
    check(SPAN_HEAD_BYTES + bytes <= bytes_most);
    if (head_bytes != SPAN_HEAD_BYTES)
        memmove(from + head_bytes, from + SPAN_HEAD_BYTES, bytes);
    pen_byte(&head, SCOPE_SPANS_SPAN);
    pen_varint(&head, bytes);
    out->bytes += head_bytes + bytes;
}

static bool add_server(const struct trace_record *record, struct buffer *out)
{
    size_t most = bytes_max(&record->texts);
    struct pen pen = open_room(out, most);
    if (pen.at == NULL)
        return false;
    put_server(record, &pen);
    close_room(out, pen, most);
    return true;
}

static bool add_attempt(const struct trace_record *record, const struct attempt_span *span,
                        struct buffer *out)
{
    size_t most = bytes_max(&span->texts);
    struct pen pen = open_room(out, most);
    if (pen.at == NULL)
        return false;
    put_attempt(record, span, &pen);
    close_room(out, pen, most);
    return true;
}

size_t otlp_spans_add(const struct trace_record *record, struct buffer *out)
{
    size_t before = out->bytes, count = record->beside ? 0 : 1;
    bool ok = record->beside || add_server(record, out);
    for (const struct attempt_span *span = record->first; span != NULL && ok; span = span->next) {
        ok = add_attempt(record, span, out);
        count++;
    }
    if (ok)
        return count;
    out->bytes = before;
    out->failed = false;
    return 0;
}
