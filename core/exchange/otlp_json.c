#include "exchange/otlp_json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/decimal.h"
#include "base/json.h"
#include "exchange/gen_ai_names.h"
#include "exchange/trace_record.h"

/* Of opentelemetry/proto/trace/v1/trace.proto. */
enum {
    PARENT_KNOWN = 0x100, /* whether the parent is remote */
    PARENT_REMOTE = 0x200
};
enum { OPERATION_BYTES = 32 }; /* the longest of gen_ai_operation, and a blank */
#define KIND_SERVER "2"
#define KIND_CLIENT "3"

/* ---- a span is written into room that is there: so an attribute costs a few copies ---- */

/* More than any span has: our words, and the texts of a record, each byte of which becomes six at
 * most and stands there twice at most. */
enum { SPAN_BYTES_MAX = 16 * 1024 + 2 * 6 * TRACE_TEXTS_BYTES };

struct pen {
    char *at;
};

static inline void put_bytes(struct pen *out, const char *data, size_t bytes)
{
    memcpy(out->at, data, bytes);
    out->at += bytes;
}

#define PUT(out, literal) put_bytes((out), "" literal, sizeof literal - 1)

/* Of a text that needs no escapes: ids, numbers, words of ours. */
static void put_plain(struct pen *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

/* Whether none of eight bytes needs an escape or is no ASCII; may say no where all are plain. */
static bool are_plain(uint64_t bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = UINT64_C(0x8080808080808080);
    uint64_t quote = bytes ^ ones * '"';
    uint64_t backslash = bytes ^ ones * '\\';
    return (((quote - ones) | (backslash - ones) | (bytes - ones * ' ') | bytes) & highs) == 0;
}

static bool is_plain(struct slice text)
{
    size_t i = 0;
    uint64_t bytes = UINT64_C(0x2020202020202020);
    for (; text.bytes - i >= sizeof bytes; i += sizeof bytes) {
        memcpy(&bytes, text.data + i, sizeof bytes);
        if (!are_plain(bytes))
            return false;
    }
    for (; i < text.bytes; i++)
        bytes = bytes << 8 | (unsigned char)text.data[i];
    return are_plain(bytes);
}

/* What is no UTF-8 is replaced. */
static void put_escaped(struct pen *out, struct slice text)
{
    struct buffer escaped;
    buffer_init(&escaped, SPAN_BYTES_MAX);
    if (json_write_string(&escaped, text))
        put_bytes(out, escaped.data, escaped.bytes);
    else
        PUT(out, "\"\"");
    buffer_fini(&escaped);
}

/* With its quotes. */
static void put_string(struct pen *out, struct slice text)
{
    if (!is_plain(text)) {
        put_escaped(out, text);
        return;
    }
    *out->at++ = '"';
    put_bytes(out, text.data, text.bytes);
    *out->at++ = '"';
}

static void put_number(struct pen *out, int64_t number)
{
    out->at = decimal_put(out->at, number);
}

/* The beginning of an attribute. Each span begins with one of its own, so the others have a comma
 * before them. */
#define KEY(key, type) ",{\"key\":\"" key "\",\"value\":{\"" type "\":"

#define PUT_TEXT(out, key, text)                                                                   \
    do {                                                                                           \
        PUT(out, KEY(key, "stringValue"));                                                         \
        put_string((out), (struct slice){(text), strlen(text)});                                   \
        PUT(out, "}}");                                                                            \
    } while (0)
#define PUT_WORD(out, key, text)                                                                   \
    do {                                                                                           \
        PUT(out, KEY(key, "stringValue") "\"");                                                    \
        put_plain((out), (text));                                                                  \
        PUT(out, "\"}}");                                                                          \
    } while (0)
#define PUT_INT(out, key, number)                                                                  \
    do {                                                                                           \
        PUT(out, KEY(key, "intValue") "\"");                                                       \
        put_number((out), (number));                                                               \
        PUT(out, "\"}}");                                                                          \
    } while (0)
#define PUT_USD(out, key, nusd)                                                                    \
    do {                                                                                           \
        PUT(out, KEY(key, "doubleValue"));                                                         \
        put_decimals((out), (nusd), 9);                                                            \
        PUT(out, "}}");                                                                            \
    } while (0)

/* `units` times 10^-places, not negative; without a float. */
static void put_decimals(struct pen *out, int64_t units, int places)
{
    char *end;
    int64_t scale = 1;
    for (int i = 0; i < places; i++)
        scale *= 10;
    put_number(out, units / scale);
    *out->at++ = '.';
    end = out->at + places;
    int64_t rest = units % scale;
    for (char *at = end; at > out->at; rest /= 10)
        *--at = (char)('0' + rest % 10);
    out->at = end;
}

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

static int64_t wall_us(const struct trace_record *record, int64_t mono_us)
{
    return record->created_ms * 1000 + mono_us - record->started_us;
}

static void put_times(const struct trace_record *record, int64_t started_us, int64_t ended_us,
                      struct pen *out)
{
    PUT(out, ",\"startTimeUnixNano\":\"");
    put_number(out, wall_us(record, started_us));
    PUT(out, "000\",\"endTimeUnixNano\":\"");
    put_number(out, wall_us(record, ended_us));
    PUT(out, "000\"");
}

static void put_id(struct pen *out, const char *id, size_t id_bytes)
{
    put_bytes(out, id, id_bytes - 1);
}

static void begin_span(const struct trace_record *record, const char *span_id,
                       const char *parent_id, unsigned flags, struct pen *out)
{
    PUT(out, "{\"traceId\":\"");
    put_id(out, record->context.trace_id, TRACE_ID_BYTES);
    PUT(out, "\",\"spanId\":\"");
    put_id(out, span_id, SPAN_ID_BYTES);
    if (parent_id[0] != '\0') {
        PUT(out, "\",\"parentSpanId\":\"");
        put_id(out, parent_id, SPAN_ID_BYTES);
    }
    PUT(out, "\",\"flags\":");
    put_number(out, flags);
}

static void end_span(struct pen *out, const char *error)
{
    if (error == NULL) {
        PUT(out, "]}");
        return;
    }
    PUT_WORD(out, "error.type", error);
    PUT(out, "],\"status\":{\"code\":2}}");
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
        stpcpy(at, text_of(record, EXCHANGE_ROUTE));
    }
    PUT(out, ",\"name\":");
    put_string(out, slice_of(name));
}

