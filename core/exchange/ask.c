#include "exchange/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/secret.h"
#include "dialect/renamed.h"
#include "exchange/access_tokens.h"
#include "exchange/attempt_refusal.h"
#include "exchange/exchange_internal.h"
#include "exchange/processor_call.h"
#include "exchange/provider_headers.h"
#include "exchange/rate_limits.h"
#include "exchange/trace.h"

enum {
    ADDRESS_BYTES = CANDIDATE_BASE_URL_BYTES + CANDIDATE_PATH_BYTES + CANDIDATE_QUERY_BYTES +
                    2 * CANDIDATE_MODEL_BYTES * 3 + LIMIT_ASK_PATH_BYTES
};

struct ask {
    struct exchange *exchange;
    /* The call, its answer, and how that is judged: an attempt that was never started. */
    struct attempt attempt;
    bool whole;    /* the answer, whatever its status */
    bool unspoken; /* the provider does not speak the dialect */
    bool starting; /* its body is being translated */
    struct deferred starter;
    const char *method;
    char path[LIMIT_ASK_PATH_BYTES + 1];
    char content_type[64];
    int64_t until_us;
    int64_t wait_ms;
};

/* ---- paths ---- */

static bool is_path_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("-._~:/", c) != NULL);
}

/* A segment that is empty, "." or ".." would change the path. */
static bool begins_segment(char c)
{
    return c != '\0' && c != '?' && c != '/' && c != '.';
}

bool ask_allows(const char *path)
{
    static const char model[] = "/{model}";
    const char *at = path;
    if (path[0] != '/' || strlen(path) > LIMIT_ASK_PATH_BYTES)
        return false;
    while (*at != '\0' && *at != '?') {
        bool marked = strncmp(at, model, sizeof model - 1) == 0;
        if (!marked && (!is_path_char(*at) || (*at == '/' && !begins_segment(at[1]))))
            return false;
        at += marked ? sizeof model - 1 : 1;
    }
    for (; *at != '\0'; at++) {
        if (*at <= ' ' || *at >= 0x7f || *at == '#')
            return false;
    }
    return true;
}

/* ---- the end ---- */

static void log_failure(const struct ask *ask)
{
    const struct attempt *attempt = &ask->attempt;
    bool ours = attempt->outcome == ATTEMPT_DENIED;
    log_event(ours ? LOG_ERROR : LOG_INFO, ours ? "a provider refuses our account" : "ask failed",
              LOG_CALL(ask->exchange), log_text("provider", attempt_provider(attempt)),
              log_text("model", attempt->candidate->terms.model),
              log_text("outcome", attempt_outcome_name(attempt->outcome)),
              log_int("status", attempt->status), log_text("detail", attempt->detail),
              log_text(attempt->explained ? "said" : NULL, attempt_refusal(attempt)->message));
}

static void end(struct ask *ask, enum attempt_outcome outcome, const char *detail)
{
    struct attempt *attempt = &ask->attempt;
    attempt_cancel(attempt);
    attempt->outcome = outcome;
    snprintf(attempt->detail, sizeof attempt->detail, "%s", detail);
    if (outcome != ATTEMPT_ANSWERED && !ask->unspoken)
        log_failure(ask);
    exchange_wake(ask->exchange);
}

static bool read_answer(const struct ask *ask, struct json_value *root)
{
    struct fault fault;
    return json_parse(buffer_slice(&ask->attempt.body), LIMIT_JSON_DEPTH, root, &fault) &&
           root->type == JSON_OBJECT;
}

static void replace(struct ask *ask, struct buffer body)
{
    buffer_fini(&ask->attempt.body);
    ask->attempt.body = body;
}

