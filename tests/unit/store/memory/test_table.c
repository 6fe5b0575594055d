/* The hash table of embedded nodes: against a plain array, through growth, with hashes that are
 * the same, that share a bucket, or that only look alike. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "store/memory/table.h"

struct item {
    struct table_node node; /* first: nodes are cast back */
    int number;
    bool inside;
    unsigned freed;
};

/* Whether a walk along the chain of `hash` meets this one. */
static bool has(const struct table *table, uint64_t hash, const struct item *item)
{
    for (struct table_node *node = table_first(table, hash); node != NULL;
         node = table_next(node)) {
        assert_int_equal(node->hash, hash);
        if (node == &item->node)
            return true;
    }
    return false;
}

static size_t chain_length(const struct table *table, uint64_t hash)
{
    size_t count = 0;
    for (struct table_node *node = table_first(table, hash); node != NULL; node = table_next(node))
        count++;
    return count;
}

static void count_free(struct table_node *node)
{
    ((struct item *)node)->freed++;
}

static void an_empty_table_has_nothing(void **state)
{
    (void)state;
    struct table table;
    table_init(&table);
    assert_null(table_first(&table, 0));
    assert_null(table_first(&table, UINT64_MAX));
    table_fini(&table, count_free);
    assert_null(table.buckets);
    assert_int_equal(table.node_count, 0);
}

static void equal_hashes_stand_in_one_chain(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    struct item items[COUNT] = {0};
    struct table table;
    const uint64_t hash = 42;
    table_init(&table);
    for (size_t i = 0; i < COUNT; i++)
        table_insert(&table, &items[i].node, hash);
    assert_int_equal(chain_length(&table, hash), COUNT);
    table_remove(&table, &items[0].node);         /* the first that came */
    table_remove(&table, &items[COUNT - 1].node); /* the last */
    table_remove(&table, &items[COUNT / 2].node);
    assert_int_equal(chain_length(&table, hash), COUNT - 3);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(has(&table, hash, &items[i]), i != 0 && i != COUNT - 1 && i != COUNT / 2);
    table_fini(&table, count_free);
}

/* They share a bucket however large the table is, and none is found under another's hash. */
static void a_shared_bucket_keeps_hashes_apart(void **state)
{
    (void)state;
    enum { COUNT = 64 };
    struct item items[COUNT] = {0};
    struct table table;
    table_init(&table);
    for (size_t i = 0; i < COUNT; i++)
        table_insert(&table, &items[i].node, i); /* the bits of a shard only */
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(chain_length(&table, i), 1);
        assert_true(has(&table, i, &items[i]));
    }
    assert_null(table_first(&table, COUNT));
    assert_null(table_first(&table, UINT64_C(1) << 63));
    table_fini(&table, count_free);
}

/* Each node once, of each chain. */
static void fini_hands_over_each_node_once(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static struct item items[COUNT];
    struct table table;
    memset(items, 0, sizeof items);
    table_init(&table);
    for (size_t i = 0; i < COUNT; i++)
        table_insert(&table, &items[i].node, table_hash(&i, sizeof i));
    table_remove(&table, &items[7].node);
    assert_int_equal(table.node_count, COUNT - 1);
    table_fini(&table, count_free);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(items[i].freed, i == 7 ? 0 : 1);
    assert_null(table_first(&table, items[0].node.hash));
}

/* Comes and goes at random, of hashes that are few or many. */
static void knows_what_an_array_knows(void **state)
{
    (void)state;
    enum { COUNT = 600, STEPS = 30000 };
    static struct item items[COUNT];
    struct dice dice = dice_make();
    struct table table;
    size_t inside = 0;
    memset(items, 0, sizeof items);
    table_init(&table);
    for (size_t i = 0; i < COUNT; i++) {
        size_t number = i % 3 == 0 ? dice_below(&dice, 10) : i;
        items[i].node.hash = table_hash(&number, sizeof number);
    }
    for (int step = 0; step < STEPS; step++) {
        struct item *item = &items[dice_below(&dice, COUNT)];
        uint64_t hash = item->node.hash;
        if (item->inside)
            table_remove(&table, &item->node);
        else
            table_insert(&table, &item->node, hash);
        item->inside = !item->inside;
        inside += item->inside ? 1 : (size_t)-1;
        assert_int_equal(table.node_count, inside);
        const struct item *other = &items[dice_below(&dice, COUNT)];
        assert_int_equal(has(&table, other->node.hash, other), other->inside);
    }
    assert_true(table.bucket_count >= 256); /* it has grown */
    assert_int_equal(table.bucket_count & (table.bucket_count - 1), 0);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(has(&table, items[i].node.hash, &items[i]), items[i].inside);
    table_fini(&table, count_free);
}

static void remove_a_stranger(void)
{
    struct item items[2] = {0};
    struct table table;
    table_init(&table);
    table_insert(&table, &items[0].node, 1);
    items[1].node.hash = 1;
    table_remove(&table, &items[1].node);
}

static void to_remove_what_is_not_there_stops_the_program(void **state)
{
    (void)state;
    assert_true(aborts(remove_a_stranger));
}

/* ---- the hash ---- */

static void the_hash_sees_each_byte_and_the_length(void **state)
{
    (void)state;
    unsigned char data[40] = {0};
    for (size_t bytes = 0; bytes < sizeof data; bytes++) {
        uint64_t plain = table_hash(data, bytes);
        assert_int_equal(plain, table_hash(data, bytes));
        assert_true(plain != table_hash(data, bytes + 1)); /* one more zero */
        for (size_t i = 0; i < bytes; i++) {
            data[i] = 1;
            assert_true(plain != table_hash(data, bytes));
            data[i] = 0;
        }
        data[bytes] = 1; /* behind it */
        assert_int_equal(plain, table_hash(data, bytes));
        data[bytes] = 0;
    }
}

/* Ids that follow each other, in the 16 shards and in buckets: none has twice its share. */
static void the_hash_spreads_ids(void **state)
{
    (void)state;
    enum { IDS = 64 * 1024, PLACES = 16 };
    size_t shards[PLACES] = {0};
    size_t buckets[PLACES] = {0};
    for (unsigned i = 0; i < IDS; i++) {
        char id[32];
        int bytes = snprintf(id, sizeof id, "req_01ARZ3NDEKTSV4RRFFQ%07u", i);
        uint64_t hash = table_hash(id, (size_t)bytes);
        shards[hash % PLACES]++;
        buckets[(hash >> 24) % PLACES]++;
    }
    for (size_t i = 0; i < PLACES; i++) {
        assert_in_range(shards[i], IDS / PLACES / 2, 2 * IDS / PLACES);
        assert_in_range(buckets[i], IDS / PLACES / 2, 2 * IDS / PLACES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_nothing),
        cmocka_unit_test(equal_hashes_stand_in_one_chain),
        cmocka_unit_test(a_shared_bucket_keeps_hashes_apart),
        cmocka_unit_test(fini_hands_over_each_node_once),
        cmocka_unit_test(knows_what_an_array_knows),
        cmocka_unit_test(to_remove_what_is_not_there_stops_the_program),
        cmocka_unit_test(the_hash_sees_each_byte_and_the_length),
        cmocka_unit_test(the_hash_spreads_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
