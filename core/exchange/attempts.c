/* The attempts of an exchange: how one begins, and what it tells. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "exchange/access_tokens.h"
#include "exchange/attempt_refusal.h"
#include "exchange/call_metrics.h"
#include "exchange/choice.h"
#include "exchange/departure.h"
#include "exchange/event_room.h"
#include "exchange/exchange_internal.h"
#include "exchange/form_intake.h"
#include "exchange/hedge.h"
#include "exchange/hedging.h"
#include "exchange/kept_turns.h"
#include "exchange/live_metrics.h"
#include "exchange/made_objects.h"
#include "exchange/price_facts.h"
#include "exchange/raised_alerts.h"
#include "exchange/relay.h"
#include "exchange/sharing.h"
#include "exchange/trace.h"
#include "exchange/trace_context.h"
#include "exchange/trace_record.h"
#include "exchange/worst_price.h"

/* The keeper gives up sooner (token_keeper.h), unless its worker hangs. */
enum { TOKEN_WAIT_MS = 20000 };

/* ---- what an attempt tells ---- */

static enum live_result result_of(enum attempt_outcome outcome)
{
    if (outcome == ATTEMPT_ANSWERED)
        return LIVE_ANSWERED;
    return outcome == ATTEMPT_REFUSED ? LIVE_REFUSED : LIVE_FAILED;
}

static void note_limits(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    const struct provider_limit *requests = &attempt->limits.of[PROVIDER_REQUESTS];
    const struct provider_limit *tokens = &attempt->limits.of[PROVIDER_TOKENS];
    live_metrics_note_limits(exchange->env->shard, attempt_provider(attempt), &attempt->limits);
    log_event(LOG_DEBUG, "a provider's limits", LOG_CALL(exchange),
              log_text("provider", attempt_provider(attempt)), log_int("requests", requests->limit),
              log_int("requests_remaining", requests->remaining),
              log_int("requests_reset_ms", requests->reset_ms), log_int("tokens", tokens->limit),
              log_int("tokens_remaining", tokens->remaining),
              log_int("tokens_reset_ms", tokens->reset_ms));
}

/* The id of the record that the operator finds; "": there is none. */
static const char *recorded_id(const struct exchange *exchange)
{
    return exchange->test_call != NULL ? "" : exchange_told_id(exchange)->text;
}

static void count(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    const struct live_attempt counted = {.provider = attempt_provider(attempt),
                                         .result = result_of(attempt->outcome),
                                         .duration_us = clock_mono_us() - attempt->started_us,
                                         .outcome = attempt_outcome_name(attempt->outcome),
                                         .detail = attempt->detail,
                                         .exchange_id = recorded_id(exchange),
                                         .status = attempt->status};
    live_metrics_count_attempt(exchange->env->shard, &counted);
    call_metrics_count_attempt(live_metrics_call_shard(exchange->env->shard), exchange->asks.model,
                               counted.provider, attempt->outcome);
    if (attempt->limits.said)
        note_limits(exchange);
}

/* What only the operator can mend is an alarm, even if another candidate answers. */
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

static void note_failure(struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    attempt_log_failure(&exchange->attempt_log, exchange->number, attempt);
    trace_attempt_failed(exchange);
    log_event(level_of(attempt->outcome), failure_of(attempt->outcome), LOG_CALL(exchange),
              log_text(exchange->hedge != NULL ? "hedge_id" : NULL, exchange->id.text),
              log_text("provider", attempt_provider(attempt)),
              log_text("model", attempt->candidate->terms.model),
              log_text("outcome", attempt_outcome_name(attempt->outcome)),
              log_text("class", attempt_outcome_class_name(attempt_class(attempt))),
              log_int("status", attempt->status), log_text("detail", attempt->detail),
              log_text(attempt->explained ? "said" : NULL, attempt_refusal(attempt)->message));
}

