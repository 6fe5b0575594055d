/* When a token is used, renewed, asked for again and forgotten. */
#include "exchange/access_tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"

/* The table needs of an account only who it is. */
static struct service_account *account_of(const char *id)
{
    struct service_account *account = calloc(1, sizeof *account);
    assert_non_null(account);
    account->references = 1;
    snprintf(account->id, sizeof account->id, "%s", id);
    return account;
}

static struct access_tokens *tokens;
static struct service_account *account;
static struct access_token token;

static int set_up(void **state)
{
    (void)state;
    tokens = access_tokens_new();
    account = account_of("one");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    access_tokens_free(tokens);
    service_account_unref(account);
    return 0;
}

static enum token_state look(void)
{
    return access_tokens_get(tokens, account, &token);
}

/* Whether a token is asked for now; the question is then under way. */
static bool is_due(void)
{
    struct service_account *due = access_tokens_next(tokens);
    bool found = due != NULL;
    service_account_unref(due);
    return found;
}

static void put(const char *text, int64_t lasts_s)
{
    access_tokens_put(tokens, account, slice_of(text), lasts_s);
}

static void test_one_question(void **state)
{
    (void)state;
    assert_false(is_due());
    assert_int_equal(look(), TOKEN_COMING);
    assert_true(is_due());
    assert_false(is_due()); /* it is under way */
    assert_int_equal(look(), TOKEN_COMING);
    put("t1", 3600);
    assert_int_equal(look(), TOKEN_READY);
    assert_string_equal(token.header, "Authorization: Bearer t1");
    assert_false(is_due());
}

static void test_renewal(void **state)
{
    (void)state;
    access_tokens_want(tokens, account);
    assert_true(is_due());
    put("t1", 3600);
    clock_advance_ms(3299 * 1000);
    assert_false(is_due());
    clock_advance_ms(2 * 1000);
    assert_true(is_due());
    assert_int_equal(look(), TOKEN_READY); /* the old one is good for five minutes */
    assert_string_equal(token.header, "Authorization: Bearer t1");
    put("second", 3600);
    assert_int_equal(look(), TOKEN_READY);
    assert_string_equal(token.header, "Authorization: Bearer second");
    assert_false(is_due());
}

static void test_renewal_that_fails(void **state)
{
    (void)state;
    access_tokens_want(tokens, account);
    assert_true(is_due());
    put("t1", 3600);
    clock_advance_ms(3301 * 1000);
    assert_true(is_due());
    access_tokens_fail(tokens, account, TOKEN_UNREACHABLE, "down");
    assert_int_equal(look(), TOKEN_READY);
    clock_advance_ms(290 * 1000);
    assert_int_equal(look(), TOKEN_UNREACHABLE); /* ten seconds before its end */
    assert_string_equal(token.why, "down");
    assert_string_equal(token.header, "");
}

static void test_waits_grow(void **state)
{
    static const int64_t waits_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    (void)state;
    access_tokens_want(tokens, account);
    for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
        assert_true(is_due());
        assert_int_equal(access_tokens_fail(tokens, account, TOKEN_REFUSED, "no"), waits_ms[i]);
        assert_int_equal(look(), TOKEN_REFUSED);
        clock_advance_ms(waits_ms[i] - 100);
        assert_false(is_due());
        clock_advance_ms(200);
    }
    assert_true(is_due());
    assert_true(access_tokens_put(tokens, account, slice_of("t"), 60));
    assert_int_equal(look(), TOKEN_READY);
}

static void test_short_lives(void **state)
{
    (void)state;
    access_tokens_want(tokens, account);
    assert_true(is_due());
    put("t1", 10);
    clock_advance_ms(4900);
    assert_false(is_due());
    clock_advance_ms(200);
    assert_true(is_due());
    clock_advance_ms(3700);
    assert_int_equal(look(), TOKEN_READY);
    clock_advance_ms(300);
    assert_int_equal(look(), TOKEN_COMING); /* it has not failed: calls wait for it */
}

/* A new token that is refused is no reason to fetch one after the other. */
static void test_distrust(void **state)
{
    (void)state;
    access_tokens_want(tokens, account);
    assert_true(is_due());
    put("t1", 3600);
    access_tokens_distrust(tokens, account);
    assert_false(is_due());
    assert_int_equal(look(), TOKEN_READY);
    clock_advance_ms(31 * 1000);
    access_tokens_distrust(tokens, account);
    access_tokens_distrust(tokens, account);
    assert_int_equal(look(), TOKEN_COMING);
    assert_true(is_due());
    assert_false(is_due());
}

/* The same file, read by another VM, is the same account; the policy that nobody has any more takes
 * its account with it. */
static void test_reloads(void **state)
{
    (void)state;
    access_tokens_want(tokens, account);
    assert_true(is_due());
    put("t1", 3600);
    struct service_account *again = account_of("one");
    assert_int_equal(access_tokens_get(tokens, again, &token), TOKEN_READY);
    service_account_unref(account);
    account = again;
    assert_false(is_due());
    assert_int_equal(look(), TOKEN_READY);
    service_account_unref(account);
    account = account_of("one");
    assert_false(is_due()); /* forgets it */
    assert_int_equal(look(), TOKEN_COMING);
}

static void test_bounds(void **state)
{
    struct service_account *others[LIMIT_SERVICE_ACCOUNTS];
    (void)state;
    for (size_t i = 0; i < LIMIT_SERVICE_ACCOUNTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "other %zu", i);
        others[i] = account_of(id);
        access_tokens_want(tokens, others[i]);
    }
    assert_int_equal(look(), TOKEN_UNREACHABLE);
    assert_string_equal(token.why, "there are more than 64 service accounts");
    service_account_unref(others[7]);
    assert_true(is_due());
    assert_int_equal(look(), TOKEN_COMING);
    for (size_t i = 0; i < LIMIT_SERVICE_ACCOUNTS; i++)
        service_account_unref(i == 7 ? NULL : others[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_question), TEST(test_renewal),     TEST(test_renewal_that_fails),
        TEST(test_waits_grow),   TEST(test_short_lives), TEST(test_distrust),
        TEST(test_reloads),      TEST(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
