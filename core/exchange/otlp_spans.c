#include "exchange/otlp_spans.h"

#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "base/protobuf.h"
#include "exchange/candidate.h"
#include "exchange/gen_ai_names.h"
#include "exchange/otlp_attribute.h"
#include "exchange/trace_content.h"
#include "exchange/trace_record.h"

/* Of opentelemetry/proto/trace/v1/trace.proto. */
enum {
    PARENT_KNOWN = 0x100, /* whether the parent is remote */
    PARENT_REMOTE = 0x200
};
enum { KIND_SERVER = 2, KIND_CLIENT = 3, STATUS_ERROR = 2 };
enum { TRACE_ID_BYTES = 16, SPAN_ID_BYTES = 8 };

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
    SPAN_LINK = PROTOBUF_TAG(13, PROTOBUF_BYTES),
    SPAN_STATUS = PROTOBUF_TAG(15, PROTOBUF_BYTES),
    SPAN_FLAGS = 16 << 3 | PROTOBUF_FIXED32,
    LINK_TRACE_ID = PROTOBUF_TAG(1, PROTOBUF_BYTES),
    LINK_SPAN_ID = PROTOBUF_TAG(2, PROTOBUF_BYTES),
    LINK_FLAGS = PROTOBUF_TAG(6, PROTOBUF_FIXED32),
    STATUS_CODE = PROTOBUF_TAG(3, PROTOBUF_VARINT)
};

enum key {
    KEY_METHOD,
    KEY_ORIGINAL_METHOD,
    KEY_SCHEME,
    KEY_PATH,
    KEY_ROUTE,
    KEY_STATUS,
    KEY_ERROR_TYPE,
    KEY_USER,
    KEY_REQUEST_ID,
    KEY_KEY,
    KEY_MODEL,
    KEY_ATTEMPTS,
    KEY_CHARGE,
    KEY_COST,
    KEY_ERROR_CODE,
    KEY_REPLAY_OF,
    KEY_SHARED_WITH,
    KEY_ATTEMPT,
    KEY_USAGE_SOURCE,
    KEY_OPERATION,
    KEY_OUTPUT_TYPE,
    KEY_REQUEST_STREAM,
    KEY_REQUEST_MAX_TOKENS,
    KEY_REQUEST_CHOICES,
    KEY_REQUEST_SEED,
    KEY_REQUEST_TOP_K,
    KEY_REQUEST_PREVIOUS,
    KEY_CONVERSATION,
    KEY_RESPONSE_ID,
    KEY_RESPONSE_MODEL,
    KEY_RESPONSE_FIRST_CHUNK,
    KEY_RESPONSE_FINISH,
    KEY_INPUT,
    KEY_INPUT_CACHE_READ,
    KEY_INPUT_CACHE_WRITE,
    KEY_INPUT_AUDIO,
    KEY_INPUT_AUDIO_CACHED,
    KEY_INPUT_IMAGE,
    KEY_INPUT_IMAGE_CACHED,
    KEY_OUTPUT,
    KEY_OUTPUT_REASONING,
    KEY_OUTPUT_AUDIO,
    KEY_OUTPUT_IMAGE
};