/* Takes the operator's prices out of the answer, and names the model as it is sold. */
static void tidy(struct ask *ask)
{
    const struct candidate *candidate = ask->attempt.candidate;
    struct json_value root;
    struct buffer tidied;
    if (read_answer(ask, &root) &&
        stated_cost_hide(candidate->terms.cost, buffer_slice(&ask->attempt.body), &root, &root,
                         &tidied))
        replace(ask, tidied);
    if (read_answer(ask, &root) &&
        renamed_text(candidate->answers_as, buffer_slice(&ask->attempt.body), &root, &tidied))
        replace(ask, tidied);
}

/* A 404 in the provider's words is about what the client named: the path is ours, and right. */
static enum attempt_outcome judge(struct ask *ask)
{
    struct attempt *attempt = &ask->attempt;
    const struct slice body = buffer_slice(&attempt->body);
    enum attempt_outcome outcome =
        attempt_classify(attempt, ask->exchange->asks.model, attempt->status, body);
    bool named = attempt->status == 404 && attempt->explained;
    return outcome == ATTEMPT_UNKNOWN && named ? ATTEMPT_REFUSED : outcome;
}

/* Nothing else passes: in what we cannot read, such as an event stream or a proxy's page, prices
 * and addresses of the operator's might stand. */
static void end_well(struct ask *ask)
{
    struct json_value root;
    ask->whole = ask->attempt.body.bytes == 0 || read_answer(ask, &root);
    if (!ask->whole) {
        end(ask, ATTEMPT_GARBLED, "the answer is no JSON object");
        return;
    }
    tidy(ask);
    end(ask, ATTEMPT_ANSWERED, "");
}

static void on_end(enum upstream_end how, const char *detail, void *arg)
{
    struct ask *ask = arg;
    ask->attempt.call = NULL;
    ask->whole = how == UPSTREAM_COMPLETE;
    if (how == UPSTREAM_UNREACHABLE)
        end(ask, ATTEMPT_UNREACHABLE, detail);
    else if (how == UPSTREAM_TIMED_OUT)
        end(ask, ATTEMPT_TIMED_OUT, detail);
    else if (how == UPSTREAM_BROKEN)
        end(ask, ATTEMPT_BROKEN, detail);
    else if (ask->attempt.status >= 300 || ask->attempt.status < 200) {
        end(ask, judge(ask), "the provider answered with an error");
    } else {
        end_well(ask);
    }
}

static void on_head(const struct upstream_head *head, void *arg)
{
    struct ask *ask = arg;
    ask->attempt.status = head->status;
    ask->attempt.retry_after_ms = head->retry_after_ms;
    slice_copy(head->content_type, ask->content_type, sizeof ask->content_type);
}

static void on_data(struct slice data, void *arg)
{
    struct ask *ask = arg;
    if (ask->attempt.call != NULL && !buffer_append_slice(&ask->attempt.body, data))
        end(ask, ATTEMPT_GARBLED, "the answer is larger than 16 MB");
}

void exchange_ask_tick(struct exchange *exchange, int64_t now_us)
{
    struct ask *ask = exchange->ask;
    char why[96];
    processor_call_tick(exchange);
    if (ask == NULL || ask->attempt.call == NULL || now_us < ask->until_us)
        return;
    ask->attempt.late = true;
    snprintf(why, sizeof why, "The model's provider did not answer within %lld ms.",
             (long long)ask->wait_ms);
    end(ask, ATTEMPT_TIMED_OUT, why);
}

/* ---- the beginning ---- */

static bool write_body(struct ask *ask, enum ask_body body)
{
    const struct model_request *asks = &ask->exchange->asks;
    struct request_copy *copy = &ask->attempt.copy;
    const struct request_changes changes = {.model = ask->attempt.candidate->terms.model,
                                            .max_tokens_field = ""};
    if (body == ASK_WITHOUT_BODY)
        return true;
    if (body == ASK_BODY_RENAMED)
        return dialect_form(asks->dialect)->apply(asks, &changes, copy);
    copy->parts[0] = buffer_slice(&ask->exchange->body);
    copy->part_count = 1;
    return true;
}

