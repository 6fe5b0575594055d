/* Random operations against the reference ledger of model.h, from a seed: whatever happens,
 * wallets, budgets and disk are what the model says; by one thread, and by several at once, with
 * restarts, crashes and holds that expire in between. The seed is printed with every run.
 *
 *   GW_SEED=N GW_MODEL_OPERATIONS=N build/unit/store_test_model */
#include "store/driver.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "store/store_internal.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { OPERATIONS = 10 * 1000 };
#else
enum { OPERATIONS = 100 * 1000 };
#endif
enum {
    COMPARE_EVERY = 50,
    EVENT_EVERY = OPERATIONS / 50,
    VERIFY_EVERY = 10, /* events */
    THREADS = 4,
    SHARE_EVERY = 10,
};

static struct fixture f;
static uint64_t seed;
static int64_t operations = OPERATIONS;

/* What comes over all of them, with holds open and jobs on their way; then all must be the same
 * again. */
static void happen(struct driver *drivers, size_t count, int64_t number)
{
    static void (*const events[])(struct driver *, size_t) = {drivers_restart, drivers_crash,
                                                              drivers_expire};
    events[driver_random(&drivers[0], 3)](drivers, count);
    drivers_compare(drivers, count);
    assert_int_equal(fixture_number(f.path, "SELECT sum(posted_nusd) FROM balances"), 0);
    if (number % VERIFY_EVERY == 0)
        fixture_verify(f.path, NULL);
}

static void operate(struct driver *d, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (d->shared.customer.user_id.text[0] && i % SHARE_EVERY == 0)
            driver_share(d);
        driver_operate(d);
        if (i % COMPARE_EVERY == 0)
            driver_compare(d);
    }
}

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    log_configure((enum log_level)(LOG_ERROR + 1), false); /* refused settlements are errors */
    print_message("GW_SEED=%" PRIu64 " GW_MODEL_OPERATIONS=%" PRId64 "\n", seed, operations);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static void one_after_the_other(void **state)
{
    static struct driver d;
    (void)state;
    driver_start(&d, &f, seed, seed);
    while (d.number < operations) {
        operate(&d, EVENT_EVERY);
        happen(&d, 1, d.number / EVENT_EVERY);
    }
    driver_finish(&d);
    fixture_verify(f.path, NULL);
    assert_int_equal(fixture_number(f.path, "SELECT total(posted_nusd) FROM balances"
                                            " WHERE floor_zero"),
                     d.model.credited - d.model.charged);
    job_queue_fini(&d.reply_queue);
}

/* ---- at once ---- */

static atomic_int running;

static void *thread_main(void *arg)
{
    operate(arg, EVENT_EVERY / THREADS);
    atomic_fetch_sub(&running, 1); /* with jobs on their way */
    return NULL;
}

/* What must be so at any time, in memory and on disk. */
static void sample(const struct customer *shared)
{
    struct wallet_state wallet;
    assert_true(wallet_peek(&f.store->wallets, &shared->account_id, &wallet));
    assert_true(wallet.posted_nusd >= 0 && wallet.held_nusd >= 0);
    assert_true(wallet.held_nusd <= wallet.posted_nusd);
    assert_int_equal(fixture_number(f.path, "SELECT sum(posted_nusd) FROM balances"), 0);
    assert_int_equal(fixture_number(f.path,
                                    "SELECT count(*) FROM balances b WHERE floor_zero AND"
                                    " posted_nusd < (SELECT total(amount_nusd) FROM open_holds h"
                                    " WHERE h.account_id = b.account_id)"),
                     0);
}

static void operate_at_once(struct driver drivers[THREADS])
{
    pthread_t threads[THREADS];
    atomic_store(&running, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, &drivers[i]), 0);
    while (atomic_load(&running)) {
        sample(&drivers[0].shared.customer);
        usleep(2000);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void many_at_once(void **state)
{
    static struct driver drivers[THREADS];
    struct customer shared;
    int64_t rounds = operations / 2 / EVENT_EVERY;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "all@example.com", 0, -1, &shared);
    for (int i = 0; i < THREADS; i++) {
        driver_start(&drivers[i], &f, seed, seed + (uint64_t)i + 1);
        drivers[i].shared.customer = shared;
    }
    for (int64_t i = 0; i < rounds; i++) {
        operate_at_once(drivers);
        happen(drivers, THREADS, i);
    }
    for (int i = 0; i < THREADS; i++)
        driver_finish(&drivers[i]);
    drivers_compare(drivers, THREADS);
    sample(&shared);
    fixture_verify(f.path, NULL);
    for (int i = 0; i < THREADS; i++)
        job_queue_fini(&drivers[i].reply_queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_after_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(many_at_once, setup, teardown),
    };
    const char *from = getenv("GW_SEED"), *count = getenv("GW_MODEL_OPERATIONS");
    struct fault fault;
    if (!secret_init(&fault))
        return 1;
    seed = from != NULL ? strtoull(from, NULL, 10) : random_u64();
    if (count != NULL)
        operations = strtoll(count, NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
