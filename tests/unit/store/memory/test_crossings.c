/* What wallets find for the customers' notices: once per crossing, nothing lost by a full list,
 * nothing for what is only held. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "store/memory/wallet.h"

enum { START = 1000, LOW = 900, STEP = 60 };

static struct wallets wallets;

static int set_up(void **state)
{
    (void)state;
    wallet_init(&wallets);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wallet_fini(&wallets);
    return 0;
}

static struct id named(const char *name, int number)
{
    struct id id = {{0}};
    snprintf(id.text, sizeof id.text, "%s_%d", name, number);
    return id;
}

static enum hold_outcome take(int account, const char *key, int64_t amount_nusd)
{
    struct ledger_hold hold = {.account_id = named("acct", account), .amount_nusd = amount_nusd};
    struct hold_refusal refusal;
    if (key[0] != '\0')
        hold.key_id = named(key, account);
    return wallet_take(&wallets, &hold, &refusal);
}

static void spend(int account, const char *key, int64_t amount_nusd)
{
    struct id account_id = named("acct", account), key_id = {{0}};
    if (key[0] != '\0')
        key_id = named(key, account);
    assert_int_equal(take(account, key, amount_nusd), HOLD_ACCEPTED);
    wallet_release(&wallets, &account_id, &key_id, amount_nusd,
                   &(struct wallet_charge){.amount_nusd = amount_nusd});
}

static size_t found(struct crossing *out)
{
    size_t count = crossings_peek(&wallets.crossings, out, CROSSINGS_MAX);
    crossings_drop(&wallets.crossings, count);
    return count;
}

static struct crossing list[CROSSINGS_MAX];

static void a_balance_is_found_once(void **state)
{
    struct id account_id = named("acct", 0);
    (void)state;
    wallet_put(&wallets, &account_id, START, 0);
    spend(0, "", STEP);
    wallet_watch(&wallets, &account_id, LOW);
    assert_int_equal(found(list), 0);
    spend(0, "", STEP);
    assert_int_equal(found(list), 1);
    assert_int_equal(list[0].kind, CROSSING_LOW);
    assert_string_equal(list[0].account_id.text, "acct_0");
    spend(0, "", STEP);
    assert_int_equal(found(list), 0);
    wallet_put(&wallets, &account_id, START, 0); /* credits came: the tables say to watch again */
    wallet_watch(&wallets, &account_id, LOW);
    spend(0, "", 2 * STEP);
    assert_int_equal(found(list), 1);
}

/* After a restart: the tables have not noted that it was told. */
static void one_that_is_low_when_it_is_loaded(void **state)
{
    struct id account_id = named("acct", 0);
    (void)state;
    wallet_put(&wallets, &account_id, LOW - 1, 0);
    wallet_watch(&wallets, &account_id, LOW);
    assert_int_equal(found(list), 1);
    wallet_watch(&wallets, &account_id, WALLET_NEVER_LOW);
    spend(0, "", 1);
    assert_int_equal(found(list), 0);
}

static void a_full_list_loses_nothing(void **state)
{
    (void)state;
    for (int i = 0; i <= CROSSINGS_MAX; i++) {
        struct id account_id = named("acct", i);
        wallet_put(&wallets, &account_id, START, 0);
        wallet_watch(&wallets, &account_id, LOW);
        spend(i, "", 2 * STEP);
    }
    assert_int_equal(found(list), CROSSINGS_MAX);
    spend(0, "", 1);
    assert_int_equal(found(list), 0);
    spend(CROSSINGS_MAX, "", 1); /* the one that found no room */
    assert_int_equal(found(list), 1);
}

static void a_budget_that_is_spent(void **state)
{
    struct id account_id = named("acct", 0), key_id = named("key", 0);
    const struct wallet_budget budget = {.amount_nusd = 100};
    const struct wallet_budget spent = {.amount_nusd = 100, .spent_nusd = 80};
    const struct wallet_charge nothing = {.amount_nusd = 0};
    (void)state;
    wallet_put(&wallets, &account_id, START, 0);
    wallet_put_key(&wallets, &key_id, &account_id, &budget);
    assert_int_equal(take(0, "key", 80), HOLD_ACCEPTED);
    assert_int_equal(take(0, "key", 30), HOLD_BUDGET); /* that is only held */
    assert_int_equal(found(list), 0);
    wallet_release(&wallets, &account_id, &key_id, 80, &nothing);
    spend(0, "key", 80);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(0, "key", 30), HOLD_BUDGET);
    assert_int_equal(found(list), 1);
    assert_int_equal(list[0].kind, CROSSING_BUDGET);
    assert_string_equal(list[0].key_id.text, "key_0");
    wallet_put_key(&wallets, &key_id, &account_id, &spent); /* the key was changed */
    assert_int_equal(take(0, "key", 30), HOLD_BUDGET);
    assert_int_equal(found(list), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_balance_is_found_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_low_when_it_is_loaded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_list_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_budget_that_is_spent, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
