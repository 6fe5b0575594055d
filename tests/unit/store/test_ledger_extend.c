/* A hold that is extended because the exchange came to cost more: from what the customer still
 * has, and never more. */
#include "store/fixture.h"

#include <string.h>

#include "base/clock.h"

static struct fixture f;
static struct customer ann;
static struct ledger_hold hold;
static struct ledger_settlement settlement;

static void start(int64_t credit_nusd, int64_t budget_nusd, int64_t hold_nusd)
{
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", credit_nusd, budget_nusd, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, hold_nusd);
    assert_true(fixture_take(f.store, &hold));
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

/* Extends by as much as there is and settles for all that is held then. */
static void settle_extended(int64_t wanted_nusd, int64_t expected_nusd)
{
    int64_t more = ledger_extend(f.store, &hold, wanted_nusd);
    assert_int_equal(more, expected_nusd);
    fixture_settlement(&settlement, &hold, hold.amount_nusd + more, wanted_nusd - more, 7);
    settlement.held_nusd = hold.amount_nusd + more;
    settlement.extended_nusd = more;
    assert_true(fixture_settle(f.store, &settlement));
}

static void assert_left(int64_t nusd)
{
    struct store_totals totals;
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0), nusd);
    store_totals(f.store, &totals);
    assert_int_equal(totals.open_holds, 0);
    assert_int_equal(totals.held_nusd, 0);
    fixture_verify(f.path, NULL);
    fixture_reopen(&f);
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0), nusd);
}

static void from_the_wallet(void **state)
{
    (void)state;
    start(1000, -1, 600);
    settle_extended(50, 50);
    assert_int_equal(fixture_number(f.path, "SELECT amount_nusd FROM hold_extensions"), 50);
    assert_left(350);
}

static void no_more_than_there_is(void **state)
{
    (void)state;
    start(1000, -1, 600);
    settle_extended(401, 400);
    assert_left(0);
}

static void no_more_than_the_budget(void **state)
{
    (void)state;
    start(1000, 610, 600);
    settle_extended(50, 10);
    assert_left(0);
    assert_int_equal(fixture_number(f.path, "SELECT posted_nusd FROM balances WHERE floor_zero"),
                     390);
}

static void nothing_left(void **state)
{
    (void)state;
    start(600, -1, 600);
    settle_extended(50, 0);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM hold_extensions"), 0);
    assert_left(0);
}

/* As a stream does, chunk by chunk; the settlement writes the sum. */
static void several_times(void **state)
{
    int64_t more = 0;
    (void)state;
    start(1000, 950, 600);
    for (int i = 0; i < 3; i++)
        more += ledger_extend(f.store, &hold, 100);
    assert_int_equal(more, 300);
    assert_int_equal(ledger_extend(f.store, &hold, 100), 50);
    assert_int_equal(ledger_short_of(f.store, &ann.account_id, &ann.key_id, NULL, 0), HOLD_BUDGET);
    fixture_settlement(&settlement, &hold, 910, 0, 7);
    settlement.held_nusd = 950;
    settlement.extended_nusd = 350;
    assert_true(fixture_settle(f.store, &settlement));
    assert_int_equal(fixture_number(f.path, "SELECT amount_nusd FROM hold_extensions"), 350);
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0), 40);
    fixture_verify(f.path, NULL);
}

/* A stream that fails before its first byte. */
static void given_back_before_a_void(void **state)
{
    (void)state;
    start(1000, 950, 600);
    assert_int_equal(ledger_extend(f.store, &hold, 100), 100);
    ledger_unextend(f.store, &hold, 100);
    fixture_settlement(&settlement, &hold, 0, 0, 0);
    settlement.voided = true;
    assert_true(fixture_settle(f.store, &settlement));
    assert_left(950);
}

/* What the settlement cannot write, the wallet has back. */
static void a_refused_settlement_gives_it_back(void **state)
{
    (void)state;
    start(1000, 900, 600);
    assert_int_equal(ledger_extend(f.store, &hold, 50), 50);
    fixture_settlement(&settlement, &hold, 650, 0, 7);
    settlement.held_nusd = 651; /* not what was held */
    settlement.extended_nusd = 50;
    assert_false(fixture_settle(f.store, &settlement));
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0), 300);
    fixture_settlement(&settlement, &hold, 600, 0, 7);
    assert_true(fixture_settle(f.store, &settlement));
    assert_left(300);
}

/* An exchange beyond all deadlines, whose key is deleted as well: nothing is extended, no harm. */
static void a_hold_that_has_expired(void **state)
{
    struct store_totals totals;
    (void)state;
    start(1000, -1, 0);
    fixture_settlement(&settlement, &hold, 0, 0, 0);
    assert_true(fixture_settle(f.store, &settlement));
    fixture_hold(&hold, &f.reply_queue, &ann, 600);
    hold.expires_ms = clock_wall_ms() + 60 * 1000;
    assert_true(fixture_take(f.store, &hold));
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "key.delete", "tt", ann.user_id.text,
                                ann.key_id.text));
    clock_advance_ms(61 * 1000);
    for (int i = 0; i < 250; i++) {
        store_totals(f.store, &totals);
        if (totals.open_holds == 0)
            break;
        job_queue_wait(&f.reply_queue, 20); /* nothing comes: a sleep */
    }
    assert_int_equal(totals.open_holds, 0);
    assert_int_equal(ledger_extend(f.store, &hold, 50), 0);
    fixture_settlement(&settlement, &hold, 600, 50, 7);
    assert_false(fixture_settle(f.store, &settlement));
    assert_left(0); /* the key is gone; the money is not: */
    assert_int_equal(fixture_number(f.path, "SELECT posted_nusd FROM balances WHERE floor_zero"),
                     1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(from_the_wallet, teardown),
        cmocka_unit_test_teardown(no_more_than_there_is, teardown),
        cmocka_unit_test_teardown(no_more_than_the_budget, teardown),
        cmocka_unit_test_teardown(nothing_left, teardown),
        cmocka_unit_test_teardown(several_times, teardown),
        cmocka_unit_test_teardown(given_back_before_a_void, teardown),
        cmocka_unit_test_teardown(a_refused_settlement_gives_it_back, teardown),
        cmocka_unit_test_teardown(a_hold_that_has_expired, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