static void put_links(const struct trace_record *record, struct pen *out)
{
    if (record->link.trace_id[0] == '\0')
        return;
    PUT(out, ",\"links\":[{\"traceId\":\"");
    put_id(out, record->link.trace_id, TRACE_ID_BYTES);
    PUT(out, "\",\"spanId\":\"");
    put_id(out, record->link.span_id, SPAN_ID_BYTES);
    PUT(out, "\",\"flags\":");
    put_number(out, (int64_t)(record->link.flags | PARENT_KNOWN | PARENT_REMOTE));
    PUT(out, "}]");
}

static void put_http(const struct trace_record *record, struct pen *out)
{
    bool known = is_method(text_of(record, EXCHANGE_METHOD));
    PUT(out, ",\"attributes\":[{\"key\":\"http.request.method\",\"value\":{\"stringValue\":\"");
    put_plain(out, known ? text_of(record, EXCHANGE_METHOD) : "_OTHER");
    PUT(out, "\"}}");
    if (!known)
        PUT_TEXT(out, "http.request.method_original", text_of(record, EXCHANGE_METHOD));
    PUT_WORD(out, "url.scheme", record->secure ? "https" : "http");
    PUT_TEXT(out, "url.path", text_of(record, EXCHANGE_PATH));
    if (has_text(record, EXCHANGE_ROUTE))
        PUT_TEXT(out, "http.route", text_of(record, EXCHANGE_ROUTE));
    if (record->status != 0)
        PUT_INT(out, "http.response.status_code", record->status);
}

