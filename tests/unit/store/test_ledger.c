/* Holds and settlements: what is accepted, what is charged, what is left after a restart, and all
 * of it by many threads at once. */
#include "store/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "store/engine/db.h"

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static void assert_balance(const struct customer *customer, const char *balance, const char *held)
{
    const char *json =
        fixture_ask(f.store, &f.reply_queue, "balance.get", "t", customer->account_id.text);
    assert_string_equal(fixture_member(json, "balance"), balance);
    assert_string_equal(fixture_member(json, "held"), held);
}

static void hold_then_settle(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, 3 * USD);
    assert_true(fixture_take(f.store, &hold));
    assert_balance(&ann, "10.000000000", "3.000000000");
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     7 * USD);
    fixture_settlement(&settlement, &hold, 540001, 0, 450000);
    assert_true(fixture_settle(f.store, &settlement));
    assert_balance(&ann, "9.999459999", "0.000000000");
    assert_int_equal(fixture_number(f.path, "SELECT posted_nusd FROM balances"
                                            " WHERE account_id = 'revenue'"),
                     540001 - 450000);
    assert_int_equal(fixture_number(f.path, "SELECT posted_nusd FROM balances"
                                            " WHERE account_id = 'cost:openai'"),
                     450000);
    fixture_verify(f.path, NULL);
}

static void voided_hold_costs_nothing(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 0, 0, 0);
    settlement.voided = true;
    settlement.record.status = 502;
    assert_true(fixture_settle(f.store, &settlement));
    assert_balance(&ann, "1.000000000", "0.000000000");
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM resolutions"
                                            " WHERE outcome = 'void'"),
                     1);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM transfers WHERE id IS NULL"), 0);
    fixture_verify(f.path, NULL);
}

static void hold_of_nothing_is_a_hold(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, 0);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 0, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    fixture_verify(f.path, NULL);
}

static void insufficient_says_how_much_there_is(void **state)
{
    struct customer ann;
    struct ledger_hold first, second;
    struct hold_refusal refusal;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 5 * USD, -1, &ann);
    fixture_hold(&first, &f.reply_queue, &ann, 4 * USD);
    assert_true(fixture_take(f.store, &first));
    fixture_hold(&second, &f.reply_queue, &ann, USD + 1);
    assert_int_equal(ledger_hold(f.store, &second, &refusal), HOLD_INSUFFICIENT);
    assert_int_equal(refusal.available_nusd, USD);
    second.amount_nusd = INT64_MAX;
    assert_int_equal(ledger_hold(f.store, &second, &refusal), HOLD_INSUFFICIENT);
    second.amount_nusd = USD; /* to the last nano-dollar */
    assert_true(fixture_take(f.store, &second));
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0), 0);
    fixture_settlement(&settlement, &first, 4 * USD, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    fixture_settlement(&settlement, &second, USD, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    assert_balance(&ann, "0.000000000", "0.000000000");
    fixture_verify(f.path, NULL);
}

static void overrun_is_the_houses(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, USD, 77, USD / 2);
    assert_true(fixture_settle(f.store, &settlement));
    assert_balance(&ann, "0.000000000", "0.000000000");
    assert_int_equal(fixture_number(f.path, "SELECT posted_nusd FROM balances"
                                            " WHERE account_id = 'overrun'"),
                     -77);
    fixture_verify(f.path, NULL);
}

static void budget_of_a_key(void **state)
{
    struct customer ann;
    struct ledger_hold hold, more;
    struct hold_refusal refusal;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 100 * USD, 3 * USD, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, 2 * USD);
    assert_true(fixture_take(f.store, &hold));
    fixture_hold(&more, &f.reply_queue, &ann, USD + 1);
    assert_int_equal(ledger_hold(f.store, &more, &refusal), HOLD_BUDGET);
    assert_int_equal(refusal.available_nusd, USD);
    assert_int_equal(refusal.budget_nusd, 3 * USD);
    assert_int_equal(refusal.spent_nusd, 0);
    fixture_settlement(&settlement, &hold, USD, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     2 * USD);
    fixture_reopen(&f); /* and the same after a restart */
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     2 * USD);
    more.amount_nusd = 2 * USD + 1;
    assert_int_equal(ledger_hold(f.store, &more, &refusal), HOLD_BUDGET);
    assert_int_equal(refusal.spent_nusd, USD);
    more.amount_nusd = 2 * USD;
    assert_true(fixture_take(f.store, &more));
    fixture_settlement(&settlement, &more, 0, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    fixture_verify(f.path, NULL);
}