/* An access token may end before its time: its key was taken away, say. */
static void distrust_token(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    struct service_account *account = attempt->candidate->terms.account;
    if (account != NULL && attempt->status == 401)
        access_tokens_distrust(exchange->env->tokens, account);
}

static void start_waiting(void *arg);

void exchange_start_later(struct exchange *exchange, struct candidate *candidate)
{
    exchange->starting = candidate_ref(candidate);
    exchange->starting_us = clock_mono_us();
    exchange->starter = (struct deferred){.call = start_waiting, .arg = exchange};
    loop_defer(exchange->env->loop, &exchange->starter);
}

/* A kept connection has ended before any byte of an answer. Mostly the provider closed it before it
 * saw the request, which is no failure of it: nothing is told to health.h. It is not sure, so the
 * policy decides, and the attempts' notes show it. */
static bool ask_again(struct exchange *exchange)
{
    struct attempt *attempt = &exchange->attempt;
    if (!attempt->stale || !exchange->repeats || exchange->again ||
        departure_is_abandoned(exchange))
        return false;
    note_failure(exchange);
    if (exchange->canary_attempts == exchange->attempts)
        exchange->canary_attempts++; /* the canary is asked again */
    exchange->number = ++exchange->attempts;
    exchange->again = true;
    attempt->outcome = ATTEMPT_NONE;
    exchange_start_later(exchange, attempt->candidate);
    return true;
}

void exchange_attempt_told(struct exchange *exchange)
{
    if (exchange->attempt.outcome != ATTEMPT_ANSWERED) /* else its last byte is still to come */
        call_times_answer(&exchange->times, clock_mono_us());
    sharing_tell(exchange); /* who goes on asks health.h */
    exchange_wake(exchange);
}

static void on_decided(void *owner)
{
    struct exchange *exchange = owner;
    bool told = exchange->shadow == NULL;
    if (told && exchange->hedge == NULL && ask_again(exchange))
        return;
    if (told && exchange->pass.open) { /* else its provider was not asked */
        count(exchange);
        exchange_tell_health(exchange);
        raised_alerts_of_trial(exchange);
    }
    if (exchange->attempt.outcome == ATTEMPT_ANSWERED) {
        trace_attempt_answered(exchange);
        if (exchange->hedge == NULL) /* a hedge goes on, if another takes its answer */
            exchange_enter(exchange, EXCHANGE_ANSWERED);
    } else if (told) {
        note_failure(exchange);
        distrust_token(exchange);
    }
    if (!hedging_waits(exchange))
        exchange_attempt_told(exchange);
}

static void on_stream(struct slice data, void *owner)
{
    struct exchange *exchange = owner;
    if (exchange->attempt.span != NULL)
        attempt_span_hear(exchange->attempt.span, data);
    relay_feed(exchange, data);
}

static void on_opaque(struct slice data, void *owner)
{
    relay_feed_opaque(owner, data);
}

static void on_large_body(void *owner)
{
    event_room_look(owner);
}

static bool on_choices(const struct json_value *choices, void *owner)
{
    struct exchange *exchange = owner;
    meter_read_choices(&exchange->stream.meter, choices);
    return meter_has_seen(&exchange->stream.meter);
}

static bool on_answer(const struct answer_facts *facts, void *owner)
{
    struct exchange *exchange = owner;
    meter_note_answer(&exchange->stream.meter, facts, exchange->asks.choices);
    made_objects_note(exchange, facts);
    return facts->said;
}

static void on_counts(const struct answer_facts *facts, void *owner)
{
    struct exchange *exchange = owner;
    struct meter *meter = &exchange->stream.meter;
    if (exchange->stream.out_of_budget)
        return; /* they count text that is not sent */
    price_facts_note_tier(&meter->said, &facts->service_tier);
    if (exchange->asks.media.medium == ANSWERS_PICTURES)
        price_facts_note_pictures(&meter->said, &facts->holder);
    bool counts = facts->answerless ? meter_read_prompt(meter, &facts->usage)
                                    : meter_read_answer(meter, &facts->usage, &facts->beside);
    if (!counts && meter->parts.second == 0) /* seconds are counts of their own */
        counts = meter_find_usage(meter, &facts->holder);
    if (!counts)
        meter_read_beside(meter, &facts->beside);
}

