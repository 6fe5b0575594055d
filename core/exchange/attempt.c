#include "exchange/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "dialect/first_bytes.h"
#include "exchange/attempt_internal.h"
#include "exchange/demo.h"
#include "exchange/given_answer.h"
#include "exchange/local_call.h"
#include "exchange/mapped_api.h"
#include "exchange/provider_headers.h"
#include "exchange/shared_calls.h"
#include "exchange/trace_record.h"

const char *attempt_provider(const struct attempt *attempt)
{
    return attempt->candidate != NULL ? attempt->candidate->terms.provider : "";
}

bool attempt_translates(const struct attempt *attempt)
{
    return attempt->translator.request != NULL;
}

bool attempt_passes_chunks(const struct attempt *attempt)
{
    return dialect_has_chunks(attempt->dialect) && !attempt_translates(attempt);
}

bool attempt_is_asked(const struct attempt *attempt)
{
    if (attempt->candidate == NULL || attempt->outcome != ATTEMPT_NONE || attempt->status >= 300)
        return false;
    if (attempt->local != NULL || attempt->heard_us != 0)
        return true;
    return attempt->call != NULL && upstream_is_sent(attempt->call);
}

enum attempt_class attempt_class(const struct attempt *attempt)
{
    return attempt_outcome_class(attempt->outcome, attempt->sent, attempt->status);
}

void attempt_decide(struct attempt *attempt, enum attempt_outcome outcome, const char *detail)
{
    if (attempt->outcome != ATTEMPT_NONE)
        return;
    attempt->outcome = outcome;
    attempt->detail[0] = '\0';
    if (detail[0] != '\0') /* a good answer has no detail */
        snprintf(attempt->detail, sizeof attempt->detail, "%s", detail);
    if (outcome != ATTEMPT_ANSWERED)
        attempt_cancel(attempt);
    attempt->events->on_decided(attempt->owner);
}

/* ---- start and end ---- */

static void on_head(const struct upstream_head *head, void *arg);
static void on_data(struct slice data, void *arg);
static void on_end(enum upstream_end end, const char *detail, void *arg);

static const char *url_of(const struct attempt *attempt, const struct model_request *asks)
{
    if (asks->compaction == COMPACTION_BY_PATH && !attempt_translates(attempt))
        return attempt->candidate->compact_url;
    return candidate_url(attempt->candidate, attempt->dialect, asks->streamed);
}

static bool start_call(struct attempt *attempt, const struct attempt_request *asked,
                       const struct upstream_events *events, struct fault *fault)
{
    const struct candidate *candidate = attempt->candidate;
    struct provider_headers headers;
    provider_headers_fill(candidate, asked->key, attempt->dialect, asked->asks, asked->head,
                          asked->trace, &headers);
    const struct upstream_request request = {
        .url = url_of(attempt, asked->asks),
        .headers = headers.lines,
        .header_count = headers.count,
        .body = attempt->copy.parts,
        .body_parts = attempt->copy.part_count,
        .tail = asked->tail,
        .once = true,
        .fresh = asked->fresh,
        .connect_timeout_ms = candidate->terms.connect_timeout_ms,
        .ca_file = candidate->terms.ca_file[0] != '\0' ? candidate->terms.ca_file : NULL,
    };
    attempt->call = upstream_start(asked->upstream, &request, events, fault);
    provider_headers_fini(&headers);
    attempt->sent = attempt->call != NULL;
    return attempt->sent;
}

static void start_demo(struct attempt *attempt, const struct attempt_request *asked,
                       const struct upstream_events *events)
{
    const struct demo_request request = {.asks = asked->asks,
                                         .exchange_id = asked->exchange_id,
                                         .model = attempt->candidate->terms.model,
                                         .created_ms = asked->created_ms,
                                         .output_tokens_max = asked->output_tokens_max};
    attempt->local = demo_start(asked->loop, &request, events);
}

static void reset(struct attempt *attempt, struct candidate *candidate)
{
    (void)candidate_ref(candidate); /* it may be the candidate of the last attempt */
    attempt_fini(attempt);
    memset(attempt, 0, sizeof *attempt);
    attempt->candidate = candidate;
    attempt->retry_after_ms = -1;
    attempt->started_us = clock_mono_us();
    buffer_init(&attempt->body, LIMIT_UPSTREAM_BODY_BYTES);
    buffer_init(&attempt->translated, LIMIT_UPSTREAM_BODY_BYTES);
}

