/* Erasing a customer: what is refused, what stays right in the books, what stays erased. */
#include "store/fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static struct fixture f;
static struct customer ann, bob;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    clock_advance_ms(1);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", 20 * USD, -1, &bob);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_verify(f.path, NULL);
    fixture_fini(&f);
    return 0;
}

static int64_t count(const char *sql)
{
    sqlite3 *handle = fixture_raw(f.path);
    int64_t number = fixture_raw_number(handle, sql);
    sqlite3_close(handle);
    return number;
}

static void refused(void **state)
{
    (void)state;
    fixture_assert_fails(ASK("user.erase", "ti", "user_0", INT64_C(1)), "not_found");
    fixture_assert_fails(ASK("user.erase", "ti", ann.user_id.text, INT64_C(0)), "balance_left");
    assert_non_null(ASK("debit.create", "tit", ann.user_id.text, 11 * USD, "a correction"));
    fixture_assert_fails(ASK("user.erase", "ti", ann.user_id.text, INT64_C(1)), "debt_open");
    assert_non_null(ASK("user.erase", "ti", bob.user_id.text, INT64_C(1)));
    fixture_assert_fails(ASK("user.erase", "ti", bob.user_id.text, INT64_C(1)), "already_erased");
}

static void nobody_else_is(void **state)
{
    (void)state;
    assert_non_null(ASK("user.erase", "ti", ann.user_id.text, INT64_C(1)));
    fixture_assert_fails(ASK("user.credentials", "tnn", "ann@example.com"), "not_found");
    fixture_assert_has(ASK("user.get", "t", ann.user_id.text), "@invalid\"");
    fixture_assert_has(ASK("key.list", "t", ann.user_id.text), "\"data\":[]");
    fixture_assert_has(ASK("user.get", "t", bob.user_id.text), "bob@example.com");
    fixture_assert_has(ASK("balance.get", "t", ann.account_id.text), "\"balance\":\"0.000000000\"");
    fixture_assert_has(ASK("balance.get", "t", bob.account_id.text),
                       "\"balance\":\"20.000000000\"");
    assert_non_null(ASK("user.create", "tntt", "ann@example.com", "hash", "user"));
}

/* What the accounts of this name, with the customer's behind it, have; waits until it is wanted. */
static void await_balance(const char *prefix, int64_t wanted_nusd)
{
    char sql[256];
    int64_t until_us = clock_mono_us() + INT64_C(5000000);
    snprintf(sql, sizeof sql,
             "SELECT coalesce(sum(posted_nusd), 0) FROM balances WHERE account_id = '%s%s'", prefix,
             ann.account_id.text);
    while (count(sql) != wanted_nusd && clock_mono_us() < until_us)
        usleep(1000);
    assert_int_equal(count(sql), wanted_nusd);
}

/* A call that runs on is charged from what it holds, and leaves no answer; what it frees is
 * collected, and what it has cost is no debt. */
static void running_call(void **state)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    struct keeping keeping;
    (void)state;
    fixture_hold(&hold, &f.reply_queue, &ann, 3 * USD);
    assert_true(fixture_take(f.store, &hold));
    assert_non_null(ASK("user.erase", "ti", ann.user_id.text, INT64_C(1)));
    fixture_settlement(&settlement, &hold, 2 * USD, 0, USD);
    fixture_keep(&keeping, &settlement, "order-1", slice_of("a secret answer"));
    assert_true(fixture_settle(f.store, &settlement));
    assert_non_null(ASK("user.get", "t", ann.user_id.text));
    assert_int_equal(count("SELECT count(*) FROM usage"), 1);
    assert_int_equal(count("SELECT count(*) FROM kept_answers"), 0);
    await_balance("", 0);
    await_balance("debt:", 0);
    await_balance("forfeited:", 8 * USD);
}

static void stays_erased(void **state)
{
    (void)state;
    assert_non_null(ASK("user.erase", "ti", ann.user_id.text, INT64_C(1)));
    fixture_assert_fails(ASK("user.password", "ttnnn", ann.user_id.text, "hash"), "conflict");
    fixture_assert_fails(ASK("customer.update", "tninn", ann.user_id.text, INT64_C(0)), "conflict");
    assert_int_equal(count("SELECT disabled FROM users WHERE erased_ms IS NOT NULL"), 1);
}

static void sql(const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, text, ann.account_id.text, ann.account_id.text);
    fixture_sql(f.path, whole);
}

/* The books would not find by themselves that a customer was taken from twice, or for nothing. */
static void what_was_not_forfeited_is_found(void **state)
{
    (void)state;
    assert_non_null(ASK("user.erase", "ti", ann.user_id.text, INT64_C(1)));
    fixture_verify(f.path, NULL);
    sql("UPDATE balances SET debited_nusd = debited_nusd + 11000000000"
        " WHERE account_id = 'forfeited:%s'");
    fixture_verify(f.path, "1.000000000 was given back that was not forfeited");
    sql("UPDATE balances SET debited_nusd = 0 WHERE account_id = 'forfeited:%s'");
    sql("INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind, created_ms)"
        " VALUES ('tx_x', 'forfeited:%s', 'revenue', 1, 'correction', 1)");
    fixture_verify(f.path, "a correction from forfeited:");
}

static void nobody_forfeits_who_is_not_erased(void **state)
{
    (void)state;
    assert_non_null(ASK("user.erase", "ti", ann.user_id.text, INT64_C(1)));
    fixture_sql(f.path, "DROP TRIGGER users_stay_erased");
    fixture_sql(f.path, "UPDATE users SET erased_ms = NULL");
    fixture_verify(f.path, "10.000000000 was forfeited, but its customer is not erased");
    fixture_sql(f.path, "UPDATE users SET erased_ms = 1 WHERE disabled = 1");
}

static int forget(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_is, setup, teardown),
        cmocka_unit_test_setup_teardown(running_call, setup, teardown),
        cmocka_unit_test_setup_teardown(stays_erased, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_not_forfeited_is_found, setup, forget),
        cmocka_unit_test_setup_teardown(nobody_forfeits_who_is_not_erased, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
