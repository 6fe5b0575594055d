/* No provider is asked, and nothing relayed, for what no money is held for, whatever Lua does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exchange/exchange_internal.h"

static struct exchange_env env;
static struct exchange exchange;
static struct candidate candidate = {.terms = {.provider = "p", .model = "m"}, .references = 1};

static int setup(void **state)
{
    (void)state;
    memset(&exchange, 0, sizeof exchange);
    exchange.env = &env;
    exchange.state = EXCHANGE_AUTHENTICATED;
    stream_init(&exchange.stream);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stream_fini(&exchange.stream);
    buffer_fini(&exchange.reply_headers);
    return 0;
}

static void assert_nothing_was_asked(void)
{
    assert_int_equal(exchange.attempts, 0);
    assert_null(exchange.attempt.candidate);
    assert_int_equal(candidate.references, 1);
}

static void no_attempt_without_a_hold(void **state)
{
    (void)state;
    assert_false(
        exchange_attempt(&exchange, &candidate, &(struct attempt_wishes){.repeats = false}));
    assert_nothing_was_asked();
}

static void no_attempt_after_the_hold_has_ended(void **state)
{
    (void)state;
    exchange.hold_open = exchange.settlement_pending = true;
    exchange.state = EXCHANGE_SETTLING;
    assert_false(
        exchange_attempt(&exchange, &candidate, &(struct attempt_wishes){.repeats = false}));
    assert_nothing_was_asked();
}

static void no_relay_without_a_hold_or_an_answer(void **state)
{
    (void)state;
    exchange.attempt.outcome = ATTEMPT_ANSWERED;
    assert_false(exchange_relay(&exchange));
    exchange.attempt.outcome = ATTEMPT_BROKEN;
    exchange.hold_open = true;
    exchange.settlement_pending = true; /* so that its end asks no ledger */
    assert_false(exchange_relay(&exchange));
    assert_false(exchange.stream.started);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_attempt_without_a_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(no_attempt_after_the_hold_has_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(no_relay_without_a_hold_or_an_answer, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