void attempt_start(struct attempt *attempt, struct candidate *candidate,
                   const struct attempt_request *request, const struct attempt_events *events,
                   void *owner)
{
    const struct upstream_events upstream_events = {
        .on_head = on_head, .on_data = on_data, .on_end = on_end, .arg = attempt};
    struct fault fault;
    reset(attempt, candidate);
    attempt->events = events;
    attempt->owner = owner;
    attempt->asks = request->asks;
    attempt->span = request->span;
    if (attempt->asks->media.medium == ANSWERS_PICTURES)
        attempt->body.bytes_max = LIMIT_PICTURES_BYTES;
    attempt->dialect = candidate_dialect(candidate, request->asks);
    attempt->translator = request->translator;
    if (request->mapper.request != NULL)
        attempt->mapped = mapped_api_new(&request->mapper);
    if (request->why_not != NULL) {
        attempt->rate_limited = request->outcome == ATTEMPT_OVERLOADED;
        attempt->retry_after_ms = request->retry_after_ms;
        attempt_decide(attempt, request->outcome, request->why_not);
        return;
    }
    if (!attempt_make_body(attempt, request))
        return;
    failpoint_reach(FAILPOINT_BEFORE_UPSTREAM);
    attempt->record = request->record;
    if (request->given != NULL)
        attempt->local = given_answer_start(request->loop, request->given, &upstream_events);
    else if (candidate->terms.demo)
        start_demo(attempt, request, &upstream_events);
    else if (!start_call(attempt, request, &upstream_events, &fault))
        attempt_decide(attempt, ATTEMPT_UNREACHABLE, fault.message);
}

void attempt_cancel(struct attempt *attempt)
{
    if (attempt->call != NULL)
        upstream_cancel(attempt->call);
    attempt->call = NULL;
    local_call_free(attempt->local);
    attempt->local = NULL;
}

void attempt_fini(struct attempt *attempt)
{
    attempt_cancel(attempt);
    free(attempt->refusal);
    attempt->refusal = NULL;
    request_copy_fini(&attempt->copy);
    buffer_fini(&attempt->translated);
    if (attempt->translator.free != NULL)
        attempt->translator.free(attempt->translator.arg);
    attempt->translator = (struct translator){0};
    mapped_api_free(attempt->mapped);
    attempt->mapped = NULL;
    buffer_fini(&attempt->body);
    attempt_span_free(attempt->span);
    attempt->span = NULL;
    candidate_unref(attempt->candidate);
    attempt->candidate = NULL;
}

void attempt_settle_in(struct attempt *attempt, void *owner, const struct model_request *asks)
{
    check(attempt->local == NULL || attempt->outcome != ATTEMPT_NONE);
    attempt->owner = owner;
    attempt->asks = asks;
    if (attempt->call != NULL)
        upstream_rebind(attempt->call, attempt->copy.parts, attempt);
}

/* ---- the answer comes ---- */

static void record_head(struct shared_answer *record, const struct upstream_head *head)
{
    record->status = head->status;
    slice_copy(head->content_type, record->content_type, sizeof record->content_type);
    buffer_consume(&record->body, record->body.bytes);
}

static void on_head(const struct upstream_head *head, void *arg)
{
    struct attempt *attempt = arg;
    if (attempt->record != NULL)
        record_head(attempt->record, head);
    attempt->status = head->status;
    attempt->retry_after_ms = head->retry_after_ms;
    if (attempt->candidate->terms.limit_fields != NULL)
        provider_limits_read(attempt->candidate->terms.limit_fields, head, &attempt->limits);
    attempt->heard_us = clock_mono_us();
    attempt->labelled_stream = slice_equals_nocase(head->content_type, "text/event-stream");
    if (attempt->asks->media.opaque != OPAQUE_NONE || attempt->asks->text_answer)
        opaque_form_copy_type(head->content_type_line, attempt->content_type);
    attempt->content_length = head->content_length;
}

static bool pass_opaque(struct attempt *attempt, struct slice data)
{
    if (!attempt->sorted) {
        struct slice type = slice_of(attempt->content_type);
        if (!opaque_form_is(attempt->asks->media.opaque, type, data.data[0]))
            return false; /* it is like any other */
        if (attempt->asks->streamed) {
            attempt_decide(attempt, ATTEMPT_GARBLED, "bytes came where events were asked for");
            return true;
        }
        attempt->sorted = attempt->opaque = true;
        attempt_decide(attempt, ATTEMPT_ANSWERED, "");
    }
    if (attempt->opaque)
        attempt->events->on_opaque(data, attempt->owner);
    return attempt->opaque;
}

/* The body has no room for what came. */
static void refuse_body(struct attempt *attempt)
{
    attempt_decide(attempt, ATTEMPT_GARBLED,
                   attempt->body.no_memory ? "the gateway has no memory left for the answer"
                                           : "the answer is too large");
}

/* Finds out what a 2xx answer is, and puts into *data what can be read now. Returns false if there
 * is nothing to read yet, or never will be. */