static void on_translated(struct slice translated, void *owner)
{
    relay_feed_translated(owner, translated);
}

static void on_answer_end(enum upstream_end end, const char *detail, void *owner)
{
    trace_attempt_ended(owner);
    relay_upstream_ended(owner, end, detail);
}

static bool on_call_end(void *owner)
{
    struct exchange *exchange = owner;
    if (exchange->state != EXCHANGE_ENDED)
        return true;
    exchange_wake(exchange); /* of a task that waits for this: shadow_can_follow */
    exchange_free_if_over(exchange);
    return false;
}

static const struct attempt_events events = {.on_decided = on_decided,
                                             .on_stream = on_stream,
                                             .on_opaque = on_opaque,
                                             .on_large_body = on_large_body,
                                             .on_choices = on_choices,
                                             .on_answer = on_answer,
                                             .on_counts = on_counts,
                                             .on_translated = on_translated,
                                             .on_answer_end = on_answer_end,
                                             .on_call_end = on_call_end};

/* ---- what the task asks for ---- */

/* A fault in our own Lua: no provider is asked without a hold. */
static bool refuse_unheld(struct exchange *exchange, const char *what)
{
    exchange_task_failed(exchange, "internal_error", what);
    return false;
}

void exchange_price_budget(struct exchange *exchange)
{
    struct stream_budget *budget = &exchange->budget;
    const struct worst_view view = {
        .question = {&exchange->asks, exchange->created_ms, budget->terms->choice},
        .rules = budget->terms->sold_rules,
        .most = &budget->most,
        .said = &exchange->stream.meter.said};
    budget->sold = budget->terms->sold;
    worst_price_raise(&view, &budget->sold);
}

/* The longest answer that fits behind the prompt, for each choice. The prompt is counted as the
 * hold counts it, which may be too much: so it leaves at least ROOM_TOKENS. */
static int64_t longest_answer(const struct exchange *exchange)
{
    enum { ROOM_TOKENS = 8192 };
    const struct charge_limits *limits = &exchange->charge_limits;
    int64_t most = exchange->budget.output_tokens_most / exchange->budget.choices;
    int64_t room = limits->context_tokens - limits->input_tokens;
    if (room < ROOM_TOKENS)
        room = ROOM_TOKENS;
    return room < most ? room : most;
}

static int64_t smaller_bound(int64_t bound, int64_t other)
{
    return other > 0 && (bound == 0 || other < bound) ? other : bound;
}

/* How often the provider's tools may search: what it counts above is the operator's to pay. A
 * prompt that is billed once may be searched for as often as the model likes. */
static int64_t searches_max(const struct exchange *exchange, const struct candidate *candidate)
{
    const struct paid_features *paid = &exchange->asks.paid;
    const struct unit_counts *most = &exchange->budget.most;
    int64_t bound = 0;
    if (paid->count == 0) /* nearly always */
        return 0;
    if (paid_features_begin(paid, "tools.web_search") && !candidate->terms.searches_as_one)
        bound = smaller_bound(bound, most->web_search);
    if (paid_features_begin(paid, "tools.file_search"))
        bound = smaller_bound(bound, most->file_search);
    return bound;
}

/* What stands between an exchange and its attempt. */
struct means {
    struct translator translator, mapper;
    struct access_token token; /* of a service account */
    enum token_state state;
};

/* It has waited for an answer that did not come, and must not ask now. */
static void bar(const struct exchange *exchange, struct attempt_request *request)
{
    const struct health_view *bar = sharing_bar(exchange);
    if (bar == NULL)
        return;
    bool paused = bar->obstacle == HEALTH_PAUSED;
    request->why_not = "not asked: an identical call has failed, and no more go there now";
    request->outcome = paused ? ATTEMPT_OVERLOADED : ATTEMPT_UNREACHABLE;
    request->retry_after_ms = paused ? bar->until_ms - health_now_ms() : -1;
}

