/* The result of an exchange of our own is told until the store has it: no cost is forgotten because
 * a disk fails for long. */
#include <stdlib.h>

#include "base/clock.h"
#include "exchange/exchange_internal.h"
#include "exchange/own_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct exchange_env env;
static struct exchange *exchange;
static struct store_call call;

static int setup(void **state)
{
    (void)state;
    env = (struct exchange_env){.stopping = false};
    exchange = calloc(1, sizeof *exchange);
    assert_non_null(exchange);
    exchange->env = &env;
    call = (struct store_call){.ok = false};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(exchange);
    return 0;
}

static void fails(const char *code)
{
    (void)fault_set(&call.fault, code, "no");
}

static void it_does_not_give_up(void **state)
{
    (void)state;
    struct own_call_tries tries = {.count = 0};
    fails("unavailable");
    for (int i = 0; i < 100000; i++)
        assert_true(own_call_try_again(exchange, i % 2 != 0 ? &call : NULL, &tries));
    assert_true(tries.due_us > clock_mono_us() + 500 * 1000); /* it does not hurry then */
}

static void the_first_tries_are_quick(void **state)
{
    (void)state;
    struct own_call_tries tries = {.count = 0};
    fails("unavailable");
    assert_true(own_call_try_again(exchange, &call, &tries));
    assert_true(tries.due_us <= clock_mono_us() + 100 * 1000);
}

static void what_the_store_refuses_is_not_told_again(void **state)
{
    (void)state;
    struct own_call_tries tries = {.count = 0};
    fails("not_found");
    assert_false(own_call_try_again(exchange, &call, &tries));
    fails("conflict");
    assert_false(own_call_try_again(exchange, &call, &tries));
}

static void a_stop_waits_for_none(void **state)
{
    (void)state;
    struct own_call_tries tries = {.count = 0};
    fails("unavailable");
    env.stopping = true;
    assert_false(own_call_try_again(exchange, &call, &tries));
    assert_false(own_call_try_again(exchange, NULL, &tries));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_does_not_give_up, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_tries_are_quick, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_store_refuses_is_not_told_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stop_waits_for_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
