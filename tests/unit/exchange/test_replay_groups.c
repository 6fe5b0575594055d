/* Sums by name: bounded, exact, and in the order in which an operator wants to read them. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "exchange/replay_groups.h"

static struct replay_groups groups;

static int tear_down(void **state)
{
    (void)state;
    replay_groups_fini(&groups);
    return 0;
}

static struct replay_group *add(const char *name, struct replay_sums sums)
{
    struct replay_group *group = replay_groups_find(&groups, name);
    if (group == NULL)
        group = replay_groups_add(&groups, name, "label", "vip");
    assert_true(replay_sums_add(&group->sums, &sums));
    return group;
}

static void many_names_keep_their_sums(void **state)
{
    char name[16];
    (void)state;
    replay_groups_init(&groups, 1000);
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < 1000; i++) {
            snprintf(name, sizeof name, "m%d", i);
            add(name, (struct replay_sums){.calls = i, .cost_now_nusd = turn});
        }
    }
    assert_int_equal(groups.count, 1000);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "m%d", i);
        const struct replay_group *group = replay_groups_find(&groups, name);
        assert_non_null(group);
        assert_string_equal(group->name, name);
        assert_string_equal(group->label, "label");
        assert_string_equal(group->group, "vip");
        assert_int_equal(group->sums.calls, 3 * i);
        assert_int_equal(group->sums.cost_now_nusd, 3);
    }
    assert_null(groups.others);
}

static void what_has_no_room_is_added_up_in_one(void **state)
{
    (void)state;
    replay_groups_init(&groups, 2);
    add("a", (struct replay_sums){.calls = 1});
    add("b", (struct replay_sums){.calls = 2});
    struct replay_group *others = add("c", (struct replay_sums){.calls = 4});
    assert_ptr_equal(add("d", (struct replay_sums){.calls = 8}), others);
    assert_ptr_equal(groups.others, others);
    assert_int_equal(others->sums.calls, 12);
    assert_string_equal(others->name, "");
    assert_string_equal(others->label, "");
    assert_int_equal(add("a", (struct replay_sums){.calls = 16})->sums.calls, 17);
    assert_int_equal(groups.count, 3);
    replay_groups_sort(&groups);
    assert_ptr_equal(groups.list[2], others);
}

static void below_zero_first_then_the_largest_change(void **state)
{
    static const char *const wanted[] = {
        "large loss", "small loss", "large change", "cost", "a", "b", ""};
    (void)state;
    replay_groups_init(&groups, 6);
    add("b", (struct replay_sums){.calls = 9});
    add("a", (struct replay_sums){.calls = 1});
    add("large change", (struct replay_sums){.charge_then_nusd = 100, .charge_now_nusd = 10});
    add("small loss", (struct replay_sums){.charge_now_nusd = 1000, .cost_now_nusd = 1001});
    add("cost", (struct replay_sums){.charge_then_nusd = 80,
                                     .charge_now_nusd = 80,
                                     .cost_then_nusd = 10,
                                     .cost_now_nusd = 80});
    add("large loss", (struct replay_sums){.charge_now_nusd = 5, .cost_now_nusd = 7});
    add("others", (struct replay_sums){.cost_now_nusd = 1000});
    replay_groups_sort(&groups);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_string_equal(groups.list[i]->name, wanted[i]);
}

static void a_loss_may_be_allowed(void **state)
{
    (void)state;
    replay_groups_init(&groups, 1);
    struct replay_sums sums = {.charge_now_nusd = 10, .cost_now_nusd = 10};
    assert_false(replay_sums_loses(&sums));
    sums.cost_now_nusd = 15;
    assert_true(replay_sums_loses(&sums));
    sums.allowed_loss_nusd = 4;
    assert_true(replay_sums_loses(&sums));
    sums.allowed_loss_nusd = 5;
    assert_false(replay_sums_loses(&sums));
}

static void a_sum_above_every_bound_changes_nothing(void **state)
{
    (void)state;
    replay_groups_init(&groups, 1);
    struct replay_sums sums = {.calls = 1, .cost_now_nusd = INT64_MAX / 4 - 1};
    const struct replay_sums one = {.calls = 1, .cost_now_nusd = 1};
    assert_true(replay_sums_add(&sums, &one));
    assert_false(replay_sums_add(&sums, &one));
    assert_int_equal(sums.calls, 2);
    assert_int_equal(sums.cost_now_nusd, INT64_MAX / 4);
}

#define WITH_GROUPS(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_GROUPS(many_names_keep_their_sums),
        WITH_GROUPS(what_has_no_room_is_added_up_in_one),
        WITH_GROUPS(below_zero_first_then_the_largest_change),
        WITH_GROUPS(a_loss_may_be_allowed),
        WITH_GROUPS(a_sum_above_every_bound_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
