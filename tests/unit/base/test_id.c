#include "base/id.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/support.h"

static void assert_parses(const char *text, const char *prefix, bool expected)
{
    struct id id = {"untouched"};
    if (id_parse(slice_of(text), prefix, &id) != expected)
        fail_msg("%s with prefix %s", text, prefix);
    assert_string_equal(id.text, expected ? text : "untouched");
    assert_int_equal(id_parse(slice_of(text), prefix, NULL), expected);
}

static void has_its_form(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"t", "tx", "req", "user"};
    for (size_t i = 0; i < 4; i++) {
        struct id id;
        memset(&id, 'x', sizeof id);
        id_make(&id, prefixes[i]);
        size_t prefix_chars = strlen(prefixes[i]);
        assert_int_equal(strlen(id.text), prefix_chars + 1 + 26);
        assert_memory_equal(id.text, prefixes[i], prefix_chars);
        assert_int_equal(id.text[prefix_chars], '_');
        assert_parses(id.text, prefixes[i], true);
        assert_parses(id.text, "acct", false);
    }
}

/* The example of the ULID specification: 1469918176385 ms is 01ARYZ6S41. */
static void time_is_as_in_the_specification(void **state)
{
    (void)state;
    struct id id;
    id_make_at(&id, "req", INT64_C(1469918176385));
    assert_memory_equal(id.text, "req_01ARYZ6S41", 14);
    id_make_at(&id, "req", 0);
    assert_memory_equal(id.text, "req_0000000000", 14);
    id_make_at(&id, "req", (INT64_C(1) << 48) - 1);
    assert_memory_equal(id.text, "req_7ZZZZZZZZZ", 14);
    assert_parses(id.text, "req", true);
    id_make_at(&id, "req", -5); /* a clock before 1970 is no reason for an id that does not parse */
    assert_memory_equal(id.text, "req_0000000000", 14);
    id_make_at(&id, "req", INT64_MAX);
    assert_parses(id.text, "req", true);
}

static void made_now(void **state)
{
    (void)state;
    struct id before, id, after;
    id_make_at(&before, "req", clock_wall_ms());
    id_make(&id, "req");
    id_make_at(&after, "req", clock_wall_ms());
    assert_true(memcmp(before.text, id.text, 14) <= 0);
    assert_true(memcmp(id.text, after.text, 14) <= 0);
}

/* The order of the texts is the order of the times. */
static void sorted_by_time(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    struct id last;
    int64_t ms = 0;
    id_make_at(&last, "tx", ms);
    for (int i = 0; i < 20000; i++) {
        ms += 1 + (int64_t)(dice_u64(&dice) >> (24 + dice_below(&dice, 40)) & 0x7ffffffff);
        struct id id;
        id_make_at(&id, "tx", ms);
        assert_true(strcmp(last.text, id.text) < 0);
        last = id;
    }
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct id *)a)->text, ((const struct id *)b)->text);
}

static void unique_within_a_millisecond(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct id *ids = malloc(COUNT * sizeof *ids);
    assert_non_null(ids);
    for (size_t i = 0; i < COUNT; i++)
        id_make_at(&ids[i], "req", INT64_C(1800000000000));
    qsort(ids, COUNT, sizeof *ids, compare_ids);
    for (size_t i = 1; i < COUNT; i++)
        assert_string_not_equal(ids[i - 1].text, ids[i].text);
    free(ids);
}

/* No bit of the 80 is always 0 or always 1, and none is always another one or its opposite: no
 * randomness is lost or used twice. */
static void every_random_bit_is_its_own(void **state)
{
    (void)state;
    enum { BITS = 80, IDS = 100 };
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    static bool bits[BITS][IDS];
    for (int i = 0; i < IDS; i++) {
        struct id id;
        id_make_at(&id, "req", 0);
        for (int b = 0; b < BITS; b++) {
            ptrdiff_t five = strchr(alphabet, id.text[14 + b / 5]) - alphabet;
            bits[b][i] = five >> (4 - b % 5) & 1;
        }
    }
    for (int b = 0; b < BITS; b++) {
        int ones = 0;
        for (int i = 0; i < IDS; i++)
            ones += bits[b][i];
        assert_true(ones > 0 && ones < IDS);
        for (int other = 0; other < b; other++) {
            int same = 0;
            for (int i = 0; i < IDS; i++)
                same += bits[b][i] == bits[other][i];
            assert_true(same > 0 && same < IDS);
        }
    }
}

static void refuses_what_is_no_id(void **state)
{
    (void)state;
    assert_parses("req_01ARYZ6S41TSV4RRFFQ69G5FAV", "req", true);
    static const char *const cases[] = {
        "",
        "req",
        "req_",
        "req_01ARYZ6S41TSV4RRFFQ69G5FA",   /* short */
        "req_01ARYZ6S41TSV4RRFFQ69G5FAVX", /* long */
        "req-01ARYZ6S41TSV4RRFFQ69G5FAV",
        "rex_01ARYZ6S41TSV4RRFFQ69G5FAV",
        "REQ_01ARYZ6S41TSV4RRFFQ69G5FAV",
        "req_01ARYZ6S41TSV4RRFFQ69G5FAI", /* I, L, O and U are not in the alphabet */
        "req_01ARYZ6S41TSV4RRFFQ69G5FAL",
        "req_01ARYZ6S41TSV4RRFFQ69G5FAO",
        "req_01ARYZ6S41TSV4RRFFQ69G5FAU",
        "req_01aryz6s41tsv4rrffq69g5fav", /* one id has one spelling */
        "req_81ARYZ6S41TSV4RRFFQ69G5FAV", /* 129 bits */
        "req_01ARYZ6S41TSV4RRFFQ69G5FA\xc3",
        "req_01ARYZ6S41TSV4RRFFQ69G5FA'",
        "req_01ARYZ6S41TSV4RRFFQ69G5FA ",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_parses(cases[i], "req", false);
    struct slice with_nul = {"req_01ARYZ6S41TSV4RRFFQ69G5FA\0", 30};
    assert_false(id_parse(with_nul, "req", NULL));
    assert_false(id_parse((struct slice){NULL, 0}, "req", NULL));
    assert_parses("prefix_01ARYZ6S41TSV4RRFFQ69G5FAV", "prefix", false);
}

static void make_with_long_prefix(void)
{
    struct id id;
    id_make(&id, "prefix");
}

static void long_prefix_is_a_bug(void **state)
{
    (void)state;
    assert_true(aborts(make_with_long_prefix));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_its_form),
        cmocka_unit_test(time_is_as_in_the_specification),
        cmocka_unit_test(made_now),
        cmocka_unit_test(sorted_by_time),
        cmocka_unit_test(unique_within_a_millisecond),
        cmocka_unit_test(every_random_bit_is_its_own),
        cmocka_unit_test(refuses_what_is_no_id),
        cmocka_unit_test(long_prefix_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
