#include "exchange/test_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "dialect/dialect_form.h"
#include "exchange/call_metrics.h"
#include "exchange/candidate.h"
#include "exchange/choice.h"
#include "exchange/exchange_internal.h"
#include "exchange/limit_wait.h"
#include "exchange/live_metrics.h"
#include "exchange/own_call.h"
#include "exchange/spend_cap.h"

enum { UNKNOWN_COST = -1 };

#define NOT_ASKED "not_asked"

enum test_call_step { TEST_CALL_BEGINS, TEST_CALL_ASKS, TEST_CALL_ENDS };

/* What its result says, until the store has it. */
struct test_call_result {
    char outcome[24];
    char words[LIMIT_ATTEMPT_WORDS_BYTES + 1]; /* the provider's own, or what happened */
    int64_t cost_nusd; /* UNKNOWN_COST: the provider may have billed it unseen */
    int64_t total_us;
};

struct test_call {
    struct own_call own;         /* first: jobs are cast back */
    struct candidate *candidate; /* a reference */
    enum test_call_step step;
    struct test_call_result result;
};

/* ---- making one ---- */

static void end(struct exchange *exchange);
static void log_loss(const struct exchange *exchange, const char *why);

struct exchange *test_call_new(struct exchange_env *env, const struct test_call_terms *terms)
{
    struct test_call *test = calloc(1, sizeof *test);
    check(test != NULL);
    struct exchange *exchange = exchange_new_detached(env);
    test->own = (struct own_call){.exchange = exchange, .end = end, .log_loss = log_loss};
    test->candidate = candidate_ref(terms->candidate);
    exchange->test_call = test;
    env->test_call_count++;
    slice_copy(terms->id, exchange->id.text, sizeof exchange->id.text);
    buffer_init(&exchange->body, terms->body.bytes);
    check(buffer_append_slice(&exchange->body, terms->body));
    exchange_speak(exchange, terms->dialect);
    exchange_mean(exchange, terms->model);
    return exchange;
}

void test_call_fini(struct exchange *exchange)
{
    struct test_call *test = exchange->test_call;
    if (test == NULL)
        return;
    exchange->env->test_call_count--;
    candidate_unref(test->candidate);
    store_call_fini(&test->own.call);
    free(test);
    exchange->test_call = NULL;
}

bool test_call_is_busy(const struct exchange *exchange)
{
    return exchange->test_call != NULL && exchange->test_call->own.pending;
}

/* ---- the end ---- */

static void end(struct exchange *exchange)
{
    exchange_enter(exchange, EXCHANGE_ENDED);
    exchange->ended_us = clock_mono_us();
    spend_cap_release(exchange);
    exchange_release_health(exchange);
    exchange_release_task(exchange);
    exchange_free_if_over(exchange);
}

/* The store cannot be told. */
static void log_loss(const struct exchange *exchange, const char *why)
{
    const struct test_call *test = exchange->test_call;
    log_event(LOG_ERROR, "the result of a test call could not be written",
              log_text("request_id", exchange->id.text),
              log_text("provider", test->candidate->terms.provider),
              log_int("cost_nusd", test->result.cost_nusd), log_text("reason", why));
}

static void tell_result(struct exchange *exchange)
{
    struct test_call *test = exchange->test_call;
    const struct usage_record *record = &exchange->settlement.record;
    const struct test_call_result *result = &test->result;
    const struct store_value args[] = {bind_text(exchange->id.text),
                                       bind_text(result->outcome),
                                       bind_text(result->words),
                                       bind_text(usage_source_name(record->source)),
                                       bind_text(exchange->stream.meter.finish_reason),
                                       bind_int(exchange->attempt.status),
                                       bind_int(unit_counts_fresh(&record->counts)),
                                       bind_int(unit_counts_cached(&record->counts)),
                                       bind_int(unit_counts_answer(&record->counts)),
                                       bind_int(result->cost_nusd),
                                       bind_int(result->total_us)};
    own_call_tell(&test->own, "provider.test_end", args, sizeof args / sizeof args[0]);
}

static void write_log(const struct exchange *exchange)
{
    const struct test_call *test = exchange->test_call;
    const struct test_call_result *result = &test->result;
    log_event_later(
        LOG_INFO, "test call", log_text("request_id", exchange->id.text),
        log_text("model", exchange->asks.model),
        log_text("provider", test->candidate->terms.provider), log_text("outcome", result->outcome),
        log_int("status", exchange->attempt.status), log_int("cost_nusd", result->cost_nusd),
        log_int("duration_us", result->total_us), log_text("detail", result->words));
}

/* Nothing more comes of the provider. `words`: in place of the provider's own; or NULL. */
static void finish(struct exchange *exchange, const char *outcome, const char *words,
                   int64_t cost_nusd)
{
    struct test_call *test = exchange->test_call;
    struct test_call_result *result = &test->result;
    exchange->hold_open = false;
    test->step = TEST_CALL_ENDS;
    snprintf(result->outcome, sizeof result->outcome, "%s", outcome);
    if (words != NULL)
        snprintf(result->words, sizeof result->words, "%s", words);
    else if (exchange->attempt.outcome != ATTEMPT_ANSWERED)
        attempt_log_words(&exchange->attempt, result->words);
    result->cost_nusd = cost_nusd;
    result->total_us = clock_mono_us() - exchange->started_us;
    spend_cap_settle(exchange, cost_nusd > 0 ? cost_nusd : 0);
    call_metrics_count_own(live_metrics_call_shard(exchange->env->shard), CALL_TEST, cost_nusd);
    exchange_release_health(exchange);
    if (exchange->state < EXCHANGE_SETTLING)
        exchange_enter(exchange, EXCHANGE_SETTLING);
    write_log(exchange);
    tell_result(exchange);
}