static const struct otlp_key keys[] = {
    [KEY_METHOD] = OTLP_KEY("http.request.method"),
    [KEY_ORIGINAL_METHOD] = OTLP_KEY("http.request.method_original"),
    [KEY_SCHEME] = OTLP_KEY("url.scheme"),
    [KEY_PATH] = OTLP_KEY("url.path"),
    [KEY_ROUTE] = OTLP_KEY("http.route"),
    [KEY_STATUS] = OTLP_KEY("http.response.status_code"),
    [KEY_ERROR_TYPE] = OTLP_KEY("error.type"),
    [KEY_USER] = OTLP_KEY("user.id"),
    [KEY_REQUEST_ID] = OTLP_KEY("llm_gateway.request_id"),
    [KEY_KEY] = OTLP_KEY("llm_gateway.key_id"),
    [KEY_MODEL] = OTLP_KEY("llm_gateway.model"),
    [KEY_ATTEMPTS] = OTLP_KEY("llm_gateway.attempts"),
    [KEY_CHARGE] = OTLP_KEY("llm_gateway.charge_usd"),
    [KEY_COST] = OTLP_KEY("llm_gateway.cost_usd"),
    [KEY_ERROR_CODE] = OTLP_KEY("llm_gateway.error_code"),
    [KEY_REPLAY_OF] = OTLP_KEY("llm_gateway.replay_of"),
    [KEY_SHARED_WITH] = OTLP_KEY("llm_gateway.shared_with"),
    [KEY_ATTEMPT] = OTLP_KEY("llm_gateway.attempt"),
    [KEY_USAGE_SOURCE] = OTLP_KEY("llm_gateway.usage_source"),
    [KEY_OPERATION] = OTLP_KEY("gen_ai.operation.name"),
    [KEY_OUTPUT_TYPE] = OTLP_KEY("gen_ai.output.type"),
    [KEY_REQUEST_STREAM] = OTLP_KEY("gen_ai.request.stream"),
    [KEY_REQUEST_MAX_TOKENS] = OTLP_KEY("gen_ai.request.max_tokens"),
    [KEY_REQUEST_CHOICES] = OTLP_KEY("gen_ai.request.choice.count"),
    [KEY_REQUEST_SEED] = OTLP_KEY("gen_ai.request.seed"),
    [KEY_REQUEST_TOP_K] = OTLP_KEY("gen_ai.request.top_k"),
    [KEY_REQUEST_PREVIOUS] = OTLP_KEY("gen_ai.request.previous_response.id"),
    [KEY_CONVERSATION] = OTLP_KEY("gen_ai.conversation.id"),
    [KEY_RESPONSE_ID] = OTLP_KEY("gen_ai.response.id"),
    [KEY_RESPONSE_MODEL] = OTLP_KEY("gen_ai.response.model"),
    [KEY_RESPONSE_FIRST_CHUNK] = OTLP_KEY("gen_ai.response.time_to_first_chunk"),
    [KEY_RESPONSE_FINISH] = OTLP_KEY("gen_ai.response.finish_reasons"),
    [KEY_INPUT] = OTLP_KEY("gen_ai.usage.input_tokens"),
    [KEY_INPUT_CACHE_READ] = OTLP_KEY("gen_ai.usage.cache_read.input_tokens"),
    [KEY_INPUT_CACHE_WRITE] = OTLP_KEY("gen_ai.usage.cache_write.input_tokens"),
    [KEY_INPUT_AUDIO] = OTLP_KEY("gen_ai.usage.audio.input_tokens"),
    [KEY_INPUT_AUDIO_CACHED] = OTLP_KEY("gen_ai.usage.audio.cache_read.input_tokens"),
    [KEY_INPUT_IMAGE] = OTLP_KEY("gen_ai.usage.image.input_tokens"),
    [KEY_INPUT_IMAGE_CACHED] = OTLP_KEY("gen_ai.usage.image.cache_read.input_tokens"),
    [KEY_OUTPUT] = OTLP_KEY("gen_ai.usage.output_tokens"),
    [KEY_OUTPUT_REASONING] = OTLP_KEY("gen_ai.usage.reasoning.output_tokens"),
    [KEY_OUTPUT_AUDIO] = OTLP_KEY("gen_ai.usage.audio.output_tokens"),
    [KEY_OUTPUT_IMAGE] = OTLP_KEY("gen_ai.usage.image.output_tokens")};

/* ---- attributes ---- */

static char *put_text(char *at, enum key key, struct slice text)
{
    return otlp_put_text(at, OTLP_SPAN_ATTRIBUTE, &keys[key], text);
}

static char *put_text_if(char *at, enum key key, struct slice text)
{
    return text.bytes > 0 ? put_text(at, key, text) : at;
}

