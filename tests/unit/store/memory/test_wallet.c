/* Many threads at one wallet: the sums that a hold is decided by are never between two states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "store/memory/wallet.h"

enum { THREADS = 4, PAID = 10, EACH = 7, REST = EACH - 1, ENDLESS = 1000 * 1000 };
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { ROUNDS = 1000 };
#else
enum { ROUNDS = 20 * 1000 };
#endif

struct racer {
    pthread_t thread;
    struct ledger_hold hold; /* what it asks for, again and again */
    int64_t taken;
};

static struct wallets wallets;
static pthread_barrier_t barrier;
static struct racer racers[THREADS];

static struct id named(const char *name, int number)
{
    struct id id;
    snprintf(id.text, sizeof id.text, "%s_%d", name, number);
    return id;
}

static int64_t (*take)(const struct ledger_hold *hold); /* all that there is; returns how much */
static void (*release)(const struct ledger_hold *hold, int64_t taken);

static int64_t take_holds(const struct ledger_hold *hold)
{
    struct hold_refusal refusal;
    int64_t taken = 0;
    while (wallet_take(&wallets, hold, &refusal) == HOLD_ACCEPTED)
        taken += EACH;
    return taken;
}

static void release_holds(const struct ledger_hold *hold, int64_t taken)
{
    for (; taken > 0; taken -= EACH)
        wallet_give_back(&wallets, hold);
}

static int64_t take_extensions(const struct ledger_hold *hold)
{
    int64_t taken = 0, more;
    while ((more = wallet_extend(&wallets, hold, EACH)) > 0)
        taken += more;
    return taken;
}

static void release_extensions(const struct ledger_hold *hold, int64_t taken)
{
    wallet_unextend(&wallets, &hold->account_id, &hold->key_id, taken);
}

static int setup(void **state)
{
    (void)state;
    take = take_holds;
    release = release_holds;
    wallet_init(&wallets);
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS + 1), 0);
    for (int i = 0; i < THREADS; i++)
        racers[i] = (struct racer){.hold = {.account_id = named("acct", 0), .amount_nusd = EACH}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pthread_barrier_destroy(&barrier);
    wallet_fini(&wallets);
    return 0;
}

/* ---- each round all of them want it, and all of it is given once ---- */

static void *racer_main(void *arg)
{
    struct racer *racer = arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&barrier);
        racer->taken = take(&racer->hold);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static int64_t give_back(void)
{
    int64_t taken = 0;
    for (int i = 0; i < THREADS; i++) {
        taken += racers[i].taken;
        release(&racers[i].hold, racers[i].taken);
    }
    return taken;
}

static void race(int64_t expected_nusd)
{
    int wrong = 0;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, racer_main, &racers[i]), 0);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        wrong += give_back() != expected_nusd;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(racers[i].thread, NULL);
    assert_int_equal(wrong, 0);
}

static void of_one_wallet(void **state)
{
    (void)state;
    wallet_put(&wallets, &racers[0].hold.account_id, PAID * EACH + REST, 0);
    race(PAID * EACH);
}

/* All use the same key; the wallet has more. */
static void of_one_budget(void **state)
{
    struct id key_id = named("key", 0);
    (void)state;
    wallet_put(&wallets, &racers[0].hold.account_id, ENDLESS, 0);
    wallet_put_key(&wallets, &key_id, &racers[0].hold.account_id,
                   &(struct wallet_budget){.amount_nusd = PAID * EACH + REST});
    for (int i = 0; i < THREADS; i++)
        racers[i].hold.key_id = key_id;
    race(PAID * EACH);
}

/* A key each, one with a budget; the wallet is not enough for all. */
static void of_wallet_and_budget(void **state)
{
    (void)state;
    wallet_put(&wallets, &racers[0].hold.account_id, PAID * EACH + REST, 0);
    for (int i = 0; i < THREADS; i++) {
        racers[i].hold.key_id = named("key", i);
        wallet_put_key(&wallets, &racers[i].hold.key_id, &racers[i].hold.account_id,
                       &(struct wallet_budget){.amount_nusd = i == 0 ? 3 * EACH : -1});
    }
    race(PAID * EACH);
}