void test_call_settle(struct exchange *exchange)
{
    bool cut = exchange->cut || exchange->stream.failed || exchange->stream.out_of_budget;
    bool by_provider = exchange_was_cut_by_provider(exchange);
    exchange_count_cost(exchange, cut);
    exchange_tell_answer_end(exchange, by_provider);
    finish(exchange, by_provider ? "cut" : attempt_outcome_name(ATTEMPT_ANSWERED),
           by_provider ? stream_failure(&exchange->stream)->message : NULL,
           exchange->settlement.record.cost_nusd);
}

/* What the provider bills for an attempt without a good answer. */
static int64_t cost_of_failure(const struct attempt *attempt)
{
    return attempt_class(attempt) == ATTEMPT_PERHAPS ? UNKNOWN_COST : 0;
}

void test_call_fail(struct exchange *exchange, const char *why)
{
    struct test_call *test = exchange->test_call;
    struct attempt *attempt = &exchange->attempt;
    if (test->step == TEST_CALL_ENDS)
        return; /* its job is away; it ends when that is back */
    bool asked = test->step == TEST_CALL_ASKS &&
                 (attempt->outcome == ATTEMPT_ANSWERED || attempt_is_asked(attempt) ||
                  cost_of_failure(attempt) != 0);
    attempt_cancel(attempt);
    finish(exchange, test->step == TEST_CALL_ASKS ? why : NOT_ASKED, why, asked ? UNKNOWN_COST : 0);
}

/* ---- what it does ---- */

/* Reads the request, and what its answer may cost at most. Returns false if it has ended. */
static bool plan(struct exchange *exchange, const struct cost_ceiling *need)
{
    static const struct request_address in_body = {.streamed = false};
    struct hold_plan plan;
    if (!exchange_read_request(exchange, &in_body, false) ||
        !exchange_plan_hold(exchange, need, &plan))
        return false;
    (void)exchange_amount_to_hold(exchange, &plan, INT64_MAX);
    exchange->budget.chunked = false; /* all of a stream, too: no wallet would give more */
    return true;
}

/* Why it is not sent; NULL: it may be. */
static const char *find_obstacle(struct exchange *exchange)
{
    const struct candidate *candidate = exchange->test_call->candidate;
    int64_t worst_nusd;
    if (exchange->env->stopping)
        return "the gateway stops";
    if (exchange->env->test_call_count > LIMIT_TEST_CALLS)
        return "as many test calls run as may";
    if (!own_call_worst_nusd(exchange, candidate, &worst_nusd) || worst_nusd > LIMIT_TEST_CALL_NUSD)
        return "a call of this model may cost more than $0.10";
    exchange->hold.amount_nusd = worst_nusd;
    if (spend_cap_reserve(exchange, candidate) != HEALTH_CLEAR)
        return "the provider's spend_per_day is reached";
    return NULL;
}

static void pass(struct exchange *exchange)
{
    struct health *health = exchange->env->health;
    const struct health_names *names = &exchange->test_call->candidate->health;
    int64_t tokens = limit_wait_tokens(exchange);
    if (!health_enter(health, names, tokens, health_now_ms(), &exchange->pass))
        health_force(health, names, tokens, &exchange->pass);
}

void test_call_begin(struct exchange *exchange, const struct cost_ceiling *need)
{
    static const struct attempt_wishes none = {.repeats = false};
    struct test_call *test = exchange->test_call;
    exchange_enter(exchange, EXCHANGE_AUTHENTICATED);
    if (!plan(exchange, need))
        return;
    const char *obstacle = find_obstacle(exchange);
    if (obstacle != NULL) {
        finish(exchange, NOT_ASKED, obstacle, 0);
        return;
    }
    exchange_enter(exchange, EXCHANGE_HELD);
    exchange->started_us = clock_mono_us();
    test->step = TEST_CALL_ASKS;
    exchange->hold_open = true;
    pass(exchange);
    (void)exchange_attempt(exchange, test->candidate, &none);
}

void test_call_woken(struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    if (exchange->test_call->step != TEST_CALL_ASKS || exchange->stream.started ||
        attempt->outcome == ATTEMPT_NONE)
        return;
    if (attempt->outcome == ATTEMPT_ANSWERED)
        (void)exchange_relay(exchange);
    else
        finish(exchange, attempt_outcome_name(attempt->outcome), NULL, cost_of_failure(attempt));
}

void test_call_tick(struct exchange *exchange, int64_t now_us)
{
    struct test_call *test = exchange->test_call;
    if (test == NULL || test->own.pending || exchange->state == EXCHANGE_ENDED)
        return;
    if (test->step == TEST_CALL_ENDS) {
        if (now_us >= test->own.tries.due_us)
            tell_result(exchange);
    } else if (now_us - exchange->started_us > INT64_C(1000) * LIMIT_TEST_CALL_MS) {
        test_call_fail(exchange, "timeout");
    }
}

void test_call_stop_all(struct exchange_env *env)
{
    struct exchange *next;
    for (struct exchange *exchange = env->live; exchange != NULL; exchange = next) {
        next = exchange->next;
        if (exchange->test_call != NULL && exchange->state != EXCHANGE_ENDED)
            test_call_fail(exchange, "stopped");
    }
}
