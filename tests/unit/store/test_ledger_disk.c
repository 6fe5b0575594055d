/* A disk that fails: no new promise, nothing given away, nothing lost, and all well again when it
 * works again. The disk is made to fail by the limit of this process on the size of files. */
#include "store/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"

static struct fixture f;

static void set_disk(bool works)
{
    struct rlimit limit = {.rlim_max = RLIM_INFINITY};
    limit.rlim_cur = works ? RLIM_INFINITY : 1; /* EFBIG for every write beyond */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int setup(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    fixture_init(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    set_disk(true);
    fixture_fini(&f);
    return 0;
}

static void wait_writable(bool writable)
{
    for (int i = 0; i < 500 && store_writable(f.store) != writable; i++)
        job_queue_wait(&f.reply_queue, 10); /* nothing comes: a sleep */
    assert_int_equal(store_writable(f.store), writable);
}

static void assert_balance(const struct customer *customer, const char *balance, const char *held)
{
    const char *json =
        fixture_ask(f.store, &f.reply_queue, "balance.get", "t", customer->account_id.text);
    assert_string_equal(fixture_member(json, "balance"), balance);
    assert_string_equal(fixture_member(json, "held"), held);
}

static void holds_are_refused_and_freed(void **state)
{
    struct customer ann;
    struct ledger_hold hold, later;
    struct hold_refusal refusal;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, 5 * USD, &ann);
    set_disk(false);
    fixture_hold(&hold, &f.reply_queue, &ann, USD);
    assert_false(fixture_take(f.store, &hold)); /* accepted in memory, and then not */
    assert_false(store_writable(f.store));
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     5 * USD);
    fixture_hold(&later, &f.reply_queue, &ann, USD);
    assert_int_equal(ledger_hold(f.store, &later, &refusal), HOLD_UNAVAILABLE);
    assert_null(fixture_ask(f.store, &f.reply_queue, "credit.create", "titt", ann.user_id.text, USD,
                            "test", "lost"));
    assert_string_equal(fixture_code, "unavailable");
    assert_balance(&ann, "10.000000000", "0.000000000"); /* the dashboard can still be read */
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "key.list", "t", ann.user_id.text));
    set_disk(true);
    wait_writable(true); /* by itself */
    assert_true(fixture_take(f.store, &later));
    fixture_verify(f.path, NULL);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM holds"), 1);
}

static void settlements_wait_for_the_disk(void **state)
{
    enum { HOLDS = 20 };
    static struct ledger_hold holds[HOLDS];
    static struct ledger_settlement settlements[HOLDS];
    struct customer ann;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, 9 * USD, &ann);
    for (size_t i = 0; i < HOLDS; i++) {
        fixture_hold(&holds[i], &f.reply_queue, &ann, 1000);
        assert_true(fixture_take(f.store, &holds[i]));
        fixture_settlement(&settlements[i], &holds[i], 100, 0, 50);
    }
    set_disk(false);
    for (size_t i = 0; i < HOLDS; i++)
        ledger_settle(f.store, &settlements[i]);
    wait_writable(false);
    job_queue_wait(&f.reply_queue, 200);
    assert_int_equal(job_queue_finish(&f.reply_queue), 0); /* nobody was told that it is done */
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     9 * USD - HOLDS * 1000); /* and it stays held */
    set_disk(true);
    fixture_wait(&f.reply_queue, HOLDS);
    for (size_t i = 0; i < HOLDS; i++)
        assert_true(settlements[i].durable);
    assert_true(store_writable(f.store));
    assert_balance(&ann, "9.999998000", "0.000000000");
    fixture_verify(f.path, NULL);
}

/* Closing while the disk fails: it is said that nothing was written, and the next start ends the
 * hold. */
static void closing_while_the_disk_fails(void **state)
{
    struct customer ann;
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, 1000);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 100, 0, 50);
    set_disk(false);
    ledger_settle(f.store, &settlement);
    wait_writable(false);
    fixture_close(&f);
    fixture_wait(&f.reply_queue, 1);
    assert_false(settlement.durable);
    set_disk(true);
    fixture_reopen(&f);
    assert_balance(&ann, "10.000000000", "0.000000000");
    fixture_verify(f.path, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holds_are_refused_and_freed, setup, teardown),
        cmocka_unit_test_setup_teardown(settlements_wait_for_the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(closing_while_the_disk_fails, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
