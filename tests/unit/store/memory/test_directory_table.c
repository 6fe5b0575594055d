/* The key directory: what is put is found, whole and by its own digest only, and whoever sees that
 * revocations have grown sees what was revoked. */
#include "base/support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store/memory/directory_table.h"

static struct digest digest_of(unsigned number)
{
    struct digest digest;
    memset(&digest, 0, sizeof digest);
    memcpy(digest.bytes, &number, sizeof number);
    return digest;
}

static struct key_facts facts_of(const char *key, const char *models)
{
    struct key_facts facts = {.expires_ms = 7, .budget_nusd = -1, .group = "default"};
    snprintf(facts.key_id.text, sizeof facts.key_id.text, "%s", key);
    snprintf(facts.account_id.text, sizeof facts.account_id.text, "acct_of_%s", key);
    snprintf(facts.user_id.text, sizeof facts.user_id.text, "user_of_%s", key);
    snprintf(facts.models, sizeof facts.models, "%s", models);
    return facts;
}

static struct directory directory;

static int set_up(void **state)
{
    (void)state;
    directory_table_init(&directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    directory_table_fini(&directory);
    return 0;
}

static uint64_t revocations(void)
{
    return atomic_load(&directory.revocations);
}

static void put(unsigned number, const struct key_facts *facts)
{
    struct digest digest = digest_of(number);
    directory_table_put(&directory, &digest, facts);
}

static bool find(unsigned number, struct key_facts *out)
{
    struct digest digest = digest_of(number);
    return directory_table_find(&directory, &digest, out);
}

/* Into memory that is full of something else. */
static void finds_all_that_was_put(void **state)
{
    (void)state;
    struct key_facts in = facts_of("key_1", "gpt-a\ngpt-b");
    struct key_facts out;
    in.expires_ms = INT64_MAX;
    in.budget_nusd = 12;
    in.key_disabled = true;
    memset(&out, 0xa5, sizeof out);
    put(1, &in);
    assert_true(find(1, &out));
    assert_string_equal(out.key_id.text, "key_1");
    assert_string_equal(out.account_id.text, "acct_of_key_1");
    assert_string_equal(out.user_id.text, "user_of_key_1");
    assert_string_equal(out.group, "default");
    assert_string_equal(out.models, "gpt-a\ngpt-b");
    assert_true(out.key_disabled);
    assert_false(out.user_disabled);
    assert_int_equal(out.expires_ms, INT64_MAX);
    assert_int_equal(out.budget_nusd, 12);
}

static void models_may_be_none_or_as_many_as_fit(void **state)
{
    (void)state;
    char models[LIMIT_KEY_MODELS_BYTES];
    memset(models, 'm', sizeof models - 1);
    models[sizeof models - 1] = '\0';
    struct key_facts none = facts_of("key_1", "");
    struct key_facts full = facts_of("key_2", models);
    struct key_facts out;
    put(1, &none);
    put(2, &full);
    assert_true(find(2, &out));
    assert_string_equal(out.models, models);
    assert_true(find(1, &out)); /* over what stood there before */
    assert_string_equal(out.models, "");
}

static void a_digest_that_differs_in_one_bit_is_another(void **state)
{
    (void)state;
    struct digest digest = digest_of(1);
    struct key_facts facts = facts_of("key_1", "");
    struct key_facts out = {.budget_nusd = 99};
    directory_table_put(&directory, &digest, &facts);
    for (size_t bit = 0; bit < 8 * sizeof digest.bytes; bit++) {
        digest.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_false(directory_table_find(&directory, &digest, &out));
        digest.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_int_equal(out.budget_nusd, 99); /* nothing is written where nothing is found */
    assert_true(directory_table_find(&directory, &digest, &out));
}

static void what_is_put_again_is_replaced(void **state)
{
    (void)state;
    struct key_facts before = facts_of("key_1", "a long list of models");
    struct key_facts after = facts_of("key_1", "b");
    struct digest digest = digest_of(1);
    struct key_facts out;
    after.budget_nusd = 5;
    put(1, &before);
    put(1, &after);
    assert_true(find(1, &out));
    assert_string_equal(out.models, "b");
    assert_int_equal(out.budget_nusd, 5);
    directory_table_remove(&directory, &digest);
    assert_false(find(1, &out)); /* there was one only */
}

static void what_is_removed_is_gone(void **state)
{
    (void)state;
    struct key_facts facts = facts_of("key_1", "");
    struct digest digest = digest_of(1);
    struct key_facts out;
    put(1, &facts);
    put(2, &facts);
    directory_table_remove(&directory, &digest);
    assert_false(find(1, &out));
    assert_true(find(2, &out));
    directory_table_remove(&directory, &digest); /* nothing is there */
    assert_true(find(2, &out));
}

static void revocations_grow_with_what_takes_something_away(void **state)
{
    (void)state;
    struct key_facts facts = facts_of("key_1", "");
    struct digest digest = digest_of(1);
    uint64_t before = revocations();
    put(1, &facts);
    put(1, &facts);
    assert_int_equal(revocations(), before);
    facts.key_disabled = true;
    put(1, &facts);
    assert_true(revocations() > before);
    before = revocations();
    facts.key_disabled = false;
    put(1, &facts);
    assert_int_equal(revocations(), before);
    facts.user_disabled = true;
    put(1, &facts);
    assert_true(revocations() > before);
    before = revocations();
    directory_table_remove(&directory, &digest);
    assert_true(revocations() > before);
}

static void finds_each_of_many(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    char key[16];
    struct key_facts out;
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "key_%u", i);
        struct key_facts facts = facts_of(key, "");
        put(i, &facts);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "key_%u", i);
        assert_true(find(i, &out));
        assert_string_equal(out.key_id.text, key);
    }
    assert_false(find(COUNT, &out));
}

/* ---- threads ---- */

enum { ROUNDS = 100000 };

/* The key is there, whole, and at least as new as the count says: each change of it is a
 * revocation, and has the number of it in its budget. */
static void *look(void *arg)
{
    const uint64_t *before = arg;
    struct key_facts out;
    uint64_t count;
    do {
        count = revocations() - *before;
        assert_true(find(1, &out));
        assert_true(strcmp(out.models, "a") == 0 || strcmp(out.models, "bb\ncc") == 0);
        assert_true(out.budget_nusd >= (int64_t)count);
    } while (count < ROUNDS);
    return NULL;
}

static void who_sees_the_count_sees_the_change(void **state)
{
    (void)state;
    struct key_facts facts[] = {facts_of("key_1", "a"), facts_of("key_1", "bb\ncc")};
    uint64_t before = revocations();
    pthread_t threads[2];
    facts[0].key_disabled = facts[1].key_disabled = true;
    facts[0].budget_nusd = 1;
    put(1, &facts[0]);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, &before), 0);
    for (int round = 2; round <= ROUNDS; round++) {
        facts[round % 2].budget_nusd = round;
        put(1, &facts[round % 2]);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

#define WITH_DIRECTORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIRECTORY(finds_all_that_was_put),
        WITH_DIRECTORY(models_may_be_none_or_as_many_as_fit),
        WITH_DIRECTORY(a_digest_that_differs_in_one_bit_is_another),
        WITH_DIRECTORY(what_is_put_again_is_replaced),
        WITH_DIRECTORY(what_is_removed_is_gone),
        WITH_DIRECTORY(revocations_grow_with_what_takes_something_away),
        WITH_DIRECTORY(finds_each_of_many),
        WITH_DIRECTORY(who_sees_the_count_sees_the_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