static void start(struct ask *ask)
{
    static const struct upstream_events events = {on_head, on_data, on_end, NULL};
    struct exchange *exchange = ask->exchange;
    struct attempt *attempt = &ask->attempt;
    const struct candidate_terms *terms = &attempt->candidate->terms;
    const struct http_head *head = exchange->request != NULL ? &exchange->request->head : NULL;
    struct upstream_events own = events;
    struct provider_headers headers;
    struct buffer url;
    struct fault fault = {.message = "there is no memory for the request"};
    struct access_token token = {.header = ""};
    if (terms->account != NULL &&
        access_tokens_get(exchange->env->tokens, terms->account, &token) != TOKEN_READY) {
        end(ask, ATTEMPT_UNREACHABLE, "the service account has no access token yet");
        return;
    }
    own.arg = ask;
    buffer_init(&url, ADDRESS_BYTES);
    candidate_address(attempt->candidate, attempt->dialect, ask->path, &url);
    provider_headers_fill(attempt->candidate, terms->account != NULL ? token.header : NULL,
                          attempt->dialect, &exchange->asks, head, NULL, &headers);
    const struct upstream_request request = {
        .url = url.data,
        .method = ask->method,
        .headers = headers.lines,
        .header_count = headers.count,
        .body = attempt->copy.parts,
        .body_parts = attempt->copy.part_count,
        .connect_timeout_ms =
            terms->connect_timeout_ms < ask->wait_ms ? terms->connect_timeout_ms : ask->wait_ms,
        .ca_file = terms->ca_file[0] != '\0' ? terms->ca_file : NULL,
    };
    if (!url.failed)
        attempt->call = upstream_start(exchange->env->upstream, &request, &own, &fault);
    provider_headers_fini(&headers);
    secret_wipe(&token, sizeof token);
    buffer_fini(&url);
    if (attempt->call == NULL)
        end(ask, ATTEMPT_UNREACHABLE, fault.message);
}

/* Makes the body in the provider's dialect. */
static bool translate(struct ask *ask)
{
    const struct exchange *exchange = ask->exchange;
    const struct exchange_task *task = &exchange->task;
    const struct candidate_terms *terms = &ask->attempt.candidate->terms;
    const struct translator_wish wish = {.model = terms->model,
                                         .model_public = exchange->asks.model,
                                         .max_tokens_field = "",
                                         .never_reasons = exchange->never_reasons,
                                         .counts = true,
                                         .on_cloud = terms->account != NULL,
                                         .exchange_id = exchange->id.text,
                                         .created_ms = exchange->created_ms};
    struct request_copy *copy = &ask->attempt.copy;
    struct buffer *out = &ask->attempt.translated;
    struct translator translator;
    struct request_fault fault;
    struct fault why;
    if (!task->translate(task->task, exchange->asks.dialect, ask->attempt.dialect, &translator,
                         &why))
        return false;
    bool done = translator.request(translator.arg, exchange->asks.text, &wish, out, &fault);
    translator.free(translator.arg);
    copy->parts[0] = buffer_slice(out);
    copy->part_count = 1;
    return done;
}

/* The translation runs on the task's VM, where nothing else runs now. */
static void start_translated(void *arg)
{
    struct ask *ask = arg;
    ask->starting = false;
    if (ask->exchange->task.task == NULL)
        return; /* it has ended meanwhile */
    if (translate(ask))
        start(ask);
    else
        end(ask, ATTEMPT_FAILED, "the request cannot be translated");
}

static void start_later(struct ask *ask)
{
    ask->starting = true;
    ask->starter = (struct deferred){.call = start_translated, .arg = ask};
    loop_defer(ask->exchange->env->loop, &ask->starter);
}