static void unknown_account_or_key(void **state)
{
    struct customer ann, bob, mixed;
    struct ledger_hold hold;
    struct hold_refusal refusal;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", USD, -1, &bob);
    mixed = ann;
    mixed.key_id = bob.key_id; /* a key spends from its own account only */
    fixture_hold(&hold, &f.reply_queue, &mixed, 1);
    assert_int_equal(ledger_hold(f.store, &hold, &refusal), HOLD_UNKNOWN);
    assert_int_equal(ledger_available_nusd(f.store, &mixed.account_id, &mixed.key_id, NULL, 0), 0);
    mixed = ann;
    id_make(&mixed.account_id, "acct");
    fixture_hold(&hold, &f.reply_queue, &mixed, 1);
    assert_int_equal(ledger_hold(f.store, &hold, &refusal), HOLD_UNKNOWN);
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "key.delete", "tt", ann.user_id.text,
                                ann.key_id.text));
    fixture_hold(&hold, &f.reply_queue, &ann, 1);
    assert_int_equal(ledger_hold(f.store, &hold, &refusal), HOLD_UNKNOWN);
    assert_balance(&ann, "1.000000000", "0.000000000");
}

/* A key that is deleted while its answer streams: the answer is paid for as any other. */
static void key_deleted_under_way(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, USD, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, 500);
    assert_true(fixture_take(f.store, &hold));
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "key.delete", "tt", ann.user_id.text,
                                ann.key_id.text));
    fixture_settlement(&settlement, &hold, 400, 0, 300);
    assert_true(fixture_settle(f.store, &settlement));
    assert_balance(&ann, "0.999999600", "0.000000000");
    fixture_verify(f.path, NULL);
}

static void a_hold_ends_once(void **state)
{
    struct customer ann;
    struct ledger_hold hold, again;
    struct ledger_settlement settlement, twice;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    assert_true(fixture_take(f.store, &hold));
    again = hold; /* the same exchange again: refused by the table, and freed */
    assert_false(fixture_take(f.store, &again));
    assert_balance(&ann, "10.000000000", "1.000000000");
    fixture_settlement(&settlement, &hold, 600, 0, 500);
    fixture_settlement(&twice, &hold, 600, 0, 500);
    ledger_settle(f.store, &settlement); /* both in one batch, or not */
    ledger_settle(f.store, &twice);
    fixture_wait(&f.reply_queue, 2);
    assert_true(settlement.durable);
    assert_false(twice.durable);
    twice.voided = true;
    twice.record.charge_nusd = 0;
    assert_false(fixture_settle(f.store, &twice));
    assert_balance(&ann, "9.999999400", "0.000000000");
    assert_true(store_writable(f.store));
    fixture_verify(f.path, NULL);
}

static void a_settlement_of_another_amount_or_account(void **state)
{
    struct customer ann, bob;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", 10 * USD, -1, &bob);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 600, 0, 500);
    settlement.held_nusd = 2 * USD;
    assert_false(fixture_settle(f.store, &settlement));
    settlement.held_nusd = USD;
    settlement.record.account_id = bob.account_id;
    assert_false(fixture_settle(f.store, &settlement));
    settlement.record.account_id = ann.account_id;
    assert_true(fixture_settle(f.store, &settlement));
    assert_balance(&bob, "10.000000000", "0.000000000");
    fixture_verify(f.path, NULL);
}