static bool sort_answer(struct attempt *attempt, struct slice *data)
{
    struct buffer *early = &attempt->body;
    attempt->early_bytes += data->bytes;
    if (early->bytes > 0) { /* a byte order mark, or what came after it */
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
    if (early->failed) {
        refuse_body(attempt);
        return false;
    }
    if (kind == FIRST_BYTES_TOO_FEW) {
        if (attempt->early_bytes > LIMIT_UPSTREAM_BODY_BYTES)
            attempt_decide(attempt, ATTEMPT_GARBLED, "the answer begins with 32 MB of blanks");
        return false;
    }
    attempt->sorted = true;
    attempt->event_stream = kind == FIRST_BYTES_STREAM;
    if (attempt->event_stream && !attempt->asks->streamed)
        attempt_decide(attempt, ATTEMPT_GARBLED, "a stream came that nobody asked for");
    return attempt->outcome == ATTEMPT_NONE;
}

static void keep_body(struct attempt *attempt, struct slice data)
{
    struct buffer *body = &attempt->body;
    bool there = body->bytes > 0 && data.data == body->data;
    if (!there && !buffer_append_slice(body, data))
        refuse_body(attempt);
    else if (body->bytes > LIMIT_ORDINARY_EVENT_BYTES)
        attempt->events->on_large_body(attempt->owner);
}

void attempt_fail_mapping(struct attempt *attempt)
{
    const char *why = mapped_api_why(attempt->mapped);
    if (attempt->outcome == ATTEMPT_NONE) {
        attempt_decide(attempt, ATTEMPT_GARBLED, why);
        return;
    }
    attempt_cancel(attempt);
    attempt->events->on_answer_end(UPSTREAM_BROKEN, why, attempt->owner);
}

/* Gives on the events of a stream; those of a mapped API as OpenAI's chat. Of that, `last` has
 * come. */
static void give_stream(struct attempt *attempt, struct slice data, bool last)
{
    struct buffer chat;
    if (attempt->mapped == NULL) {
        attempt->events->on_stream(data, attempt->owner);
        return;
    }
    buffer_init(&chat, LIMIT_EDITED_EVENT_BYTES);
    bool done = last ? mapped_api_end(attempt->mapped, &chat)
                     : mapped_api_feed(attempt->mapped, data, &chat);
    if (!done || chat.failed)
        attempt_fail_mapping(attempt);
    else if (chat.bytes > 0)
        attempt->events->on_stream(buffer_slice(&chat), attempt->owner);
    buffer_fini(&chat);
}

static void on_data(struct slice data, void *arg)
{
    struct attempt *attempt = arg;
    attempt->heard_us = clock_mono_us();
    if (attempt->outcome != ATTEMPT_NONE && attempt->outcome != ATTEMPT_ANSWERED)
        return;
    if (attempt->record != NULL)
        buffer_append_slice(&attempt->record->body, data);
    if (attempt->status < 300 && attempt->asks->media.opaque != OPAQUE_NONE &&
        pass_opaque(attempt, data))
        return;
    bool text = attempt->asks->text_answer; /* as it comes, whatever it begins with */
    if (attempt->status < 300 && !text && !attempt->sorted && !sort_answer(attempt, &data))
        return;
    if (attempt->event_stream)
        give_stream(attempt, data, false);
    else
        keep_body(attempt, data);
}

static void decide_at_end(struct attempt *attempt, enum upstream_end end, const char *detail)
{
    if (end == UPSTREAM_UNREACHABLE)
        attempt_decide(attempt, ATTEMPT_UNREACHABLE, detail);
    else if (end == UPSTREAM_TIMED_OUT) /* it had no connection */
        attempt_decide(attempt, ATTEMPT_TIMED_OUT, detail);
    else if (attempt->status >= 300)
        attempt_decide(attempt,
                       attempt_classify(attempt, attempt->asks->model, attempt->status,
                                        buffer_slice(&attempt->body)),
                       "the provider answered with an error");
    else if (end == UPSTREAM_BROKEN || end == UPSTREAM_STALE)
        attempt_decide(attempt, ATTEMPT_BROKEN, detail);
    else if (attempt->event_stream)
        attempt_decide(attempt, ATTEMPT_GARBLED, "the stream ended and had said nothing");
    else
        attempt_judge_body(attempt);
}

static void on_end(enum upstream_end end, const char *detail, void *arg)
{
    struct attempt *attempt = arg;
    const struct attempt_events *events = attempt->events;
    attempt->call = NULL;
    if (!events->on_call_end(attempt->owner))
        return;
    if (attempt->event_stream && attempt->mapped != NULL && end == UPSTREAM_COMPLETE)
        give_stream(attempt, slice_of(""), true);
    if (attempt->event_stream)
        events->on_answer_end(end, detail, attempt->owner); /* the last event may say something */
    attempt->sent = attempt->sent && end != UPSTREAM_TIMED_OUT;
    attempt->stale = end == UPSTREAM_STALE;
    if (attempt->outcome == ATTEMPT_NONE)
        decide_at_end(attempt, end, detail);
    if (attempt->outcome == ATTEMPT_ANSWERED)
        events->on_answer_end(end, detail, attempt->owner);
}
