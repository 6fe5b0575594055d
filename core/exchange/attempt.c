#include "exchange/attempt.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "dialect/first_bytes.h"
#include "dialect/plain_chunks.h"
#include "dialect/renamed.h"
#include "dialect/said.h"
#include "exchange/demo.h"
#include "exchange/exchange.h"
#include "exchange/provider_headers.h"

const char *attempt_outcome_name(enum attempt_outcome outcome)
{
    switch (outcome) {
    case ATTEMPT_NONE:
        return "none";
    case ATTEMPT_ANSWERED:
        return "answered";
    case ATTEMPT_REFUSED:
        return "refused";
    case ATTEMPT_UNREACHABLE:
        return "connect";
    case ATTEMPT_BROKEN:
        return "reset";
    case ATTEMPT_TIMED_OUT:
        return "timeout";
    case ATTEMPT_OVERLOADED:
        return "429";
    case ATTEMPT_FAILED:
        return "5xx";
    case ATTEMPT_DENIED:
        return "auth";
    case ATTEMPT_UNKNOWN:
        return "unknown";
    case ATTEMPT_GARBLED:
        return "garbled";
    }
    return "none";
}

const char *attempt_outcome_cause(enum attempt_outcome outcome)
{
    if (outcome == ATTEMPT_UNKNOWN)
        return "auth";
    return outcome == ATTEMPT_GARBLED ? "5xx" : attempt_outcome_name(outcome);
}

const char *attempt_provider(const struct attempt *attempt)
{
    return attempt->candidate != NULL ? attempt->candidate->terms.provider : "";
}

bool attempt_is_asked(const struct attempt *attempt)
{
    if (attempt->candidate == NULL || attempt->outcome != ATTEMPT_NONE || attempt->status >= 300)
        return false;
    if (attempt->candidate->terms.dialect == DIALECT_DEMO || attempt->heard_us != 0)
        return true;
    return attempt->call != NULL && upstream_is_sent(attempt->call);
}

/* What the operator alone can mend is an alarm, also where another candidate answers. */
static enum log_level level_of(enum attempt_outcome outcome)
{
    if (outcome == ATTEMPT_DENIED || outcome == ATTEMPT_UNKNOWN)
        return LOG_ERROR;
    return outcome == ATTEMPT_REFUSED ? LOG_INFO : LOG_WARN;
}

static const char *failure_of(enum attempt_outcome outcome)
{
    if (outcome == ATTEMPT_DENIED)
        return "a provider refuses our account";
    return outcome == ATTEMPT_UNKNOWN ? "a provider does not know what we ask for"
                                      : "attempt failed";
}

void attempt_decide(struct exchange *exchange, enum attempt_outcome outcome, const char *detail)
{
    struct attempt *attempt = &exchange->attempt;
    if (attempt->outcome != ATTEMPT_NONE)
        return;
    attempt->outcome = outcome;
    attempt->detail[0] = '\0';
    if (detail[0] != '\0') /* a good answer has none */
        snprintf(attempt->detail, sizeof attempt->detail, "%s", detail);
    live_metrics_count_attempt(exchange->env->shard, exchange, false);
    if (outcome == ATTEMPT_ANSWERED) {
        exchange->state = EXCHANGE_ANSWERED;
    } else {
        attempt_cancel(exchange);
        attempt_log_failure(exchange);
        log_event(level_of(outcome), failure_of(outcome), log_text("request_id", exchange->id.text),
                  log_text("provider", attempt_provider(attempt)),
                  log_text("model", attempt->candidate->terms.model),
                  log_text("outcome", attempt_outcome_name(outcome)),
                  log_int("status", attempt->status), log_text("detail", attempt->detail),
                  log_text(attempt->explained ? "said" : NULL, attempt->refusal_message));
    }
    exchange_wake(exchange);
}

/* ---- start and end ---- */