/* Of a text that is ASCII for sure: ids, words of ours. */
static char *put_word(char *at, enum key key, struct slice word)
{
    return otlp_put_word(at, OTLP_SPAN_ATTRIBUTE, &keys[key], word);
}

static char *put_word_if(char *at, enum key key, struct slice word)
{
    return word.bytes > 0 ? put_word(at, key, word) : at;
}

static char *put_int(char *at, enum key key, int64_t number)
{
    return otlp_put_int(at, OTLP_SPAN_ATTRIBUTE, &keys[key], number);
}

static char *put_count(char *at, enum key key, int64_t number)
{
    return number > 0 ? put_int(at, key, number) : at;
}

/* `units` divided by `scale`: the double next to it, as any reader of the decimal text has it. */
static char *put_quotient(char *at, enum key key, int64_t units, int64_t scale)
{
    return otlp_put_double(at, OTLP_SPAN_ATTRIBUTE, &keys[key], (double)units / (double)scale);
}

static char *put_usd(char *at, enum key key, int64_t nusd)
{
    return put_quotient(at, key, nusd, 1000 * 1000 * 1000);
}

static char *put_slice(char *at, struct slice written)
{
    memcpy(at, written.data, written.bytes);
    return at + written.bytes;
}

/* ---- what all spans have ---- */

static char *put_text_field(char *at, char tag, struct slice text)
{
    char room[3 * OTLP_TEXT_BYTES_MAX];
    return protobuf_put_bytes(at, tag, otlp_valid(otlp_cut(text), room));
}

/* "POST /v1/chat/completions", "chat gpt-4o-mini" */
static char *put_name(char *at, struct slice first, struct slice second)
{
    char name[OTLP_TEXT_BYTES_MAX];
    size_t bytes = first.bytes;
    memcpy(name, first.data, bytes);
    if (second.bytes > 0) {
        name[bytes++] = ' ';
        if (second.bytes > sizeof name - bytes)
            second.bytes = sizeof name - bytes;
        memcpy(name + bytes, second.data, second.bytes);
        bytes += second.bytes;
    }
    return put_text_field(at, SPAN_NAME, (struct slice){name, bytes});
}

static uint64_t wall_ns(const struct trace_record *record, int64_t mono_us)
{
    return (uint64_t)(record->created_ms * 1000 + mono_us - record->started_us) * 1000;
}

static char *put_times(char *at, const struct trace_record *record, int64_t started_us,
                       int64_t ended_us)
{
    *at++ = SPAN_START;
    at = protobuf_put_fixed64(at, wall_ns(record, started_us));
    *at++ = SPAN_END;
    return protobuf_put_fixed64(at, wall_ns(record, ended_us));
}

/* Ids are bytes, the first worth most. */
static char *put_trace_id(char *at, char tag, struct trace_id id)
{
    *at++ = tag;
    *at++ = TRACE_ID_BYTES;
    at = protobuf_put_fixed64(at, __builtin_bswap64(id.high));
    return protobuf_put_fixed64(at, __builtin_bswap64(id.low));
}

static char *put_span_id(char *at, char tag, uint64_t id)
{
    *at++ = tag;
    *at++ = SPAN_ID_BYTES;
    return protobuf_put_fixed64(at, __builtin_bswap64(id));
}

static char *begin_span(char *at, const struct trace_record *record, uint64_t span_id,
                        uint64_t parent_id, unsigned flags)
{
    at = put_trace_id(at, SPAN_TRACE_ID, record->context.trace_id);
    at = put_span_id(at, SPAN_SPAN_ID, span_id);
    if (parent_id != 0)
        at = put_span_id(at, SPAN_PARENT_ID, parent_id);
    at = protobuf_put_varint(at, SPAN_FLAGS);
    return protobuf_put_fixed32(at, flags);
}

static char *put_kind(char *at, char kind)
{
    *at++ = SPAN_KIND;
    *at++ = kind;
    return at;
}

