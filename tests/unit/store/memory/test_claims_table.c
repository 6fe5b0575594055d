/* Claims of Idempotency-Keys: one exchange at a time has a key of an account. */
#include "base/support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "store/memory/claims_table.h"

static struct claim claim_of(const char *account, const char *key, const char *digest)
{
    static atomic_int fill; /* what stands behind its texts does not count */
    struct claim claim;
    memset(&claim, atomic_fetch_add(&fill, 1), sizeof claim);
    snprintf(claim.account_id.text, sizeof claim.account_id.text, "%s", account);
    snprintf(claim.key, sizeof claim.key, "%s", key);
    snprintf(claim.digest, sizeof claim.digest, "%s", digest);
    return claim;
}

static void a_key_is_taken_by_one_at_a_time(void **state)
{
    (void)state;
    struct claims claims;
    struct claim first = claim_of("acct_a", "k", "d");
    struct claim retry = claim_of("acct_a", "k", "d");
    struct claim other = claim_of("acct_a", "k", "e");
    claims_table_init(&claims);
    assert_int_equal(claims_table_take(&claims, &first), CLAIM_TAKEN);
    assert_int_equal(claims_table_take(&claims, &retry), CLAIM_RUNNING);
    assert_int_equal(claims_table_take(&claims, &other), CLAIM_OTHER);
    assert_int_equal(claims_table_take(&claims, &retry), CLAIM_RUNNING); /* still the first's */
    claims_table_give_back(&claims, &first);
    assert_int_equal(claims_table_take(&claims, &other), CLAIM_TAKEN);
    assert_int_equal(claims_table_take(&claims, &retry), CLAIM_OTHER);
    claims_table_give_back(&claims, &other);
    claims_table_fini(&claims);
}

static void keys_and_accounts_are_apart(void **state)
{
    (void)state;
    struct claims claims;
    struct claim all[] = {
        claim_of("acct_a", "k", "d"), claim_of("acct_b", "k", "d"),  claim_of("acct_a", "K", "d"),
        claim_of("acct_a", "", "d"),  claim_of("acct_a", "kk", "d"), claim_of("acct_ak", "", "d"),
    };
    enum { COUNT = sizeof all / sizeof *all };
    claims_table_init(&claims);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(claims_table_take(&claims, &all[i]), CLAIM_TAKEN);
    for (size_t i = 0; i < COUNT; i++)
        claims_table_give_back(&claims, &all[i]);
    claims_table_fini(&claims);
}

static void the_longest_key_counts_to_its_end(void **state)
{
    (void)state;
    struct claims claims;
    char key[LIMIT_IDEMPOTENCY_KEY_BYTES + 1];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    struct claim first = claim_of("acct_a", key, "d");
    struct claim same = claim_of("acct_a", key, "d");
    key[sizeof key - 2] = 'x';
    struct claim other = claim_of("acct_a", key, "d");
    claims_table_init(&claims);
    assert_int_equal(claims_table_take(&claims, &first), CLAIM_TAKEN);
    assert_int_equal(claims_table_take(&claims, &same), CLAIM_RUNNING);
    assert_int_equal(claims_table_take(&claims, &other), CLAIM_TAKEN);
    claims_table_give_back(&claims, &other);
    claims_table_give_back(&claims, &first);
    claims_table_fini(&claims);
}

static void each_table_has_a_seed_of_its_own(void **state)
{
    (void)state;
    struct claims claims[2];
    struct claim claim[] = {claim_of("acct_a", "k", "d"), claim_of("acct_a", "k", "d")};
    for (size_t i = 0; i < 2; i++) {
        claims_table_init(&claims[i]);
        assert_int_equal(claims_table_take(&claims[i], &claim[i]), CLAIM_TAKEN);
    }
    assert_true(claim[0].node.hash != claim[1].node.hash);
    for (size_t i = 0; i < 2; i++) {
        claims_table_give_back(&claims[i], &claim[i]);
        claims_table_fini(&claims[i]);
    }
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 3000, KEYS = 5 };

static struct claims shared;
static atomic_int owners[KEYS];
static atomic_int taken;

static void *take_and_give_back(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        char key[8];
        snprintf(key, sizeof key, "%d", round % KEYS);
        struct claim claim = claim_of("acct_a", key, "d");
        enum claim_outcome outcome = claims_table_take(&shared, &claim);
        if (outcome != CLAIM_TAKEN) {
            assert_int_equal(outcome, CLAIM_RUNNING);
            continue;
        }
        assert_int_equal(atomic_fetch_add(&owners[round % KEYS], 1), 0);
        atomic_fetch_add(&taken, 1);
        assert_int_equal(atomic_fetch_sub(&owners[round % KEYS], 1), 1);
        claims_table_give_back(&shared, &claim);
    }
    return NULL;
}

static void a_key_has_one_owner_among_many_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    claims_table_init(&shared);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give_back, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(atomic_load(&taken) >= KEYS);
    claims_table_fini(&shared);
}

static void forget_one(void)
{
    struct claims claims;
    struct claim claim = claim_of("acct_a", "k", "d");
    claims_table_init(&claims);
    (void)claims_table_take(&claims, &claim);
    claims_table_fini(&claims);
}

static void one_that_is_not_given_back_stops_the_program(void **state)
{
    (void)state;
    assert_true(aborts(forget_one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_taken_by_one_at_a_time),
        cmocka_unit_test(keys_and_accounts_are_apart),
        cmocka_unit_test(the_longest_key_counts_to_its_end),
        cmocka_unit_test(each_table_has_a_seed_of_its_own),
        cmocka_unit_test(a_key_has_one_owner_among_many_threads),
        cmocka_unit_test(one_that_is_not_given_back_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
