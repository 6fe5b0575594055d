#include "exchange/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "exchange/exchange_internal.h"
#include "exchange/kept_turns.h"
#include "exchange/provider_headers.h"
#include "exchange/trace_content.h"
#include "exchange/trace_record.h"
#include "exchange/tracer.h"

/* ---- which exchanges ---- */

/* OpenTelemetry's way for random ids: by their low 56 bits, so that all who sample decide alike. */
static bool is_kept(struct trace_id id, uint64_t kept)
{
    const uint64_t most = (UINT64_C(1) << 56) - 1;
    return most - (id.low & most) < kept;
}

/* Reads the client's context. Returns whether ours goes on from it; else it is only linked to:
 * clients are strangers, and could make us trace, or hide among the traces of others. */
static bool goes_on(const struct exchange *exchange, struct trace_context *client)
{
    bool found = trace_context_find(&exchange->request->head, client);
    if (!found)
        client->trace_id = (struct trace_id){0};
    return found && trace_feed_settings(exchange->env->traces)->trusts_parents;
}

static struct trace_id draw_trace_id(struct trace_feed *feed)
{
    return (struct trace_id){trace_feed_draw(feed), trace_feed_draw(feed)};
}

static struct trace_record *make(const struct exchange *exchange, struct trace_id trace_id,
                                 unsigned flags)
{
    struct trace_record *record = trace_record_new(trace_feed_pool(exchange->env->traces));
    const struct trace_context context = {.trace_id = trace_id,
                                          .span_id = trace_feed_draw(exchange->env->traces),
                                          .flags = flags | TRACE_SAMPLED};
    trace_record_identify(record, &context);
    record->created_ms = exchange->created_ms;
    record->started_us = exchange->started_us;
    return record;
}

static void begin_child(struct exchange *exchange, const struct trace_context *parent)
{
    if ((parent->flags & TRACE_SAMPLED) == 0)
        return;
    exchange->trace = make(exchange, parent->trace_id, parent->flags);
    exchange->trace->parent_id = parent->span_id;
    trace_state_find(&exchange->request->head, exchange->trace->state);
}

void trace_begin(struct exchange *exchange)
{
    struct trace_feed *feed = exchange->env->traces;
    struct trace_context client;
    if (goes_on(exchange, &client)) {
        begin_child(exchange, &client);
    } else {
        struct trace_id trace_id = draw_trace_id(feed);
        if (!is_kept(trace_id, trace_feed_settings(feed)->kept))
            return;
        exchange->trace = make(exchange, trace_id, TRACE_RANDOM);
        if (!trace_id_is_none(client.trace_id))
            exchange->trace->link = client;
    }
    if (exchange->trace != NULL)
        exchange->trace->secure = exchange->request->secure;
}

void trace_begin_beside(const struct exchange *original, struct exchange *exchange)
{
    if (original->trace == NULL)
        return;
    exchange->trace = make(exchange, original->trace->context.trace_id, 0);
    trace_record_identify(exchange->trace, &original->trace->context);
    exchange->trace->created_ms = original->trace->created_ms;
    exchange->trace->started_us = original->trace->started_us;
}

void trace_note_route(struct exchange *exchange, const char *route)
{
    if (exchange->trace != NULL)
        trace_text_set(&exchange->trace->route, slice_of(route));
}

/* ---- an attempt begins ---- */

/* The most that the provider is asked for, of each answer; 0: it is not told. */
static int64_t output_tokens_max(const struct exchange *exchange)
{
    int64_t wished = exchange->asks.output_tokens;
    int64_t allowed = exchange->budget.output_tokens_max;
    if (wished <= 0)
        return allowed;
    return allowed > 0 && allowed < wished ? allowed : wished;
}

static bool read_number(struct slice number, int64_t *out)
{
    const struct json_value value = {.type = JSON_NUMBER, .raw = number};
    return number.bytes > 0 && json_int64(&value, out);
}

/* Gemini's are in an object of its own. */
static void find_sampling(const struct model_request *asks, struct slice *seed, struct slice *top_k)
{
    const struct json_value *generation = &asks->members[REQUEST_GENERATION];
    struct json_member members[] = {{.name = "seed"}, {.name = "topK"}};
    *seed = asks->seed;
    *top_k = asks->top_k;
    if (generation->raw.data == NULL || generation->type != JSON_OBJECT)
        return;
    (void)json_find_all(generation, members, 2);
    if (members[0].value.type == JSON_NUMBER)
        *seed = members[0].value.raw;
    if (members[1].value.type == JSON_NUMBER)
        *top_k = members[1].value.raw;
}

static void note_sampling(const struct model_request *asks, struct attempt_span *span)
{
    struct slice seed, top_k;
    find_sampling(asks, &seed, &top_k);
    span->has_seed = read_number(seed, &span->seed);
    span->has_top_k = read_number(top_k, &span->top_k);
}