/* `error`: empty if there is none. */
static char *end_span(char *at, struct slice error)
{
    if (error.bytes == 0)
        return at;
    at = put_text(at, KEY_ERROR_TYPE, error);
    *at++ = SPAN_STATUS;
    *at++ = 2;
    *at++ = STATUS_CODE;
    *at++ = STATUS_ERROR;
    return at;
}

/* ---- an exchange ---- */

/* A method that is none of HTTP's would make a name of its own for each. */
static bool is_method(struct slice method)
{
    static const char *const known[] = {"POST",    "GET",     "HEAD",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (slice_equals(method, known[i]))
            return true;
    }
    return false;
}

static char *put_link(char *at, const struct trace_record *record)
{
    enum { LINK_BYTES = 2 + TRACE_ID_BYTES + 2 + SPAN_ID_BYTES + 1 + 4 };
    if (trace_id_is_none(record->link.trace_id))
        return at;
    *at++ = SPAN_LINK;
    *at++ = LINK_BYTES;
    at = put_trace_id(at, LINK_TRACE_ID, record->link.trace_id);
    at = put_span_id(at, LINK_SPAN_ID, record->link.span_id);
    *at++ = LINK_FLAGS;
    return protobuf_put_fixed32(at, record->link.flags | PARENT_KNOWN | PARENT_REMOTE);
}

/* Also the span's name. */
static char *put_http(char *at, const struct trace_record *record,
                      const struct exchange_facts *facts)
{
    bool known = is_method(facts->method);
    struct slice route = trace_text_slice(&record->route);
    at = put_name(at, known ? facts->method : slice_of("HTTP"), route);
    at = put_word(at, KEY_METHOD, known ? facts->method : slice_of("_OTHER"));
    if (!known)
        at = put_text(at, KEY_ORIGINAL_METHOD, facts->method);
    at = put_word(at, KEY_SCHEME, slice_of(record->secure ? "https" : "http"));
    at = put_text(at, KEY_PATH, facts->path);
    at = put_text_if(at, KEY_ROUTE, route);
    return put_count(at, KEY_STATUS, facts->status);
}

/* What only the gateway knows of an exchange. */
static char *put_ours(char *at, const struct exchange_facts *facts)
{
    at = put_word(at, KEY_REQUEST_ID, facts->request_id);
    at = put_word_if(at, KEY_USER, facts->user);
    at = put_word_if(at, KEY_KEY, facts->key);
    at = put_text_if(at, KEY_MODEL, facts->model);
    at = put_count(at, KEY_ATTEMPTS, facts->attempt_count);
    if (facts->charged) {
        at = put_usd(at, KEY_CHARGE, facts->charge_nusd);
        at = put_usd(at, KEY_COST, facts->cost_nusd);
    }
    at = put_text_if(at, KEY_ERROR_CODE, facts->error);
    at = put_word_if(at, KEY_REPLAY_OF, facts->replay_of);
    return put_word_if(at, KEY_SHARED_WITH, facts->shared_with);
}

/* Its value of error.type; empty: it is none of a server's. */
static struct slice error_of(const struct exchange_facts *facts)
{
    if (!facts->failed)
        return slice_of("");
    return facts->error.bytes > 0 ? facts->error : slice_of("_OTHER");
}

static char *put_server(char *at, const struct trace_record *record,
                        const struct exchange_facts *facts)
{
    unsigned parent = record->parent_id != 0 ? PARENT_KNOWN | PARENT_REMOTE : PARENT_KNOWN;
    at = begin_span(at, record, record->context.span_id, record->parent_id,
                    record->context.flags | parent);
    if (record->state[0] != '\0')
        at = put_text_field(at, SPAN_TRACE_STATE, slice_of(record->state));
    at = put_kind(at, KIND_SERVER);
    at = put_times(at, record, record->started_us, facts->ended_us);
    at = put_link(at, record);
    at = put_http(at, record, facts);
    at = put_ours(at, facts);
    return end_span(at, error_of(facts));
}

/* ---- an attempt ---- */