static struct ask *make(struct exchange *exchange, struct candidate *candidate,
                        const struct ask_question *question)
{
    struct ask *ask = calloc(1, sizeof *ask);
    check(ask != NULL);
    ask->exchange = exchange;
    ask->method = question->method;
    snprintf(ask->path, sizeof ask->path, "%s", question->path);
    ask->wait_ms = question->wait_ms;
    ask->attempt.candidate = candidate_ref(candidate);
    ask->attempt.asks = &exchange->asks;
    ask->attempt.dialect = question->dialect;
    ask->attempt.retry_after_ms = -1;
    ask->attempt.started_us = clock_mono_us();
    ask->until_us = ask->attempt.started_us + ask->wait_ms * 1000;
    buffer_init(&ask->attempt.body, LIMIT_ASKED_BYTES);
    buffer_init(&ask->attempt.translated, LIMIT_UPSTREAM_BODY_BYTES);
    return ask;
}

void exchange_ask(struct exchange *exchange, struct candidate *candidate,
                  const struct ask_question *question)
{
    check(!exchange_is_asking(exchange) && ask_allows(question->path));
    check(question->wait_ms > 0 && question->wait_ms <= LIMIT_ASK_MS);
    bool translated = question->body == ASK_BODY_TRANSLATED;
    check(translated || question->dialect == exchange->asks.dialect);
    exchange_ask_fini(exchange);
    struct ask *ask = exchange->ask = make(exchange, candidate, question);
    ask->unspoken = candidate->urls[question->dialect] == NULL;
    if (ask->unspoken)
        end(ask, ATTEMPT_UNKNOWN, "the provider does not speak the dialect");
    else if (translated)
        start_later(ask);
    else if (!write_body(ask, question->body))
        end(ask, ATTEMPT_FAILED, "there is no memory for the request");
    else
        start(ask);
}

bool exchange_may_ask(struct exchange *exchange)
{
    return rate_limits_take_ask(exchange);
}

/* ---- what came of it ---- */

bool exchange_has_asked(const struct exchange *exchange)
{
    return exchange->ask != NULL;
}

int exchange_asked_status(const struct exchange *exchange)
{
    return exchange->ask->whole ? exchange->ask->attempt.status : 0;
}

const char *exchange_asked_failure(const struct exchange *exchange)
{
    return exchange->ask->unspoken ? "dialect"
                                   : attempt_outcome_cause(exchange->ask->attempt.outcome);
}

bool exchange_asked_answer(const struct exchange *exchange, struct json_value *root)
{
    return exchange->ask != NULL && read_answer(exchange->ask, root);
}

bool exchange_asked_number(const struct exchange *exchange, const char *name, int64_t *out)
{
    struct json_value root;
    struct json_value number;
    return exchange_asked_answer(exchange, &root) && json_find(&root, name, &number) == 1 &&
           number.type == JSON_NUMBER && json_int64(&number, out) && *out >= 0;
}

void exchange_reply_asked(struct exchange *exchange)
{
    const struct ask *ask = exchange->ask;
    const char *type = ask->content_type[0] != '\0' ? ask->content_type : NULL;
    if (ask->attempt.outcome != ATTEMPT_ANSWERED)
        exchange_refuse_by(exchange, &ask->attempt);
    else
        exchange_reply(exchange, ask->attempt.status, type, buffer_slice(&ask->attempt.body));
}

bool exchange_is_asking(const struct exchange *exchange)
{
    const struct ask *ask = exchange->ask;
    return (ask != NULL && (ask->starting || ask->attempt.call != NULL)) ||
           processor_call_is_busy(exchange);
}

void exchange_ask_cancel(struct exchange *exchange)
{
    struct ask *ask = exchange->ask;
    processor_call_cancel(exchange);
    if (ask == NULL)
        return;
    if (ask->starting)
        loop_cancel(exchange->env->loop, &ask->starter);
    ask->starting = false;
    attempt_cancel(&ask->attempt);
}

void exchange_ask_fini(struct exchange *exchange)
{
    processor_call_fini(exchange);
    if (exchange->ask == NULL)
        return;
    exchange_ask_cancel(exchange);
    attempt_fini(&exchange->ask->attempt);
    free(exchange->ask);
    exchange->ask = NULL;
}
