/* The order in which candidates are asked: as they are listed, by weight, by latency. */
#include "base/support.h"

#include <string.h>

#include "exchange/route.h"

enum { DRAWS = 20000 };

static struct route made(const struct route_entry *entries, size_t count, enum route_sort sort,
                         uint64_t seed)
{
    struct route route;
    unsigned seen = 0;
    route_make(entries, count, sort, seed, &route);
    assert_int_equal(route.count, count);
    for (size_t i = 0; i < count; i++)
        seen |= 1U << route.places[i];
    assert_int_equal(seen, (1U << count) - 1); /* each once */
    return route;
}

static void as_listed(void **state)
{
    (void)state;
    const struct route_entry entries[3] = {{1, 1, 0}, {2, 9, 0}, {3, 5, 0}};
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct route route = made(entries, 3, ROUTE_AS_LISTED, seed);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(route.places[i], i);
    }
    (void)made(entries, 0, ROUTE_BY_WEIGHT, 1);
}

static void first_places(const struct route_entry *entries, size_t count, enum route_sort sort,
                         int *out)
{
    struct dice dice = dice_make();
    for (int i = 0; i < DRAWS; i++)
        out[made(entries, count, sort, dice_u64(&dice)).places[0]]++;
}

/* Five standard deviations of the dearest share are below 2 % of the draws. */
static void assert_share(int count, int percent)
{
    assert_in_range(count, (percent - 2) * DRAWS / 100, (percent + 2) * DRAWS / 100);
}

static void by_weight(void **state)
{
    (void)state;
    const struct route_entry entries[4] = {{1, 10, 0}, {2, 60, 0}, {3, 30, 0}, {4, 0, 0}};
    int firsts[4] = {0};
    first_places(entries, 4, ROUTE_BY_WEIGHT, firsts);
    assert_share(firsts[0], 10);
    assert_share(firsts[1], 60);
    assert_share(firsts[2], 30);
    assert_int_equal(firsts[3], 0);
    assert_int_equal(made(entries, 4, ROUTE_BY_WEIGHT, 7).places[3], 3); /* the last resort */
}

static void the_same_seed_gives_the_same_order(void **state)
{
    (void)state;
    const struct route_entry entries[4] = {{1, 1, 0}, {2, 1, 0}, {3, 1, 0}, {4, 1, 0}};
    struct dice dice = dice_make();
    for (int i = 0; i < 100; i++) {
        uint64_t seed = dice_u64(&dice);
        struct route one = made(entries, 4, ROUTE_BY_WEIGHT, seed);
        struct route two = made(entries, 4, ROUTE_BY_WEIGHT, seed);
        assert_memory_equal(one.places, two.places, 4);
    }
}

static void by_latency(void **state)
{
    (void)state;
    const struct route_entry entries[4] = {
        {1, 1, 900000}, {2, 1, 100000}, {3, 3, 120000}, {4, 1, 400000}};
    int firsts[4] = {0};
    first_places(entries, 4, ROUTE_BY_LATENCY, firsts);
    assert_share(firsts[1], 25);
    assert_share(firsts[2], 75);
    struct route route = made(entries, 4, ROUTE_BY_LATENCY, 3);
    assert_int_equal(route.places[2], 3);
    assert_int_equal(route.places[3], 0);
    const struct route_entry fresh[2] = {{1, 1, 100}, {2, 1, 0}};
    assert_int_equal(made(fresh, 2, ROUTE_BY_LATENCY, 3).places[0], 1); /* not known yet */
}

/* Latency and throughput are times of different things; less is better in both. */
static void by_throughput(void **state)
{
    (void)state;
    const struct route_entry entries[3] = {{1, 1, 90000000}, {2, 1, 10000000}, {3, 3, 12000000}};
    struct dice dice = dice_make();
    for (int i = 0; i < 100; i++) {
        uint64_t seed = dice_u64(&dice);
        struct route one = made(entries, 3, ROUTE_BY_LATENCY, seed);
        struct route two = made(entries, 3, ROUTE_BY_THROUGHPUT, seed);
        assert_memory_equal(one.places, two.places, 3);
        assert_int_equal(two.places[2], 0);
    }
    const struct route_entry slow[3] = {{1, 0, 300}, {2, 0, 200}, {3, 0, 100}};
    assert_int_equal(made(slow, 3, ROUTE_BY_THROUGHPUT, 1).places[0], 2);
}

/* Each key of a pool comes first as often as the others, and they follow each other. */
static void a_pool_is_one_candidate(void **state)
{
    (void)state;
    const struct route_entry entries[5] = {{7, 1, 0}, {7, 1, 0}, {7, 1, 0}, {8, 3, 0}, {8, 3, 0}};
    int firsts[5] = {0};
    first_places(entries, 5, ROUTE_AS_LISTED, firsts);
    for (size_t i = 0; i < 3; i++)
        assert_share(firsts[i], 33);
    memset(firsts, 0, sizeof firsts);
    first_places(entries, 5, ROUTE_BY_WEIGHT, firsts);
    assert_share(firsts[0] + firsts[1] + firsts[2], 25);
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct route route = made(entries, 5, ROUTE_BY_WEIGHT, seed);
        int changes = 0;
        for (size_t i = 1; i < 5; i++)
            changes += entries[route.places[i]].group != entries[route.places[i - 1]].group;
        assert_int_equal(changes, 1);
    }
}

/* Those below the lead come first, whatever the order; both parts keep theirs. */
static void a_canary_leads(void **state)
{
    (void)state;
    const struct route_entry entries[5] = {{1, 1, 0}, {1, 1, 0}, {2, 3, 0}, {3, 9, 0}, {4, 5, 0}};
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct route plain = made(entries, 5, ROUTE_BY_WEIGHT, seed);
        struct route led = plain;
        uint8_t wanted[5];
        size_t count = 0;
        route_lead(&led, 2);
        for (size_t part = 0; part < 2; part++) {
            for (size_t i = 0; i < 5; i++) {
                if ((plain.places[i] < 2) == (part == 0))
                    wanted[count++] = plain.places[i];
            }
        }
        assert_int_equal(led.count, 5);
        assert_memory_equal(led.places, wanted, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_listed),
        cmocka_unit_test(by_weight),
        cmocka_unit_test(the_same_seed_gives_the_same_order),
        cmocka_unit_test(by_latency),
        cmocka_unit_test(by_throughput),
        cmocka_unit_test(a_pool_is_one_candidate),
        cmocka_unit_test(a_canary_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