static char *put_request(char *at, const struct attempt_span *span)
{
    const char *output_type = gen_ai_output_type(span->dialect);
    if (span->streamed)
        at = otlp_put_true(at, OTLP_SPAN_ATTRIBUTE, &keys[KEY_REQUEST_STREAM]);
    at = put_count(at, KEY_REQUEST_MAX_TOKENS, span->output_tokens_max);
    if (span->choices > 1)
        at = put_int(at, KEY_REQUEST_CHOICES, span->choices);
    if (span->has_seed)
        at = put_int(at, KEY_REQUEST_SEED, span->seed);
    if (span->has_top_k)
        at = put_int(at, KEY_REQUEST_TOP_K, span->top_k);
    at = put_text_if(at, KEY_REQUEST_PREVIOUS, trace_text_slice(&span->previous_response));
    at = put_text_if(at, KEY_CONVERSATION, trace_text_slice(&span->conversation));
    if (output_type != NULL)
        at = put_word(at, KEY_OUTPUT_TYPE, slice_of(output_type));
    return put_int(at, KEY_ATTEMPT, span->number);
}

/* In seconds. */
static char *put_first_chunk(char *at, const struct attempt_span *span)
{
    if (!span->streamed || span->answered_us == 0)
        return at;
    return put_quotient(at, KEY_RESPONSE_FIRST_CHUNK, span->answered_us - span->started_us,
                        1000 * 1000);
}

/* We note one finish reason: with several choices it is not known whose. A generation that was cut
 * has "error". */
static char *put_finish(char *at, const struct attempt_span *span)
{
    struct slice reason = trace_text_slice(&span->finish_reason);
    if (span->error != NULL && reason.bytes == 0 && span->status > 0 && span->status < 300)
        reason = slice_of("error");
    if (reason.bytes == 0 || span->choices != 1)
        return at;
    return otlp_put_list(at, OTLP_SPAN_ATTRIBUTE, &keys[KEY_RESPONSE_FINISH], reason);
}

static char *put_response(char *at, const struct attempt_span *span)
{
    at = put_count(at, KEY_STATUS, span->status);
    at = put_text_if(at, KEY_RESPONSE_ID, trace_text_slice(&span->response_id));
    at = put_text_if(at, KEY_RESPONSE_MODEL, trace_text_slice(&span->response_model));
    at = put_first_chunk(at, span);
    return put_finish(at, span);
}

/* Parts of the input and the output are in their sums, as the conventions say. */
static char *put_usage(char *at, const struct attempt_span *span)
{
    const struct unit_counts *counts = &span->counts;
    if (!span->metered)
        return at;
    at = put_int(at, KEY_INPUT, unit_counts_prompt(counts));
    at = put_count(at, KEY_INPUT_CACHE_READ, unit_counts_cached(counts));
    at = put_count(at, KEY_INPUT_CACHE_WRITE, counts->cache_write + counts->cache_write_long);
    at = put_count(at, KEY_INPUT_AUDIO, counts->audio_input + counts->cached_audio_input);
    at = put_count(at, KEY_INPUT_AUDIO_CACHED, counts->cached_audio_input);
    at = put_count(at, KEY_INPUT_IMAGE, counts->image_input + counts->cached_image_input);
    at = put_count(at, KEY_INPUT_IMAGE_CACHED, counts->cached_image_input);
    if (strcmp(gen_ai_operation(span->dialect), "embeddings") != 0)
        at = put_int(at, KEY_OUTPUT, unit_counts_answer(counts));
    at = put_count(at, KEY_OUTPUT_REASONING, span->reasoning_tokens);
    at = put_count(at, KEY_OUTPUT_AUDIO, counts->audio_output);
    at = put_count(at, KEY_OUTPUT_IMAGE, counts->image_output);
    at = put_word(at, KEY_USAGE_SOURCE, slice_of(usage_source_name(span->source)));
    return put_usd(at, KEY_COST, span->cost_nusd);
}