/* Whoever is not asked has no span. */
static void trace_request(struct exchange *exchange, struct candidate *candidate,
                          struct attempt_request *request, struct trace_lines *lines)
{
    if (request->given != NULL || request->why_not != NULL)
        return;
    request->span = trace_attempt_begin(exchange, candidate);
    request->trace = trace_attempt_lines(exchange, candidate, request->span, lines);
}

/* The translators are moved in. */
static void start(struct exchange *exchange, struct candidate *candidate, const struct means *means)
{
    bool by_token = candidate->terms.account != NULL;
    const struct exchange *asker = hedge_asker(exchange);
    size_t closing_bytes = 0;
    const struct upstream_tail *tail = form_intake_tail(exchange, &closing_bytes);
    struct attempt_request request = {
        .loop = exchange->env->loop,
        .upstream = exchange->env->upstream,
        .asks = &exchange->asks,
        .head = asker->request != NULL ? &asker->request->head : asker->kept_head,
        .exchange_id = exchange->id.text,
        .fresh = exchange->again,
        .created_ms = exchange->created_ms,
        .stored = exchange->shadow == NULL && kept_turns_are_wanted(exchange),
        .continues_response = kept_turns_response(exchange),
        .continues_conversation = kept_turns_conversation(exchange),
        .output_tokens_max = exchange->budget.output_tokens_max,
        .output_tokens_most = longest_answer(exchange),
        .searches_max = searches_max(exchange, candidate),
        .never_reasons = exchange->never_reasons,
        .key = by_token ? means->token.header : NULL,
        .why_not = by_token && means->state != TOKEN_READY ? means->token.why : NULL,
        .outcome = means->state == TOKEN_REFUSED ? ATTEMPT_DENIED : ATTEMPT_UNREACHABLE,
        .tail = tail,
        .closing_bytes = closing_bytes,
        .record = sharing_record(exchange),
        .given = sharing_answer(exchange),
        .translator = means->translator,
        .mapper = means->mapper};
    struct trace_lines lines;
    bar(exchange, &request);
    if (exchange->env->traces != NULL)
        trace_request(exchange, candidate, &request, &lines);
    call_times_ask(&exchange->times, clock_mono_us());
    attempt_start(&exchange->attempt, candidate, &request, &events, exchange);
}

/* Makes what stands between the client's dialect and what goes out. Both are zeroed where nothing
 * does. */
static bool make_translators(const struct exchange *exchange, const struct candidate *candidate,
                             struct means *out, struct fault *fault)
{
    const struct exchange_task *task = &exchange->task;
    const struct model_request *asks = &exchange->asks;
    if (!candidate_takes(candidate, asks) &&
        !task->translate(task->task, asks->dialect, candidate_dialect(candidate, asks),
                         &out->translator, fault))
        return false;
    if (candidate->terms.map_path[0] == '\0' ||
        task->map(task->task, candidate->terms.provider, &out->mapper, fault))
        return true;
    if (out->translator.free != NULL)
        out->translator.free(out->translator.arg);
    return false;
}

/* Returns whether the token, or what has become of it, is known. */
static bool find_token(struct exchange *exchange, const struct candidate *candidate,
                       struct means *out)
{
    struct service_account *account = candidate->terms.account;
    if (account == NULL)
        return true;
    out->state = access_tokens_get(exchange->env->tokens, account, &out->token);
    if (out->state == TOKEN_COMING &&
        clock_mono_us() - exchange->starting_us > INT64_C(1000) * TOKEN_WAIT_MS) {
        out->state = TOKEN_UNREACHABLE;
        snprintf(out->token.why, sizeof out->token.why, "no access token came in time");
    }
    return out->state != TOKEN_COMING;
}