static bool start_call(struct exchange *exchange, struct fault *fault)
{
    struct attempt *attempt = &exchange->attempt;
    const struct candidate *candidate = attempt->candidate;
    struct provider_headers headers;
    provider_headers_fill(exchange, &headers);
    const struct upstream_request request = {
        .url = candidate->url,
        .headers = headers.lines,
        .header_count = headers.count,
        .body = attempt->copy.parts,
        .body_parts = attempt->copy.part_count,
        .connect_timeout_ms = candidate->terms.connect_timeout_ms,
        .ca_file = candidate->terms.ca_file[0] != '\0' ? candidate->terms.ca_file : NULL,
    };
    const struct upstream_events events = {.on_head = attempt_on_head,
                                           .on_data = attempt_on_data,
                                           .on_end = attempt_on_end,
                                           .arg = exchange};
    attempt->call = upstream_start(exchange->env->upstream, &request, &events, fault);
    return attempt->call != NULL;
}

static void reset(struct exchange *exchange, struct candidate *candidate)
{
    struct attempt *attempt = &exchange->attempt;
    (void)candidate_ref(candidate); /* it may be the one that was tried before */
    attempt_fini(exchange);
    relay_reset(exchange);
    memset(attempt, 0, sizeof *attempt);
    attempt->candidate = candidate;
    attempt->retry_after_ms = -1;
    attempt->started_us = clock_mono_us();
    buffer_init(&attempt->body, LIMIT_UPSTREAM_BODY_BYTES);
}

void attempt_start(struct exchange *exchange, struct candidate *candidate)
{
    struct attempt *attempt = &exchange->attempt;
    struct fault fault;
    reset(exchange, candidate);
    const struct chat_changes changes = {.model = candidate->terms.model,
                                         .output_tokens_max = exchange->output_tokens_max,
                                         .max_tokens_field = candidate->terms.max_tokens_field};
    if (!chat_apply(&exchange->chat, &changes, &attempt->copy)) {
        attempt_decide(exchange, ATTEMPT_FAILED, "there is no memory for the request");
        return;
    }
    failpoint_reach(FAILPOINT_BEFORE_UPSTREAM);
    if (candidate->terms.dialect == DIALECT_DEMO)
        demo_start(exchange);
    else if (!start_call(exchange, &fault))
        attempt_decide(exchange, ATTEMPT_UNREACHABLE, fault.message);
}

void attempt_cancel(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    if (attempt->call != NULL)
        upstream_cancel(attempt->call);
    attempt->call = NULL;
    loop_cancel(exchange->env->loop, &attempt->demo);
}

void attempt_fini(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    attempt_cancel(exchange);
    chat_copy_fini(&attempt->copy);
    buffer_fini(&attempt->body);
    candidate_unref(attempt->candidate);
    attempt->candidate = NULL;
}

/* "400 ms", "20 s", "6 h" */
static const char *format_span(int64_t ms, char out[32])
{
    if (ms % 1000 != 0)
        snprintf(out, 32, "%lld ms", (long long)ms);
    else if (ms % (3600 * 1000) != 0)
        snprintf(out, 32, "%lld s", (long long)(ms / 1000));
    else
        snprintf(out, 32, "%lld h", (long long)(ms / (3600 * 1000)));
    return out;
}

/* How it has waited for longer than it may, as the client will read it; false: it has not. */
static bool is_late(const struct exchange *exchange, int64_t now_us, char *why, size_t why_bytes)
{
    const struct attempt *attempt = &exchange->attempt;
    const struct candidate_terms *terms = &attempt->candidate->terms;
    bool first = attempt->heard_us == 0;
    bool flows = exchange->chat.streamed && attempt->outcome == ATTEMPT_ANSWERED;
    int64_t since_us = now_us - (first ? attempt->started_us : attempt->heard_us);
    int64_t silence_ms = first ? terms->first_byte_timeout_ms : terms->idle_timeout_ms;
    int64_t most_ms = flows ? terms->stream_timeout_ms : terms->total_timeout_ms;
    char span[32];
    if (since_us > silence_ms * 1000 && !exchange->relay.paused && !exchange->relay.lacks_room)
        snprintf(why, why_bytes,
                 first ? "The model's provider did not begin to answer within %s."
                       : "The model's provider sent nothing for %s.",
                 format_span(silence_ms, span));
    else if (now_us - attempt->started_us > most_ms * 1000)
        snprintf(why, why_bytes, "The answer took longer than %s, the most that is waited for.",
                 format_span(most_ms, span));
    else
        return false;
    return true;
}