static char *put_attempt(char *at, const struct trace_record *record,
                         const struct attempt_span *span)
{
    struct slice operation = slice_of(gen_ai_operation(span->dialect));
    at = begin_span(at, record, span->span_id, record->context.span_id,
                    record->context.flags | PARENT_KNOWN);
    at = put_name(at, operation, slice_of(span->candidate->terms.model));
    at = put_kind(at, KIND_CLIENT);
    at = put_times(at, record, span->started_us, span->ended_us);
    at = put_word(at, KEY_OPERATION, operation);
    at = put_slice(at, span->candidate->span_attributes);
    at = put_request(at, span);
    at = put_response(at, span);
    at = put_usage(at, span);
    if (span->content != NULL)
        at = trace_content_put(span->content, at);
    return end_span(at, slice_of(span->error != NULL ? span->error : ""));
}

/* ---- the whole ---- */

/* Before a span: its tag and its length, which is known behind it. Almost all take two bytes. */
enum { SPAN_HEAD_BYTES = 3 };

/* More than a span has: our words, and its texts, each byte of which becomes three at most and
 * stands there twice at most. */
static size_t span_bytes_max(size_t text_bytes)
{
    return SPAN_HEAD_BYTES + sizeof keys / sizeof keys[0] * OTLP_ATTRIBUTE_BYTES +
           (size_t)2 * 3 * text_bytes;
}

static size_t server_bytes_max(const struct trace_record *record,
                               const struct exchange_facts *facts)
{
    return span_bytes_max(otlp_cut(facts->path).bytes + otlp_cut(facts->model).bytes +
                          otlp_cut(facts->error).bytes + facts->method.bytes + record->route.bytes +
                          sizeof record->state + (size_t)5 * ID_BYTES);
}

static size_t attempt_bytes_max(const struct attempt_span *span)
{
    const struct candidate *candidate = span->candidate;
    return span_bytes_max(otlp_cut(slice_of(candidate->terms.model)).bytes +
                          span->conversation.bytes + span->previous_response.bytes +
                          span->response_id.bytes + span->response_model.bytes +
                          span->finish_reason.bytes) +
           candidate->span_attributes.bytes +
           (span->content != NULL ? trace_content_bytes_max(span->content) : 0);
}

/* Room for one more; NULL: there is none. */
static char *open_room(struct buffer *out, size_t bytes)
{
    char *at = buffer_reserve(out, bytes);
    return at != NULL ? at + SPAN_HEAD_BYTES : NULL;
}

static void close_room(struct buffer *out, const char *to, size_t bytes_most)
{
    char *from = out->data + out->bytes;
    size_t bytes = (size_t)(to - from) - SPAN_HEAD_BYTES;
    size_t head_bytes = 1 + protobuf_varint_bytes(bytes);
    check(SPAN_HEAD_BYTES + bytes <= bytes_most);
    if (head_bytes != SPAN_HEAD_BYTES)
        memmove(from + head_bytes, from + SPAN_HEAD_BYTES, bytes);
    *from = SCOPE_SPANS_SPAN;
    (void)protobuf_put_varint(from + 1, bytes);
    out->bytes += head_bytes + bytes;
}

static bool add_server(const struct trace_record *record, const struct exchange_facts *facts,
                       struct buffer *out)
{
    size_t most = server_bytes_max(record, facts);
    char *at = open_room(out, most);
    if (at == NULL)
        return false;
    close_room(out, put_server(at, record, facts), most);
    return true;
}

static bool add_attempt(const struct trace_record *record, const struct attempt_span *span,
                        struct buffer *out)
{
    size_t most = attempt_bytes_max(span);
    char *at = open_room(out, most);
    if (at == NULL)
        return false;
    close_room(out, put_attempt(at, record, span), most);
    return true;
}

size_t otlp_spans_add(const struct trace_record *record, const struct exchange_facts *facts,
                      struct buffer *out)
{
    size_t before = out->bytes, count = facts != NULL ? 1 : 0;
    bool ok = facts == NULL || add_server(record, facts, out);
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