/* What a crash leaves: a copy of the files while a hold is open. */
static void open_holds_are_void_after_a_crash(void **state)
{
    struct customer ann;
    struct ledger_hold hold, late;
    struct ledger_settlement settlement;
    char command[512], copy[128];
    struct store *after;
    struct job_queue reply_queue;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, 5 * USD, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    assert_true(fixture_take(f.store, &hold));
    fixture_hold(&late, &f.reply_queue, &ann, USD);
    late.expires_ms = clock_wall_ms() + 1;
    assert_true(fixture_take(f.store, &late));
    snprintf(copy, sizeof copy, "%s/crashed.db", f.folder);
    snprintf(command, sizeof command,
             "cp '%s' '%s' && cp '%s-wal' '%s-wal' && cp '%s-tail' '%s-tail'", f.path, copy, f.path,
             copy, f.path, copy);
    assert_int_equal(system(command), 0);
    clock_advance_ms(10);
    after = fixture_open(copy, true);
    assert_int_equal(fixture_number(copy, "SELECT count(*) FROM open_holds"), 0);
    assert_int_equal(fixture_number(copy, "SELECT count(*) FROM resolutions"
                                          " WHERE outcome = 'void' AND usage_seq IS NULL"),
                     1);
    assert_int_equal(fixture_number(copy, "SELECT count(*) FROM resolutions"
                                          " WHERE outcome = 'expire'"),
                     1);
    assert_int_equal(ledger_available_nusd(after, &ann.account_id, &ann.key_id, NULL, 0), 5 * USD);
    assert_true(job_queue_init(&reply_queue, 10));
    hold.job.reply_queue = &reply_queue;
    fixture_settlement(&settlement, &hold, 600, 0, 500); /* too late */
    assert_false(fixture_settle(after, &settlement));
    store_close(after);
    job_queue_fini(&reply_queue);
    fixture_verify(copy, NULL);
    hold.job.reply_queue = &f.reply_queue;
    fixture_settlement(&settlement, &hold, 0, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
}

static void a_hold_expires(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct store_totals totals;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    hold.expires_ms = clock_wall_ms() + 60 * 1000;
    assert_true(fixture_take(f.store, &hold));
    clock_advance_ms(61 * 1000);
    for (int i = 0; i < 200; i++) {
        store_totals(f.store, &totals);
        if (totals.open_holds == 0)
            break;
        job_queue_wait(&f.reply_queue, 20); /* nothing comes: a sleep */
    }
    assert_int_equal(totals.open_holds, 0);
    assert_balance(&ann, "10.000000000", "0.000000000");
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM resolutions"
                                            " WHERE outcome = 'expire'"),
                     1);
    fixture_verify(f.path, NULL);
}

/* Its transaction fails once (another process writes for longer than we wait): it expires later. */
static void a_hold_expires_in_the_end(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct store_totals totals;
    sqlite3 *handle;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    hold.expires_ms = clock_wall_ms() + 60 * 1000;
    assert_true(fixture_take(f.store, &hold));
    handle = fixture_raw(f.path);
    assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    clock_advance_ms(61 * 1000);
    job_queue_wait(&f.reply_queue, DB_BUSY_MS + 3000); /* nothing comes: a try has failed */
    sqlite3_close(handle);
    for (int i = 0; i < 500; i++) {
        store_totals(f.store, &totals);
        if (totals.open_holds == 0)
            break;
        job_queue_wait(&f.reply_queue, 20);
    }
    assert_int_equal(totals.open_holds, 0);
    fixture_verify(f.path, NULL);
}

/* Rows of history are refused by the database itself, whoever asks. */
static void history_cannot_be_changed(void **state)
{
    static const char *const statements[] = {
        "UPDATE transfers SET amount_nusd = 1",
        "DELETE FROM transfers",
        "UPDATE holds SET amount_nusd = 1",
        "DELETE FROM holds",
        "UPDATE resolutions SET posted_nusd = 0",
        "DELETE FROM resolutions",
        "UPDATE usage SET charge_nusd = 0",
        "DELETE FROM usage",
        "UPDATE balances SET debited_nusd = credited_nusd + 1 WHERE floor_zero = 1",
        "INSERT INTO resolutions SELECT exchange_id, outcome, held_nusd, posted_nusd, usage_seq,"
        " created_ms FROM resolutions"};
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    sqlite3 *handle;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 600, 0, 500);
    assert_true(fixture_settle(f.store, &settlement));
    handle = fixture_raw(f.path);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        int rc = sqlite3_exec(handle, statements[i], NULL, NULL, NULL);
        if (rc != SQLITE_CONSTRAINT)
            fail_msg("%s gives %d", statements[i], rc);
    }
    sqlite3_close(handle);
    fixture_verify(f.path, NULL);
}

static void one_server_only(void **state)
{
    struct store_options options = {.path = f.path,
                                    .serve = true,
                                    .migrations = migration_assets,
                                    .migration_count = migration_asset_count};
    struct fault fault;
    (void)state;
    assert_null(store_open(&options, &fault));
    assert_string_equal(fault.code, "database_in_use");
}

/* ---- many threads ---- */

enum { THREADS = 8, ROUNDS = 400, CUSTOMERS = 3, WINDOW = 8 };

struct slot {
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    struct thread_pool *pool;
    int64_t charge_nusd;
};

struct thread_pool {
    pthread_t thread;
    struct job_queue reply_queue;
    struct slot slots[WINDOW];
    const struct customer *customers;
    uint64_t seed;
    int64_t charged_nusd[CUSTOMERS];
    size_t started;
    size_t ended;
    size_t refused;
};

static uint64_t next_random(struct thread_pool *pool)
{
    pool->seed = pool->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return pool->seed >> 33;
}