/* Its provider keeps it; else the gateway may. */
static struct slice kept_id(const struct exchange *exchange, enum kept_kind kind, const char *ours)
{
    const struct kept_names *names = &exchange->names;
    for (size_t i = 0; i < names->count; i++) {
        if (names->list[i].kind == kind && names->list[i].brings)
            return names->list[i].id;
    }
    return slice_of(ours);
}

/* What a client of OpenRouter's calls its conversation. */
static struct slice session_id(const struct model_request *asks)
{
    struct slice name = session_name_text(&asks->session);
    bool plain = asks->session.source == SESSION_ID && slice_char(name, '\\') == NULL;
    return plain ? name : slice_of("");
}

static void note_conversation(const struct exchange *exchange, struct attempt_span *span)
{
    struct slice conversation =
        kept_id(exchange, KEPT_CONVERSATION, kept_turns_conversation(exchange));
    trace_text_set(&span->conversation,
                   conversation.bytes > 0 ? conversation : session_id(&exchange->asks));
    trace_text_set(&span->previous_response,
                   kept_id(exchange, KEPT_RESPONSE, kept_turns_response(exchange)));
}

/* Whether the word is one of a list with commas between them. */
static bool is_listed(const char *list, const char *word)
{
    size_t bytes = strlen(word);
    for (const char *at = list; *at != '\0';) {
        at += strspn(at, ", ");
        size_t item_bytes = strcspn(at, ", ");
        if (item_bytes == bytes && memcmp(at, word, bytes) == 0)
            return bytes > 0;
        at += item_bytes;
    }
    return false;
}

/* Whether what is said in the call is told. */
static bool tells_content(const struct exchange *exchange, const struct tracer_settings *settings)
{
    return settings->content_bytes_max > 0 &&
           (settings->content_groups[0] == '\0' ||
            is_listed(settings->content_groups, exchange->key.group));
}

struct attempt_span *trace_attempt_begin(struct exchange *exchange, struct candidate *candidate)
{
    if (exchange->trace == NULL)
        return NULL;
    struct attempt_span *span = attempt_span_new(trace_feed_pool(exchange->env->traces), candidate);
    span->span_id = trace_feed_draw(exchange->env->traces);
    span->dialect = candidate_dialect(candidate, &exchange->asks);
    span->streamed = exchange->asks.streamed;
    span->number = exchange->number;
    span->output_tokens_max = output_tokens_max(exchange);
    span->choices = exchange->asks.choices;
    note_sampling(&exchange->asks, span);
    note_conversation(exchange, span);
    const struct tracer_settings *settings = trace_feed_settings(exchange->env->traces);
    if (tells_content(exchange, settings))
        span->content = trace_content_new(span->dialect, settings->content_bytes_max);
    return span;
}

/* The context of an exchange that is not sampled: the client's if we trust it, else a new one. */
static void make_unsampled(const struct exchange *exchange, struct trace_context *out)
{
    struct trace_feed *feed = exchange->env->traces;
    *out = (struct trace_context){.trace_id = draw_trace_id(feed), .flags = TRACE_RANDOM};
    if (exchange->request != NULL) {
        struct trace_context client;
        if (goes_on(exchange, &client))
            *out = client;
    }
    out->span_id = trace_feed_draw(feed);
    out->flags &= ~(unsigned)TRACE_SAMPLED;
}

const struct trace_lines *trace_attempt_lines(const struct exchange *exchange,
                                              const struct candidate *candidate,
                                              const struct attempt_span *span,
                                              struct trace_lines *out)
{
    struct trace_context context;
    char text[TRACEPARENT_BYTES];
    if ((candidate->terms.pass_headers & PASSES_OWN_TRACE) == 0)
        return NULL;
    out->state[0] = '\0';
    if (span != NULL) {
        context = exchange->trace->context;
        context.span_id = span->span_id;
        if (exchange->trace->state[0] != '\0')
            snprintf(out->state, sizeof out->state, "tracestate: %s", exchange->trace->state);
    } else {
        make_unsampled(exchange, &context);
    }
    trace_context_format(&context, text);
    snprintf(out->parent, sizeof out->parent, "traceparent: %s", text);
    return out;
}

/* ---- an attempt ends ---- */

static void close_attempt(struct exchange *exchange, const char *error)
{
    struct attempt_span *span = exchange->attempt.span;
    exchange->attempt.span = NULL;
    if (span == NULL)
        return;
    span->error = error;
    span->status = exchange->attempt.status;
    span->started_us = exchange->attempt.started_us;
    if (span->ended_us == 0) /* not behind the exchange */
        span->ended_us = exchange->ended_us > 0 ? exchange->ended_us : clock_mono_us();
    trace_record_add(exchange->trace, span);
}

void trace_attempt_failed(struct exchange *exchange)
{
    close_attempt(exchange, attempt_outcome_name(exchange->attempt.outcome));
}

void trace_attempt_answered(struct exchange *exchange)
{
    struct attempt_span *span = exchange->attempt.span;
    if (span != NULL && span->streamed) /* a plain answer's first chunk is all of it */
        span->answered_us = clock_mono_us();
}

