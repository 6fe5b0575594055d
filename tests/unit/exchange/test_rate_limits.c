/* What an exchange counts against the limits of its policy, for whom, and what is left of it when
 * the exchange has ended. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exchange/exchange_internal.h"
#include "exchange/rate_limits.h"

enum { RULES = 5 };

#define WINDOW_MS (INT64_C(1) << 42) /* no test meets its edge */

static struct limiter *limiter;

static struct limit_rules *make_rules(void)
{
    static const struct limit_rule list[RULES] = {
        {.kind = LIMIT_CONCURRENCY, .scope = LIMIT_PER_KEY, .limit = 5, .window_ms = 0},
        {.kind = LIMIT_REQUESTS, .scope = LIMIT_PER_KEY, .limit = 10, .window_ms = WINDOW_MS},
        {.kind = LIMIT_REQUESTS, .scope = LIMIT_FOR_ALL, .limit = 100, .window_ms = WINDOW_MS},
        {.kind = LIMIT_TOKENS, .scope = LIMIT_PER_USER, .limit = 1000, .window_ms = WINDOW_MS},
        {.kind = LIMIT_TOKENS, .scope = LIMIT_PER_GROUP, .limit = 500, .window_ms = WINDOW_MS},
    };
    struct limit_rules *rules = malloc(sizeof *rules + sizeof list);
    assert_non_null(rules);
    rules->count = RULES;
    memcpy(rules->list, list, sizeof list);
    for (size_t i = 0; i < RULES; i++) {
        char name[32];
        snprintf(name, sizeof name, "rule/%zu", i);
        limit_rule_name(&rules->list[i], name);
    }
    return rules;
}

static void begin(struct exchange_env *env, struct exchange *exchange, const char *key,
                  const char *user)
{
    *env = (struct exchange_env){.limiter = limiter};
    memset(exchange, 0, sizeof *exchange);
    exchange->env = env;
    exchange->created_ms = clock_wall_ms();
    exchange->key = (struct caller){.group = "trial"};
    snprintf(exchange->key.key_id.text, sizeof exchange->key.key_id.text, "%s", key);
    snprintf(exchange->key.user_id.text, sizeof exchange->key.user_id.text, "%s", user);
    exchange->charge_limits.context_tokens = 1000000;
    exchange->asks.prompt.text_bytes = 400; /* 100 tokens by the estimate */
}

/* What one more request would leave, as the reply's headers say. */
static int64_t left(struct limit_rules *rules, const char *key, const char *user,
                    enum limit_kind kind)
{
    struct exchange_env env;
    struct exchange exchange;
    begin(&env, &exchange, key, user);
    assert_true(rate_limits_acquire(&exchange, rules, false, NULL));
    assert_int_equal(exchange.limit_count, RULES);
    int64_t remaining = exchange.rate[kind].remaining;
    free(exchange.limits); /* it stays counted */
    return remaining;
}

static void counts_apart_for_each_customer(void **state)
{
    (void)state;
    struct limit_rules *rules = make_rules();
    limiter = limiter_new(1000);
    assert_int_equal(left(rules, "k1", "u1", LIMIT_REQUESTS), 9);
    assert_int_equal(left(rules, "k1", "u1", LIMIT_REQUESTS), 8);
    assert_int_equal(left(rules, "k2", "u1", LIMIT_REQUESTS), 9);
    assert_int_equal(left(rules, "k2", "u2", LIMIT_TOKENS), 100); /* the group's fifth hundred */
    /* What is named like a customer is not counted as one: each scope has its own. */
    assert_int_equal(left(rules, "u1", "k1", LIMIT_REQUESTS), 9);
    free(rules);
    limiter_free(limiter);
}

static void an_end_corrects_and_leaves(void **state)
{
    (void)state;
    struct limit_rules *rules = make_rules();
    struct exchange_env env;
    struct exchange exchange;
    struct limit_state now;
    limiter = limiter_new(1000);
    begin(&env, &exchange, "k1", "u1");
    assert_true(rate_limits_acquire(&exchange, rules, false, NULL));
    struct counted_limit counted[RULES];
    memcpy(counted, exchange.limits, sizeof counted);
    assert_false(limiter_enter_at(limiter, &counted[0].place, 1, &now));
    exchange.settlement.record.counts =
        (struct unit_counts){.input = 20, .cached_input = 3, .output = 7};
    rate_limits_release(&exchange);
    assert_null(exchange.limits);
    assert_int_equal(exchange.limit_count, 0);
    assert_true(limiter_enter_at(limiter, &counted[0].place, 1, &now));
    limiter_peek_at(limiter, &counted[1].place, 0, 10, WINDOW_MS, clock_wall_ms(), &now);
    assert_int_equal(now.remaining, 9); /* a request stays one */
    limiter_peek_at(limiter, &counted[3].place, 0, 1000, WINDOW_MS, clock_wall_ms(), &now);
    assert_int_equal(now.remaining, 970);
    limiter_peek_at(limiter, &counted[4].place, 0, 500, WINDOW_MS, clock_wall_ms(), &now);
    assert_int_equal(now.remaining, 470);
    free(rules);
    limiter_free(limiter);
}

static void a_retry_counts_as_a_request_only(void **state)
{
    (void)state;
    struct limit_rules *rules = make_rules();
    struct exchange_env env;
    struct exchange exchange;
    limiter = limiter_new(1000);
    begin(&env, &exchange, "k1", "u1");
    assert_true(rate_limits_acquire(&exchange, rules, true, NULL));
    assert_int_equal(exchange.limit_count, 2);
    assert_int_equal(exchange.limits[0].kind, LIMIT_REQUESTS);
    assert_int_equal(exchange.limits[1].kind, LIMIT_REQUESTS);
    assert_int_equal(exchange.rate[LIMIT_REQUESTS].remaining, 9);
    assert_int_equal(exchange.rate[LIMIT_TOKENS].limit, 0);
    rate_limits_release(&exchange);
    assert_int_equal(left(rules, "k1", "u1", LIMIT_REQUESTS), 8);
    free(rules);
    limiter_free(limiter);
}

static void no_limits_count_nothing(void **state)
{
    (void)state;
    const struct limit_rules none = {0};
    struct exchange_env env;
    struct exchange exchange;
    limiter = limiter_new(1000);
    begin(&env, &exchange, "k1", "u1");
    assert_true(rate_limits_acquire(&exchange, &none, false, NULL));
    assert_null(exchange.limits);
    rate_limits_release(&exchange);
    limiter_free(limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_apart_for_each_customer),
        cmocka_unit_test(an_end_corrects_and_leaves),
        cmocka_unit_test(a_retry_counts_as_a_request_only),
        cmocka_unit_test(no_limits_count_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