static void start_slot(struct thread_pool *pool, struct slot *slot);

static void slot_settled(struct job *job)
{
    struct ledger_settlement *settlement = (struct ledger_settlement *)job;
    struct slot *slot = (struct slot *)((char *)settlement - offsetof(struct slot, settlement));
    assert_true(settlement->durable);
    for (size_t i = 0; i < CUSTOMERS; i++) {
        if (strcmp(slot->pool->customers[i].account_id.text, slot->hold.account_id.text) == 0)
            slot->pool->charged_nusd[i] += settlement->record.charge_nusd;
    }
    slot->pool->ended++;
    start_slot(slot->pool, slot);
}

static void slot_held(struct job *job)
{
    struct slot *slot = (struct slot *)job;
    int64_t charge_nusd = (int64_t)(next_random(slot->pool) % 1000);
    assert_true(slot->hold.durable);
    if (charge_nusd > slot->hold.amount_nusd)
        charge_nusd = slot->hold.amount_nusd;
    fixture_settlement(&slot->settlement, &slot->hold, charge_nusd, 0, charge_nusd / 2);
    slot->settlement.job.done = slot_settled;
    ledger_settle(f.store, &slot->settlement);
}

static void start_slot(struct thread_pool *pool, struct slot *slot)
{
    struct hold_refusal refusal;
    while (pool->started < ROUNDS) {
        const struct customer *customer = &pool->customers[next_random(pool) % CUSTOMERS];
        enum hold_outcome outcome;
        pool->started++;
        fixture_hold(&slot->hold, &pool->reply_queue, customer,
                     (int64_t)(next_random(pool) % 2000));
        slot->hold.job.done = slot_held;
        outcome = ledger_hold(f.store, &slot->hold, &refusal);
        if (outcome == HOLD_ACCEPTED)
            return;
        assert_int_equal(outcome, HOLD_INSUFFICIENT);
        pool->refused++;
    }
}

static void *thread_pool_main(void *arg)
{
    struct thread_pool *pool = arg;
    for (size_t i = 0; i < WINDOW; i++) {
        pool->slots[i].pool = pool;
        start_slot(pool, &pool->slots[i]);
    }
    while (pool->ended + pool->refused < ROUNDS) {
        job_queue_wait(&pool->reply_queue, -1);
        job_queue_finish(&pool->reply_queue);
    }
    return NULL;
}

/* The second customer is poor: most of its holds are refused, and its balance must still never be
 * below zero. */
static void many_threads(void **state)
{
    static struct thread_pool pools[THREADS];
    struct customer customers[CUSTOMERS];
    const int64_t credit_nusd[CUSTOMERS] = {USD, 200000, USD / 3};
    char email[32], expected[32];
    (void)state;
    for (size_t i = 0; i < CUSTOMERS; i++) {
        snprintf(email, sizeof email, "user%zu@example.com", i);
        fixture_customer(f.store, &f.reply_queue, email, credit_nusd[i], i == 2 ? USD / 3 : -1,
                         &customers[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pools[i] = (struct thread_pool){.customers = customers, .seed = i + 1};
        assert_true(job_queue_init(&pools[i].reply_queue, 1000));
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&pools[i].thread, NULL, thread_pool_main, &pools[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(pools[i].thread, NULL);
        job_queue_fini(&pools[i].reply_queue);
    }
    for (size_t i = 0; i < CUSTOMERS; i++) {
        int64_t charged_nusd = 0;
        for (size_t k = 0; k < THREADS; k++)
            charged_nusd += pools[k].charged_nusd[i];
        money_format(credit_nusd[i] - charged_nusd, expected);
        assert_balance(&customers[i], expected, "0.000000000");
    }
    fixture_verify(f.path, NULL);
    fixture_reopen(&f);
    fixture_verify(f.path, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hold_then_settle, setup, teardown),
        cmocka_unit_test_setup_teardown(voided_hold_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(hold_of_nothing_is_a_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(insufficient_says_how_much_there_is, setup, teardown),
        cmocka_unit_test_setup_teardown(overrun_is_the_houses, setup, teardown),
        cmocka_unit_test_setup_teardown(budget_of_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_account_or_key, setup, teardown),
        cmocka_unit_test_setup_teardown(key_deleted_under_way, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hold_ends_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_settlement_of_another_amount_or_account, setup, teardown),
        cmocka_unit_test_setup_teardown(open_holds_are_void_after_a_crash, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hold_expires, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hold_expires_in_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(history_cannot_be_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(one_server_only, setup, teardown),
        cmocka_unit_test_setup_teardown(many_threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
