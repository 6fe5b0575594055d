/* Who takes part in a trial. */
#include "base/support.h"

#include <stdio.h>

#include "exchange/trial.h"

enum { ACCOUNTS = 100000 };

static uint64_t seed_of(const char *trial, int account)
{
    char text[32];
    snprintf(text, sizeof text, "acct_%d", account);
    return trial_seed(trial, text, "m");
}

/* Computed by another program (tests/e2e/trials.py): who is in stays in over releases, too. */
static void it_stays_the_same(void **state)
{
    (void)state;
    assert_true(trial_seed("canary", "acct_1", "gpt-4o") == UINT64_C(0xf2232b1d00957471));
    assert_true(trial_draws(UINT64_C(0xf2232b1d00957471), 869200));
    assert_false(trial_draws(UINT64_C(0xf2232b1d00957471), 869199));
}

static void none_and_all(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_false(trial_draws(seed_of("canary", i), 0));
        assert_true(trial_draws(seed_of("canary", i), 1000000));
    }
}

/* Of 100,000 accounts, 5 % are 5,000, with a standard deviation of 69. */
static void a_share_is_drawn(void **state)
{
    int in = 0;
    int in_both = 0;
    (void)state;
    for (int i = 0; i < ACCOUNTS; i++) {
        bool drawn = trial_draws(seed_of("canary", i), 50000);
        in += drawn;
        in_both += drawn && trial_draws(seed_of("shadow", i), 50000);
        /* A greater share has all of a smaller one. */
        assert_true(!drawn || trial_draws(seed_of("canary", i), 60000));
    }
    assert_in_range(in, 5000 - 5 * 69, 5000 + 5 * 69);
    /* Two trials choose independently: 250, with a standard deviation of 16. */
    assert_in_range(in_both, 250 - 5 * 16, 250 + 5 * 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_the_same),
        cmocka_unit_test(none_and_all),
        cmocka_unit_test(a_share_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
