/* The command line writes while the server runs: the server notices, and neither loses what the
 * other wrote. */
#include "store/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "store/store_internal.h"

static struct fixture f;
static struct store *other; /* the command line's */

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    other = fixture_open(f.path, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_close(other);
    fixture_fini(&f);
    return 0;
}

/* Waits until the server knows: 100 ms, and more on a busy machine. */
static bool becomes_available(const struct customer *customer, int64_t nusd)
{
    for (int i = 0; i < 250; i++) {
        if (ledger_available_nusd(f.store, &customer->account_id, &customer->key_id, NULL, 0) ==
            nusd)
            return true;
        job_queue_wait(&f.reply_queue, 20); /* nothing comes: a sleep */
    }
    return false;
}

static void await_tables(void)
{
    struct fault fault;
    assert_true(store_await_tables(f.path, &fault));
}

static bool becomes_posted(const struct customer *customer, int64_t nusd)
{
    struct wallet_state wallet;
    for (int i = 0; i < 5000; i++) {
        assert_true(wallet_peek(&f.store->wallets, &customer->account_id, &wallet));
        if (wallet.posted_nusd == nusd)
            return true;
        job_queue_wait(&f.reply_queue, 1); /* nothing comes: a sleep */
    }
    return false;
}

static sqlite3 *begin_foreign(void)
{
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(f.path, &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 5000);
    assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return handle;
}

static void end_foreign(sqlite3 *handle, const char *sql)
{
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void credit_by_another_process(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 5, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, 5);
    assert_true(fixture_take(f.store, &hold));
    assert_non_null(fixture_ask(other, NULL, "credit.create", "titt", ann.user_id.text, 3 * USD,
                                "manual", "by hand"));
    assert_true(becomes_available(&ann, 3 * USD)); /* without the hold */
    fixture_settlement(&settlement, &hold, 4, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     3 * USD + 1);
    await_tables();
    assert_non_null(strstr(fixture_ask(other, NULL, "balance.get", "t", ann.account_id.text),
                           "\"balance\":\"3.000000001\",\"held\":\"0.000000000\""));
    fixture_verify(f.path, NULL);
}

static void user_and_key_of_another_process(void **state)
{
    struct customer ann;
    struct key_facts facts;
    (void)state;
    fixture_customer(other, NULL, "ann@example.com", USD, USD / 2, &ann);
    assert_true(becomes_available(&ann, USD / 2));
    assert_true(directory_find_key(f.store, &ann.digest, &facts));
    assert_string_equal(facts.account_id.text, ann.account_id.text);
    assert_int_equal(facts.budget_nusd, USD / 2);
    assert_non_null(
        fixture_ask(other, NULL, "key.delete", "tt", ann.user_id.text, ann.key_id.text));
    assert_true(becomes_available(&ann, 0));
    assert_false(directory_find_key(f.store, &ann.digest, &facts));
}

/* Held by the command line for a while: the tables wait for the lock, and nobody else does. */
static void the_other_holds_the_lock(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    sqlite3 *handle;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    handle = begin_foreign();
    fixture_hold(&hold, &f.reply_queue, &ann, 5);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 4, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    end_foreign(handle, "ROLLBACK");
    assert_int_equal(fixture_number(f.path, "SELECT posted_nusd FROM balances WHERE floor_zero"),
                     USD - 4);
}

/* What nothing of ours does: a customer's money is taken away beside the server. */
static void take_away(sqlite3 *handle, const struct customer *customer, int nusd)
{
    const char *id = customer->account_id.text;
    char sql[1024];
    snprintf(sql, sizeof sql,
             "INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind,"
             " created_ms) VALUES ('tx_%s', '%s', 'funding:manual', %d, 'correction', 0);"
             "UPDATE balances SET debited_nusd = debited_nusd + %d WHERE account_id = '%s';"
             "UPDATE balances SET credited_nusd = credited_nusd + %d"
             " WHERE account_id = 'funding:manual';"
             "INSERT INTO changes (kind, id) VALUES ('account', '%s'); COMMIT",
             id, id, nusd, nusd, id, nusd, id);
    end_foreign(handle, sql);
}

