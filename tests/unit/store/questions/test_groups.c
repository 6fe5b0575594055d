/* Sums by group: against the sums of a plain array, in the order that is promised, and no more
 * groups than there is room for. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "store/questions/groups.h"

static struct db db;

static int open_memory(void **state)
{
    struct fault fault;
    (void)state;
    return db_open(&db, ":memory:", DB_READ, &fault) ? 0 : -1;
}

static int close_memory(void **state)
{
    (void)state;
    db_close(&db);
    return 0;
}

/* A row of a text, 1, 20, 300, ... up to the tenth number, each times `factor`. */
static void add(struct groups *groups, int64_t day, const char *first, const char *second,
                int64_t factor, int sum_count)
{
    static const char sql[] = "SELECT 'x', ?1, 20*?1, 300*?1, 4000*?1, 50000*?1, 600000*?1,"
                              " 7000000*?1, 80000000*?1, 900000000*?1, 10000000000*?1";
    struct row *row = db_bind(&db, sql, DB_VALUES(bind_int(factor)));
    assert_non_null(row);
    assert_true(db_row(&db, row));
    groups_add(groups, day, first, second, row, 1, sum_count);
    db_leave(row);
}

static const int64_t ones[GROUP_SUMS] = {1,      20,      300,      4000,      50000,
                                         600000, 7000000, 80000000, 900000000, 10000000000};

static void assert_sums(const int64_t *sums, int64_t factor, int count)
{
    for (int i = 0; i < GROUP_SUMS; i++)
        assert_int_equal(sums[i], i < count ? ones[i] * factor : 0);
}

static void rows_of_a_group_add_up(void **state)
{
    (void)state;
    struct groups groups;
    groups_init(&groups, 10);
    add(&groups, 1, "a", "b", 1, GROUP_SUMS);
    add(&groups, 1, "a", "b", 2, GROUP_SUMS);
    add(&groups, 2, "a", "b", 10, GROUP_SUMS);
    add(&groups, 1, "a", "b", 4, GROUP_SUMS); /* again, behind another */
    struct group **sorted = groups_sorted(&groups);
    assert_int_equal(groups.table.node_count, 2);
    assert_sums(sorted[0]->sums, 10, GROUP_SUMS);
    assert_sums(sorted[1]->sums, 7, GROUP_SUMS);
    assert_sums(groups.totals, 17, GROUP_SUMS);
    assert_false(groups.too_many);
    free(sorted);
    groups_fini(&groups);
}

/* Its last sums stay 0, and so do those of the totals. */
static void only_so_many_sums_are_added(void **state)
{
    (void)state;
    for (int count = 0; count <= GROUP_SUMS; count++) {
        struct groups groups;
        groups_init(&groups, 10);
        add(&groups, 0, "a", "", 3, count);
        struct group **sorted = groups_sorted(&groups);
        assert_sums(sorted[0]->sums, 3, count);
        assert_sums(groups.totals, 3, count);
        free(sorted);
        groups_fini(&groups);
    }
}

static void day_and_both_names_make_a_group(void **state)
{
    (void)state;
    struct groups groups;
    groups_init(&groups, 10);
    add(&groups, 0, "a", "b", 1, 1);
    add(&groups, 0, "b", "a", 1, 1);
    add(&groups, 0, "ab", "", 1, 1);
    add(&groups, 0, "", "ab", 1, 1);
    add(&groups, 0, "A", "b", 1, 1);
    add(&groups, -1, "a", "b", 1, 1);
    assert_int_equal(groups.table.node_count, 6);
    groups_fini(&groups);
}

/* The names are the caller's again after the call. */
static void names_are_copied(void **state)
{
    (void)state;
    struct groups groups;
    char first[] = "one";
    char second[] = "two";
    groups_init(&groups, 10);
    add(&groups, 5, first, second, 1, 1);
    memset(first, 'x', 3);
    memset(second, 'y', 3);
    struct group **sorted = groups_sorted(&groups);
    assert_string_equal(sorted[0]->first, "one");
    assert_string_equal(sorted[0]->second, "two");
    assert_int_equal(sorted[0]->day, 5);
    free(sorted);
    groups_fini(&groups);
}

static void the_latest_day_then_the_highest_charge_then_names(void **state)
{
    (void)state;
    struct groups groups;
    groups_init(&groups, 10);
    add(&groups, 1, "rich", "", 9, GROUP_SUMS);
    add(&groups, 2, "b", "b", 1, GROUP_SUMS);
    add(&groups, 2, "b", "a", 1, GROUP_SUMS);
    add(&groups, 2, "a", "z", 1, GROUP_SUMS);
    add(&groups, 2, "z", "z", 2, GROUP_SUMS);
    add(&groups, 3, "poor", "", 0, GROUP_SUMS);
    static const char *const expected[][2] = {{"poor", ""}, {"z", "z"}, {"a", "z"},
                                              {"b", "a"},   {"b", "b"}, {"rich", ""}};
    struct group **sorted = groups_sorted(&groups);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_string_equal(sorted[i]->first, expected[i][0]);
        assert_string_equal(sorted[i]->second, expected[i][1]);
    }
    free(sorted);
    groups_fini(&groups);
}