/* Open holds that want more; the last one gets what is left. */
static void of_extensions(void **state)
{
    struct hold_refusal refusal;
    (void)state;
    take = take_extensions;
    release = release_extensions;
    wallet_put(&wallets, &racers[0].hold.account_id, (PAID + THREADS) * EACH + REST, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(wallet_take(&wallets, &racers[i].hold, &refusal), HOLD_ACCEPTED);
    race(PAID * EACH + REST);
}

/* ---- taking, extending and spending at once ---- */

static atomic_int running;
static atomic_llong spent;

/* Spends what it was given, to the last. */
static void *spend(void *arg)
{
    struct racer *racer = arg;
    const struct id *account_id = &racer->hold.account_id, *key_id = &racer->hold.key_id;
    struct hold_refusal refusal;
    pthread_barrier_wait(&barrier);
    while (wallet_take(&wallets, &racer->hold, &refusal) == HOLD_ACCEPTED) {
        int64_t held = EACH + wallet_extend(&wallets, &racer->hold, EACH);
        int64_t charge = 1 + racer->taken++ % held;
        wallet_release(&wallets, account_id, key_id, held, &(struct wallet_charge){charge, 0});
        atomic_fetch_add(&spent, charge);
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void spent_at_once(void **state)
{
    const struct id *account_id = &racers[0].hold.account_id;
    struct wallet_state wallet;
    int64_t open_holds, held_nusd;
    (void)state;
    atomic_store(&running, THREADS);
    atomic_store(&spent, 0);
    wallet_put(&wallets, account_id, ENDLESS, 0);
    for (int i = 0; i < THREADS; i++) {
        racers[i].hold.key_id = named("key", i / 2); /* two share one */
        wallet_put_key(&wallets, &racers[i].hold.key_id, account_id,
                       &(struct wallet_budget){.amount_nusd = ENDLESS});
        assert_int_equal(pthread_create(&racers[i].thread, NULL, spend, &racers[i]), 0);
    }
    pthread_barrier_wait(&barrier);
    while (atomic_load(&running)) {
        assert_true(wallet_peek(&wallets, account_id, &wallet));
        assert_true(0 <= wallet.held_nusd && wallet.held_nusd <= wallet.posted_nusd);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(racers[i].thread, NULL);
    assert_true(wallet_peek(&wallets, account_id, &wallet));
    assert_int_equal(wallet.posted_nusd, ENDLESS - atomic_load(&spent));
    assert_int_equal(wallet.held_nusd, 0);
    assert_true(wallet.posted_nusd < EACH); /* who came last found nobody holding */
    wallet_totals(&wallets, &open_holds, &held_nusd);
    assert_int_equal(open_holds, 0);
    assert_int_equal(held_nusd, 0);
}

/* ---- shares of the holds that can be open ---- */

enum { MOST = 100 };

/* Opens holds of this account until it has its share; returns how many. */
static int open_share(const struct ledger_hold *hold)
{
    struct hold_refusal refusal;
    enum hold_outcome outcome;
    int count = 0;
    while ((outcome = wallet_take(&wallets, hold, &refusal)) == HOLD_ACCEPTED)
        count++;
    assert_int_equal(outcome, HOLD_SHARE);
    assert_int_equal(wallet_would_take(&wallets, hold),
                     HOLD_ACCEPTED); /* it is no matter of money */
    return count;
}

static void close_holds(const struct ledger_hold *hold, int count)
{
    for (; count > 0; count--)
        wallet_give_back(&wallets, hold);
}

static void an_account_has_its_share_of_open_holds(void **state)
{
    (void)state;
    struct ledger_hold holds[3] = {{.amount_nusd = 1}, {.amount_nusd = 1}, {.amount_nusd = 0}};
    for (int i = 0; i < 3; i++) {
        holds[i].account_id = named("acct", i);
        wallet_put(&wallets, &holds[i].account_id, ENDLESS, 0);
    }
    atomic_store(&wallets.holds_most, MOST);
    assert_int_equal(open_share(&holds[0]), 80);
    assert_int_equal(open_share(&holds[1]), 16); /* four fifths of what is left */
    assert_int_equal(open_share(&holds[2]), 4);  /* the last one has nothing, so it gets all */
    close_holds(&holds[0], 80);
    assert_int_equal(open_share(&holds[0]), 64);
    close_holds(&holds[0], 64);
    close_holds(&holds[1], 16);
    close_holds(&holds[2], 4);
    atomic_store(&wallets.holds_most, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_one_wallet, setup, teardown),
        cmocka_unit_test_setup_teardown(of_one_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(of_wallet_and_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(of_extensions, setup, teardown),
        cmocka_unit_test_setup_teardown(spent_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(an_account_has_its_share_of_open_holds, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