/* What nobody else can say of it. */
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
    if (has_text(record, EXCHANGE_STATE)) {
        PUT(out, ",\"traceState\":");
        put_string(out, slice_of(text_of(record, EXCHANGE_STATE)));
    }
    put_server_name(record, out);
    PUT(out, ",\"kind\":" KIND_SERVER);
    put_times(record, record->started_us, record->ended_us, out);
    put_links(record, out);
    put_http(record, out);
    put_ours(record, out);
    end_span(out, !record->failed                    ? NULL
                  : has_text(record, EXCHANGE_ERROR) ? text_of(record, EXCHANGE_ERROR)
                                                     : "_OTHER");
}

/* ---- an attempt ---- */

struct server {
    struct slice host; /* without brackets */
    int64_t port;
};

/* Of an address that policies have checked: http://[::1]:8080/v1 */
static struct server server_of(const char *url)
{
    bool secure = slice_starts_with(slice_of(url), "https");
    const char *at = strstr(url, "://");
    struct server server = {.port = secure ? 443 : 80};
    if (at == NULL)
        return server;
    at += 3;
    bool bracket = *at == '[';
    at += bracket ? 1 : 0;
    server.host = (struct slice){at, strcspn(at, bracket ? "]" : ":/")};
    at += server.host.bytes + (bracket && at[server.host.bytes] == ']' ? 1 : 0);
    if (*at == ':')
        server.port = strtol(at + 1, NULL, 10);
    return server;
}

static void put_provider(const struct attempt_span *span, struct pen *out)
{
    const char *provider = attempt_text(span, ATTEMPT_PROVIDER);
    struct server server = server_of(attempt_text(span, ATTEMPT_BASE_URL));
    const char *known = gen_ai_provider(server.host);
    PUT_TEXT(out, "gen_ai.provider.name", known != NULL ? known : provider);
    PUT_TEXT(out, "llm_gateway.provider", provider);
    if (server.host.bytes == 0)
        return;
    PUT(out, KEY("server.address", "stringValue"));
    put_string(out, server.host);
    PUT(out, "}}");
    PUT_INT(out, "server.port", server.port);
}

static void put_request(const struct attempt_span *span, struct pen *out)
{
    const char *output_type = gen_ai_output_type(span->dialect);
    PUT_TEXT(out, "gen_ai.request.model", attempt_text(span, ATTEMPT_MODEL));
    if (span->streamed)
        PUT(out, KEY("gen_ai.request.stream", "boolValue") "true}}");
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
    PUT(out, KEY("gen_ai.response.time_to_first_chunk", "doubleValue"));
    put_decimals(out, span->answered_us - span->started_us, 6);
    PUT(out, "}}");
}

/* We note one finish reason: with several choices it is not known whose. A generation that was cut
 * has "error". */