static void none_is_sorted_too(void **state)
{
    (void)state;
    struct groups groups;
    groups_init(&groups, 10);
    struct group **sorted = groups_sorted(&groups);
    assert_non_null(sorted);
    free(sorted);
    groups_fini(&groups);
}

/* What came then is in no sum: a total of less than all would be a lie without `too_many`. */
static void there_are_only_so_many_groups(void **state)
{
    (void)state;
    struct groups groups;
    groups_init(&groups, 2);
    add(&groups, 0, "a", "", 1, 1);
    add(&groups, 0, "b", "", 1, 1);
    assert_false(groups.too_many);
    add(&groups, 0, "c", "", 1, 1);
    assert_true(groups.too_many);
    assert_int_equal(groups.table.node_count, 2);
    assert_int_equal(groups.totals[GROUP_REQUESTS], 2);
    add(&groups, 0, "a", "", 1, 1); /* one that is there goes on */
    assert_int_equal(groups.totals[GROUP_REQUESTS], 3);
    assert_true(groups.too_many);
    groups_fini(&groups);
}

static void many_groups_are_kept_apart(void **state)
{
    (void)state;
    enum { NAMES = 26, DAYS = 40, STEPS = 20000 };
    static int64_t expected[DAYS][NAMES];
    struct dice dice = dice_make();
    struct groups groups;
    memset(expected, 0, sizeof expected);
    groups_init(&groups, NAMES * DAYS);
    for (int step = 0; step < STEPS; step++) {
        size_t day = dice_below(&dice, DAYS);
        size_t name = dice_below(&dice, NAMES);
        const char text[] = {(char)('a' + name), '\0'};
        add(&groups, (int64_t)day, "m", text, 1, 1);
        expected[day][name]++;
    }
    struct group **sorted = groups_sorted(&groups);
    for (size_t i = 0; i < groups.table.node_count; i++) {
        int64_t *count = &expected[sorted[i]->day][sorted[i]->second[0] - 'a'];
        assert_int_equal(sorted[i]->sums[GROUP_REQUESTS], *count);
        *count = 0;
    }
    for (size_t i = 0; i < DAYS * NAMES; i++)
        assert_int_equal(expected[i / NAMES][i % NAMES], 0);
    assert_int_equal(groups.totals[GROUP_REQUESTS], STEPS);
    free(sorted);
    groups_fini(&groups);
}

static void counts_are_members_without_money(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 1024);
    buffer_append_char(&out, '{');
    groups_render_counts(&out, ones, &(struct unit_counts){.input = 0});
    buffer_append_char(&out, '}');
    assert_true(slice_equals(buffer_slice(&out),
                             "{\"requests\":1,\"errors\":20,\"input_tokens\":300,"
                             "\"cached_input_tokens\":4000,\"output_tokens\":50000,"
                             "\"reasoning_tokens\":600000}"));
    buffer_fini(&out);
}

static void units_add_up_beside_the_sums(void **state)
{
    (void)state;
    struct groups groups;
    struct buffer out;
    groups_init(&groups, 2);
    groups_add_unit(&groups, 1, "a", "", "web_search", 3);
    groups_add_unit(&groups, 1, "a", "", "cache_write", INT64_C(5000000000));
    groups_add_unit(&groups, 2, "a", "", "web_search", 4);
    groups_add_unit(&groups, 2, "a", "", "no_such_unit", 4);
    assert_false(groups.too_many);
    groups_add_unit(&groups, 3, "a", "", "web_search", 4);
    assert_true(groups.too_many);
    struct group **sorted = groups_sorted(&groups);
    assert_int_equal(sorted[0]->units.web_search, 4);
    assert_int_equal(sorted[1]->units.web_search, 3);
    buffer_init(&out, 1024);
    buffer_append_char(&out, '{');
    groups_render_counts(&out, groups.totals, &groups.total_units);
    buffer_append_char(&out, '}');
    assert_true(slice_equals(buffer_slice(&out),
                             "{\"requests\":0,\"errors\":0,\"input_tokens\":0,"
                             "\"cached_input_tokens\":0,\"output_tokens\":0,"
                             "\"reasoning_tokens\":0,"
                             "\"units\":{\"cache_write\":5000000000,\"web_search\":7}}"));
    buffer_fini(&out);
    free(sorted);
    groups_fini(&groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_group_add_up),
        cmocka_unit_test(only_so_many_sums_are_added),
        cmocka_unit_test(day_and_both_names_make_a_group),
        cmocka_unit_test(names_are_copied),
        cmocka_unit_test(the_latest_day_then_the_highest_charge_then_names),
        cmocka_unit_test(none_is_sorted_too),
        cmocka_unit_test(there_are_only_so_many_groups),
        cmocka_unit_test(many_groups_are_kept_apart),
        cmocka_unit_test(counts_are_members_without_money),
        cmocka_unit_test(units_add_up_beside_the_sums),
    };
    return cmocka_run_group_tests(tests, open_memory, close_memory);
}