void attempt_tick(struct exchange *exchange, int64_t now_us)
{
    struct attempt *attempt = &exchange->attempt;
    char why[sizeof attempt->detail];
    if (attempt->call == NULL || !is_late(exchange, now_us, why, sizeof why))
        return;
    attempt_cancel(exchange);
    attempt->late = true;
    if (attempt->outcome == ATTEMPT_NONE)
        attempt_decide(exchange, ATTEMPT_TIMED_OUT, why);
    else if (!exchange->relay.upstream_ended)
        relay_upstream_ended(exchange, UPSTREAM_TIMED_OUT, why);
}

/* ---- the answer comes ---- */

void attempt_on_head(const struct upstream_head *head, void *arg)
{
    struct exchange *exchange = arg;
    struct attempt *attempt = &exchange->attempt;
    attempt->status = head->status;
    attempt->retry_after_ms = head->retry_after_ms;
    attempt->heard_us = clock_mono_us();
    attempt->labelled_stream = slice_equals_nocase(head->content_type, "text/event-stream");
}

/* Finds out what a 2xx answer is, and puts into *data what of it can be read now. False: nothing
 * yet, or ever. */
static bool sort_answer(struct exchange *exchange, struct slice *data)
{
    struct attempt *attempt = &exchange->attempt;
    struct buffer *early = &attempt->body;
    attempt->early_bytes += data->bytes;
    if (early->bytes > 0) { /* of a byte order mark, or what stood behind it */
        buffer_append_slice(early, *data);
        *data = buffer_slice(early);
    }
    enum first_bytes kind = first_bytes_judge(data, attempt->labelled_stream);
    if (early->bytes > 0) {
        buffer_consume(early, early->bytes - data->bytes);
        *data = buffer_slice(early);
    } else if (kind == FIRST_BYTES_TOO_FEW) {
        buffer_append_slice(early, *data);
    }
    if (kind == FIRST_BYTES_TOO_FEW) {
        if (attempt->early_bytes > LIMIT_UPSTREAM_BODY_BYTES)
            attempt_decide(exchange, ATTEMPT_GARBLED, "the answer begins with 32 MB of blanks");
        return false;
    }
    attempt->sorted = true;
    attempt->event_stream = kind == FIRST_BYTES_STREAM;
    if (attempt->event_stream && !exchange->chat.streamed)
        attempt_decide(exchange, ATTEMPT_GARBLED, "a stream came that nobody asked for");
    return attempt->outcome == ATTEMPT_NONE;
}

/* Of a plain answer or an error. */
static void keep_body(struct exchange *exchange, struct slice data)
{
    struct buffer *body = &exchange->attempt.body;
    bool there = body->bytes > 0 && data.data == body->data;
    if (!there && !buffer_append_slice(body, data))
        attempt_decide(exchange, ATTEMPT_GARBLED, "the answer is larger than 32 MB");
}

void attempt_on_data(struct slice data, void *arg)
{
    struct exchange *exchange = arg;
    struct attempt *attempt = &exchange->attempt;
    attempt->heard_us = clock_mono_us();
    if (attempt->outcome != ATTEMPT_NONE && attempt->outcome != ATTEMPT_ANSWERED)
        return;
    if (attempt->status < 300 && !attempt->sorted && !sort_answer(exchange, &data))
        return;
    if (attempt->event_stream)
        relay_feed(exchange, data);
    else
        keep_body(exchange, data);
}