static void start_with(struct exchange *exchange, struct candidate *candidate, struct means *means)
{
    struct fault fault;
    exchange->starting = NULL;
    if (make_translators(exchange, candidate, means, &fault))
        start(exchange, candidate, means);
    else
        exchange_task_failed(exchange, "internal_error", fault.message);
    if (candidate->terms.account != NULL)
        secret_wipe(&means->token, sizeof means->token);
    candidate_unref(candidate);
}

/* Starts the attempt that waits until the task does not run any more, for a translation runs on its
 * VM, and until an access token has come. */
static void start_waiting(void *arg)
{
    struct exchange *exchange = arg;
    struct candidate *candidate = exchange->starting;
    struct means means; /* its token is large, and seldom needed */
    if (candidate == NULL)
        return;
    if (exchange->task.task == NULL || exchange->state != EXCHANGE_SENT) {
        exchange->starting = NULL;
        candidate_unref(candidate); /* it has ended meanwhile */
        return;
    }
    means.translator = means.mapper = (struct translator){.arg = NULL};
    means.state = TOKEN_READY;
    if (find_token(exchange, candidate, &means))
        start_with(exchange, candidate, &means);
    else
        call_times_ask(&exchange->times, exchange->starting_us);
}

void exchange_start_tick(struct exchange *exchange)
{
    if (exchange->starting != NULL)
        start_waiting(exchange);
}

/* Makes the exchange ready for the next attempt. */
static void prepare(struct exchange *exchange, const struct candidate *candidate)
{
    event_room_leave(exchange);
    stream_reset(&exchange->stream, &exchange->rates.output);
    exchange->stream.meter.echo_bytes = exchange->asks.echoed_bytes;
    exchange->budget.terms = &candidate->terms;
    exchange->budget.output_tokens_covered = 0; /* by other prices */
    exchange_price_budget(exchange);
}

/* An attempt that waits has no candidate: its outcome would be of the one before. */
static void start_none(struct exchange *exchange)
{
    attempt_fini(&exchange->attempt);
    exchange->attempt.outcome = ATTEMPT_NONE;
}

bool exchange_attempt(struct exchange *exchange, struct candidate *candidate,
                      const struct attempt_wishes *wishes)
{
    static const struct means none = {.state = TOKEN_READY};
    bool held = exchange->hold_open && !exchange->settlement_pending && !exchange->void_wanted;
    if (!held || exchange->state >= EXCHANGE_ANSWERED)
        return refuse_unheld(exchange, "an attempt without an open hold");
    if (departure_is_abandoned(exchange) || !form_intake_can_begin(exchange)) {
        exchange_refuse_attempt(exchange);
        return false;
    }
    exchange_enter(exchange, EXCHANGE_SENT);
    exchange->attempts++;
    if (exchange->hedge == NULL) /* else the original counts */
        exchange->number = exchange->attempts;
    exchange->repeats = wishes->repeats;
    exchange->shares = wishes->shares;
    exchange->again = false;
    hedging_attempt_begins(exchange, candidate);
    prepare(exchange, candidate);
    if (sharing_waits(exchange, candidate)) {
        call_times_ask(&exchange->times, clock_mono_us());
        start_none(exchange);
        return true;
    }
    if (candidate_takes(candidate, &exchange->asks) && candidate->terms.map_path[0] == '\0' &&
        candidate->terms.account == NULL) {
        start(exchange, candidate, &none);
        return true;
    }
    start_none(exchange);
    exchange_start_later(exchange, candidate);
    return true;
}

bool exchange_relay(struct exchange *exchange)
{
    bool answered = exchange->attempt.outcome == ATTEMPT_ANSWERED && !exchange->stream.started;
    if (!exchange->hold_open || !answered)
        return refuse_unheld(exchange, "a relay without an open hold or an answer");
    relay_start(exchange);
    return true;
}
