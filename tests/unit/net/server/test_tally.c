/* Counts by client: bounded, exact from many threads, and gone when they are zero. */
#include "base/support.h"

#include <pthread.h>
#include <stdio.h>

#include "base/slice.h"
#include "net/server/tally.h"

static struct tally_key key_of(enum tally_kind kind, const char *text)
{
    struct ip_address address;
    struct tally_key key;
    assert_true(ip_address_parse(slice_of(text), &address));
    tally_key_of_address(kind, &address, &key);
    return key;
}

static void bounds_each_key(void **state)
{
    (void)state;
    struct tally *tally = tally_new();
    struct tally_key one = key_of(TALLY_CONNECTIONS, "192.0.2.1");
    struct tally_key other = key_of(TALLY_CONNECTIONS, "192.0.2.2");
    struct tally_key bodies = key_of(TALLY_ADDRESS_BODIES, "192.0.2.1");
    assert_true(tally_add(tally, &one, 2, 3));
    assert_true(tally_add(tally, &one, 1, 3));
    assert_false(tally_add(tally, &one, 1, 3));
    assert_false(tally_add(tally, &one, SIZE_MAX, SIZE_MAX));
    assert_true(tally_add(tally, &other, 3, 3));
    assert_true(tally_add(tally, &bodies, 3, 3));
    tally_take(tally, &one, 3);
    assert_true(tally_add(tally, &one, 3, 3));
    assert_false(tally_add(tally, &one, 0, 2)); /* the bound may have become lower */
    tally_free(tally);
}

static void an_ipv6_network_is_one_client(void **state)
{
    (void)state;
    struct tally *tally = tally_new();
    struct tally_key one = key_of(TALLY_CONNECTIONS, "2001:db8::1");
    struct tally_key same = key_of(TALLY_CONNECTIONS, "2001:db8::ffff:1:2:3");
    struct tally_key other = key_of(TALLY_CONNECTIONS, "2001:db8:0:1::1");
    assert_true(tally_add(tally, &one, 1, 1));
    assert_false(tally_add(tally, &same, 1, 1));
    assert_true(tally_add(tally, &other, 1, 1));
    tally_free(tally);
}

enum { THREADS = 4, ROUNDS = 2000, ADDRESSES = 50 };

/* All that it adds it takes again. */
static void *come_and_go(void *arg)
{
    struct tally *tally = arg;
    for (int round = 0; round < ROUNDS; round++) {
        char text[32];
        snprintf(text, sizeof text, "192.0.2.%d", round % ADDRESSES);
        struct tally_key key = key_of(TALLY_CONNECTIONS, text);
        if (tally_add(tally, &key, 1, THREADS - 1))
            tally_take(tally, &key, 1);
    }
    return NULL;
}

static void counts_from_many_threads(void **state)
{
    (void)state;
    struct tally *tally = tally_new();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, tally), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < ADDRESSES; i++) {
        char text[32];
        snprintf(text, sizeof text, "192.0.2.%d", i);
        struct tally_key key = key_of(TALLY_CONNECTIONS, text);
        assert_true(tally_add(tally, &key, 1, 1)); /* it was zero */
    }
    tally_free(tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_each_key),
        cmocka_unit_test(an_ipv6_network_is_one_client),
        cmocka_unit_test(counts_from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