/* Taken while it is promised: the tables refuse a charge that is above what is left, and no balance
 * is below zero. */
static void money_taken_by_another_process(void **state)
{
    struct customer ann;
    struct ledger_hold hold, small;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, 6);
    fixture_hold(&small, &f.reply_queue, &ann, 2);
    assert_true(fixture_take(f.store, &hold));
    assert_true(fixture_take(f.store, &small));
    take_away(begin_foreign(), &ann, 9);
    assert_true(becomes_posted(&ann, 1));
    fixture_settlement(&settlement, &hold, 6, 0, 0);
    assert_false(fixture_settle(f.store, &settlement));
    fixture_settlement(&settlement, &small, 1, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    assert_true(becomes_posted(&ann, 0));
    fixture_verify(f.path,
                   "open holds of 0.000000006 are more than its balance"); /* the audit says */
}

/* Taken after the charge was durable, before the tables had it: they do not take it any more. It is
 * logged, all else is written, and memory follows the tables. */
static void money_taken_behind_a_charge(void **state)
{
    struct customer ann, bob;
    struct ledger_hold hold, of_bob;
    struct ledger_settlement settlement;
    sqlite3 *handle;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", 10, -1, &bob);
    fixture_hold(&hold, &f.reply_queue, &ann, 8);
    fixture_hold(&of_bob, &f.reply_queue, &bob, 8);
    assert_true(fixture_take(f.store, &hold));
    assert_true(fixture_take(f.store, &of_bob));
    await_tables();
    handle = begin_foreign();
    fixture_settlement(&settlement, &hold, 8, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    fixture_settlement(&settlement, &of_bob, 8, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    take_away(handle, &ann, 9);
    assert_true(becomes_posted(&ann, 1));
    assert_true(becomes_posted(&bob, 2));
    await_tables();
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM usage"), 1);
    fixture_verify(f.path, NULL);
}

/* Both write all the time: every credit of either arrives. */
static atomic_bool stop;

static void *credit_by_others(void *arg)
{
    const struct customer *ann = arg;
    struct store_value args[4] = {{.type = STORE_TEXT, .text = slice_of(ann->user_id.text)},
                                  {.type = STORE_INT, .number = 1},
                                  {.type = STORE_TEXT, .text = slice_of("manual")},
                                  {.type = STORE_TEXT, .text = slice_of("again")}};
    for (int i = 0; i < 200; i++) {
        struct store_call call;
        struct fault fault;
        assert_true(store_call_init(&call, "credit.create", args, 4, &fault));
        store_call_now(other, &call);
        assert_true(call.ok);
        store_call_fini(&call);
    }
    atomic_store(&stop, true);
    return NULL;
}

static void both_at_once(void **state)
{
    struct customer ann;
    struct ledger_settlement settlement;
    struct ledger_hold hold;
    pthread_t thread;
    int64_t charged = 0;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&thread, NULL, credit_by_others, &ann), 0);
    while (!atomic_load(&stop)) {
        fixture_hold(&hold, &f.reply_queue, &ann, 5);
        assert_true(fixture_take(f.store, &hold));
        fixture_settlement(&settlement, &hold, 3, 0, 1);
        assert_true(fixture_settle(f.store, &settlement));
        charged += 3;
    }
    pthread_join(thread, NULL);
    assert_true(becomes_available(&ann, USD + 200 - charged));
    fixture_verify(f.path, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(credit_by_another_process, setup, teardown),
        cmocka_unit_test_setup_teardown(user_and_key_of_another_process, setup, teardown),
        cmocka_unit_test_setup_teardown(the_other_holds_the_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(money_taken_by_another_process, setup, teardown),
        cmocka_unit_test_setup_teardown(money_taken_behind_a_charge, setup, teardown),
        cmocka_unit_test_setup_teardown(both_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