void trace_attempt_ended(struct exchange *exchange)
{
    struct attempt_span *span = exchange->attempt.span;
    if (span != NULL)
        span->ended_us = clock_mono_us();
}

/* What was metered of the present attempt. */
static void note_usage(const struct exchange *exchange, struct attempt_span *span)
{
    const struct usage_record *record = &exchange->settlement.record;
    trace_text_set(&span->finish_reason, slice_of(exchange->stream.meter.finish_reason));
    if (record->source == USAGE_NONE)
        return;
    span->metered = true;
    span->source = record->source;
    span->counts = record->counts;
    span->reasoning_tokens = record->reasoning_tokens;
    span->cost_nusd = record->cost_nusd;
}

/* How the last attempt of a client's exchange has ended. */
static const char *last_error(const struct exchange *exchange)
{
    if (exchange->attempt.outcome != ATTEMPT_ANSWERED)
        return "cancelled";
    if (exchange_was_cut_by_provider(exchange))
        return "cut";
    return exchange->cut || exchange->stream.failed ? "cancelled" : NULL;
}

/* ---- the exchange ends ---- */

static struct exchange_facts facts_of(const struct exchange *exchange, const struct id *leader)
{
    const struct usage_record *usage = &exchange->settlement.record;
    int status = exchange->abandoned ? 0 : exchange->status; /* the client left before */
    return (struct exchange_facts){.request_id = slice_of(exchange->id.text),
                                   .method = slice_of(exchange->method),
                                   .path = slice_of(exchange->path),
                                   .error = slice_of(exchange->error_code),
                                   .user = slice_of(exchange->key.user_id.text),
                                   .key = slice_of(exchange->key.key_id.text),
                                   .model = slice_of(exchange->asks.model),
                                   .replay_of = slice_of(exchange->replay_of.text),
                                   .shared_with = slice_of(leader != NULL ? leader->text : ""),
                                   .failed = status >= 500 ||
                                             (exchange->stream.failed && !exchange->abandoned),
                                   .charged = usage->source != USAGE_NONE,
                                   .status = status,
                                   .attempt_count = exchange->attempts,
                                   .ended_us = exchange->ended_us,
                                   .charge_nusd = usage->charge_nusd,
                                   .cost_nusd = usage->cost_nusd};
}

/* Of the last attempt, so that a long request is told once. */
static void note_content(const struct exchange *exchange)
{
    const struct attempt_span *span = exchange->trace->last;
    if (span == NULL || span->content == NULL)
        return;
    if (trace_feed_has_room(exchange->env->traces))
        trace_content_finish(span->content, &exchange->asks,
                             slice_of(span->candidate->terms.api_key));
    else
        trace_content_leave_out(span->content);
}

static void hand_over(struct exchange *exchange, const struct exchange_facts *facts)
{
    struct trace_record *record = exchange->trace;
    exchange->trace = NULL;
    trace_feed_take(exchange->env->traces, record, facts);
}

void trace_end(struct exchange *exchange, const struct id *leader)
{
    enum { NOTHING_NEW = 304 }; /* a page that is open asks every second: see the log */
    if (exchange->trace == NULL || exchange->status == NOTHING_NEW)
        return;
    if (exchange->attempt.span != NULL) {
        note_usage(exchange, exchange->attempt.span);
        close_attempt(exchange, last_error(exchange));
    }
    note_content(exchange);
    struct exchange_facts facts = facts_of(exchange, leader);
    hand_over(exchange, &facts);
}

void trace_end_beside(struct exchange *exchange, const char *error)
{
    if (exchange->trace == NULL)
        return;
    if (exchange->attempt.span != NULL && error == NULL)
        note_usage(exchange, exchange->attempt.span);
    close_attempt(exchange, error);
    if (exchange->trace->first != NULL)
        hand_over(exchange, NULL);
}

void trace_fini(struct exchange *exchange)
{
    trace_record_free(exchange->trace);
    exchange->trace = NULL;
}

/* ---- for the log and the metrics ---- */

const char *trace_id(const struct exchange *exchange)
{
    return exchange->trace != NULL ? exchange->trace->trace_id_text : NULL;
}

const struct metrics_trace *trace_exemplar(const struct exchange *exchange,
                                           struct metrics_trace *out)
{
    if (exchange->trace == NULL)
        return NULL;
    struct trace_id id = exchange->trace->context.trace_id;
    int64_t took_us = exchange->ended_us - exchange->started_us;
    *out = (struct metrics_trace){id.high, id.low, exchange->created_ms + took_us / 1000};
    return out;
}

struct log_field trace_log_id(const struct exchange *exchange)
{
    if (exchange->trace == NULL)
        return (struct log_field){.name = NULL};
    return log_text("trace_id", exchange->trace->trace_id_text);
}

struct log_field trace_log_span(const struct exchange *exchange)
{
    if (exchange->trace == NULL)
        return (struct log_field){.name = NULL};
    return log_text("span_id", exchange->trace->span_id_text);
}