/* A good answer, plain where a stream was asked for: becomes one. */
static void stream_plain(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    struct buffer chunks;
    buffer_init(&chunks, 2 * LIMIT_UPSTREAM_BODY_BYTES);
    if (plain_chunks_write(&attempt->completion, &chunks)) {
        attempt->event_stream = true;
        relay_feed(exchange, buffer_slice(&chunks));
    } else {
        attempt_decide(exchange, ATTEMPT_GARBLED, "the plain answer is too large for a stream");
    }
    buffer_fini(&chunks);
}

/* Of a plain answer to who asked for one. */
static void judge_choices(struct exchange *exchange)
{
    const struct json_value *choices = &exchange->attempt.completion.choices;
    struct meter *meter = &exchange->relay.meter;
    meter_read_choices(meter, choices);
    if (meter_has_seen(meter) || said_something(choices))
        attempt_decide(exchange, ATTEMPT_ANSWERED, "");
    else
        attempt_decide(exchange, ATTEMPT_GARBLED, "the answer says nothing");
}

/* Before anything is kept of it. */
static void rename_body(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    struct buffer renamed;
    if (!renamed_text(attempt->candidate->answers_as, buffer_slice(&attempt->body),
                      &attempt->completion.root, &renamed))
        return;
    buffer_fini(&attempt->body);
    attempt->body = renamed;
    (void)completion_read(buffer_slice(&attempt->body), &attempt->completion);
}

static void take_body(struct exchange *exchange)
{
    rename_body(exchange);
    if (exchange->chat.streamed)
        stream_plain(exchange);
    else
        judge_choices(exchange);
}

/* A whole 2xx body: an answer only if it is a JSON object without an error in it. */
static void judge_body(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    struct completion *completion = &attempt->completion;
    struct slice body = buffer_slice(&attempt->body);
    if (!completion_read(body, completion))
        attempt_decide(exchange, ATTEMPT_GARBLED, "the answer is no JSON object");
    else if (completion_is_error(completion))
        attempt_decide(exchange, attempt_classify(attempt, exchange->chat.model, 0, body),
                       "an error came with a status of success");
    else if (completion->choices.type != JSON_ARRAY)
        attempt_decide(exchange, ATTEMPT_GARBLED, "the answer has no choices");
    else if (completion->usage_count > 1)
        attempt_decide(exchange, ATTEMPT_GARBLED, "the answer has its usage twice");
    else
        take_body(exchange);
}

static void decide_at_end(struct exchange *exchange, enum upstream_end end, const char *detail)
{
    struct attempt *attempt = &exchange->attempt;
    if (end == UPSTREAM_UNREACHABLE)
        attempt_decide(exchange, ATTEMPT_UNREACHABLE, detail);
    else if (end == UPSTREAM_TIMED_OUT)
        attempt_decide(exchange, ATTEMPT_TIMED_OUT, detail);
    else if (attempt->status >= 300)
        attempt_decide(exchange,
                       attempt_classify(attempt, exchange->chat.model, attempt->status,
                                        buffer_slice(&attempt->body)),
                       "the provider answered with an error");
    else if (end == UPSTREAM_BROKEN)
        attempt_decide(exchange, ATTEMPT_BROKEN, detail);
    else if (attempt->event_stream)
        attempt_decide(exchange, ATTEMPT_GARBLED, "the stream ended and had said nothing");
    else
        judge_body(exchange);
}

void attempt_on_end(enum upstream_end end, const char *detail, void *arg)
{
    struct exchange *exchange = arg;
    struct attempt *attempt = &exchange->attempt;
    attempt->call = NULL;
    if (exchange->state == EXCHANGE_ENDED) {
        exchange_free_if_over(exchange);
        return;
    }
    if (attempt->event_stream)
        relay_upstream_ended(exchange, end, detail); /* its last event may say something */
    if (attempt->outcome == ATTEMPT_NONE)
        decide_at_end(exchange, end, detail);
    if (attempt->outcome == ATTEMPT_ANSWERED)
        relay_upstream_ended(exchange, end, detail);
}