static void put_finish(const struct attempt_span *span, struct pen *out)
{
    const char *reason = attempt_text(span, ATTEMPT_FINISH_REASON);
    if (span->error != NULL && reason[0] == '\0' && span->status > 0 && span->status < 300)
        reason = "error";
    if (reason[0] == '\0' || span->choices != 1)
        return;
    PUT(out, KEY("gen_ai.response.finish_reasons", "arrayValue") "{\"values\":[{\"stringValue\":");
    put_string(out, slice_of(reason));
    PUT(out, "}]}}}");
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

#define PUT_COUNT(out, key, number)                                                                \
    do {                                                                                           \
        if ((number) > 0)                                                                          \
            PUT_INT(out, key, number);                                                             \
    } while (0)

/* Parts of the input and the output are in their sums, as the conventions say. */
static void put_usage(const struct attempt_span *span, struct pen *out)
{
    const struct unit_counts *counts = &span->counts;
    if (!span->metered)
        return;
    PUT_INT(out, "gen_ai.usage.input_tokens", unit_counts_prompt(counts));
    PUT_COUNT(out, "gen_ai.usage.cache_read.input_tokens", unit_counts_cached(counts));
    PUT_COUNT(out, "gen_ai.usage.cache_write.input_tokens",
              counts->cache_write + counts->cache_write_long);
    PUT_COUNT(out, "gen_ai.usage.audio.input_tokens",
              counts->audio_input + counts->cached_audio_input);
    PUT_COUNT(out, "gen_ai.usage.audio.cache_read.input_tokens", counts->cached_audio_input);
    PUT_COUNT(out, "gen_ai.usage.image.input_tokens",
              counts->image_input + counts->cached_image_input);
    PUT_COUNT(out, "gen_ai.usage.image.cache_read.input_tokens", counts->cached_image_input);
    if (strcmp(gen_ai_operation(span->dialect), "embeddings") != 0)
        PUT_INT(out, "gen_ai.usage.output_tokens", unit_counts_answer(counts));
    PUT_COUNT(out, "gen_ai.usage.reasoning.output_tokens", span->reasoning_tokens);
    PUT_COUNT(out, "gen_ai.usage.audio.output_tokens", counts->audio_output);
    PUT_COUNT(out, "gen_ai.usage.image.output_tokens", counts->image_output);
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
    stpcpy(at, attempt_text(span, ATTEMPT_MODEL));
    PUT(out, ",\"name\":");
    put_string(out, slice_of(name));
    PUT(out, ",\"kind\":" KIND_CLIENT);
    put_times(record, span->started_us, span->ended_us, out);
    PUT(out, ",\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"");
    put_plain(out, operation);
    PUT(out, "\"}}");
    put_provider(span, out);
    put_request(span, out);
    put_response(span, out);
    put_usage(span, out);
    end_span(out, span->error);
}

/* ---- the whole ---- */

static void put_resource(const struct otlp_resource *resource, struct pen *out)
{
    PUT(out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
             "{\"key\":\"service.name\",\"value\":{\"stringValue\":");
    put_string(out, slice_of(resource->service_name));
    PUT(out, "}}");
    PUT_TEXT(out, "service.version", resource->service_version);
    PUT_TEXT(out, "service.instance.id", resource->instance_id);
    PUT(out, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"llm-gateway\",\"version\":");
    put_string(out, slice_of(resource->service_version));
    PUT(out, "},\"spans\":[");
}

/* Room for one more; behind another one it begins with a comma. `at` is NULL if there is none. */
static struct pen open_room(struct buffer *out)
{
    struct pen pen = {buffer_reserve(out, SPAN_BYTES_MAX)};
    if (pen.at != NULL && out->bytes > 0 && out->data[out->bytes - 1] == '}')
        PUT(&pen, ",");
    return pen;
}

static void close_room(struct buffer *out, struct pen pen)
{
    size_t bytes = (size_t)(pen.at - (out->data + out->bytes));
    check(bytes <= SPAN_BYTES_MAX);
    out->bytes += bytes;
}

void otlp_json_begin(const struct otlp_resource *resource, struct buffer *out)
{
    struct pen pen = open_room(out);
    if (pen.at == NULL)
        return;
    put_resource(resource, &pen);
    close_room(out, pen);
}

size_t otlp_json_add(struct slice *packed, struct buffer *out)
{
    const struct trace_record *record = trace_record_take(packed);
    const struct attempt_span *span;
    size_t count = 0;
    struct pen pen;
    if (record == NULL)
        return 0;
    if (!record->beside && (pen = open_room(out)).at != NULL) {
        put_server(record, &pen);
        close_room(out, pen);
        count++;
    }
    while ((span = attempt_span_take(packed)) != NULL && (pen = open_room(out)).at != NULL) {
        put_attempt(record, span, &pen);
        close_room(out, pen);
        count++;
    }
    return count;
}

void otlp_json_end(struct buffer *out)
{
    buffer_append_text(out, "]}]}]}");
}

/* {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}}; the number may be bare. Its end
 * may be cut off, so it is not parsed. A quote within the message has a backslash before it. */
long otlp_json_rejected(const char *answer)
{
    static const char name[] = "\"rejectedSpans\"";
    const char *at = strstr(answer, name);
    if (at == NULL)
        return 0;
    at += sizeof name - 1;
    at += strspn(at, " \t\r\n:\"");
    return isdigit((unsigned char)*at) != 0 ? strtol(at, NULL, 10) : 0;
}
