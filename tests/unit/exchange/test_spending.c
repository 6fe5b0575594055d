/* What providers cost a day: spending.h. */
#include "base/support.h"

#include <pthread.h>
#include <stdio.h>

#include "exchange/spending.h"

enum { CAP_NUSD = 1000, THREADS = 4, ROUNDS = 2000 };
#define NOON_MS (INT64_C(20000) * 86400000 + 43200000)
#define NEXT_DAY_MS (NOON_MS + 86400000)

static struct spending *spending;
static struct spending_place *place;

static int set_up(void **state)
{
    (void)state;
    spending = spending_new();
    place = spending_of(spending, "one");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    spending_free(spending);
    return 0;
}

static bool reserve(int64_t nusd, int64_t wall_ms, enum spending_news expected)
{
    enum spending_news news;
    enum spending_room room = spending_reserve(place, CAP_NUSD, nusd, wall_ms, &news);
    assert_int_equal(news, expected);
    return room == SPENDING_ROOM;
}

static void check_view(int64_t wall_ms, int64_t spent_nusd, int64_t reserved_nusd)
{
    struct spending_view view = spending_look(place, wall_ms);
    assert_int_equal(view.spent_nusd, spent_nusd);
    assert_int_equal(view.reserved_nusd, reserved_nusd);
}

static void a_place_is_found_by_its_name(void **state)
{
    (void)state;
    char name[8];
    assert_ptr_equal(spending_of(spending, "one"), place);
    assert_ptr_not_equal(spending_of(spending, "two"), place);
    for (int i = 0; i < 254; i++) {
        snprintf(name, sizeof name, "p%d", i);
        assert_non_null(spending_of(spending, name));
    }
    assert_null(spending_of(spending, "no room"));
    assert_ptr_equal(spending_of(spending, "one"), place);
}

static void nothing_begins_above_the_cap(void **state)
{
    (void)state;
    assert_true(reserve(CAP_NUSD, NOON_MS, SPENDING_SAME)); /* the whole of it */
    assert_false(reserve(1, NOON_MS, SPENDING_SAME));       /* nothing is spent yet */
    spending_release(place, CAP_NUSD);
    assert_false(reserve(CAP_NUSD + 1, NOON_MS, SPENDING_SAME)); /* too large by itself */
    assert_int_equal(spending_add(place, CAP_NUSD, 500, NOON_MS), SPENDING_SAME);
    assert_false(reserve(501, NOON_MS, SPENDING_SAME)); /* a large one */
    assert_true(reserve(500, NOON_MS, SPENDING_SAME));
    check_view(NOON_MS, 500, 500);
}

static void the_operator_is_told_in_time(void **state)
{
    (void)state;
    assert_int_equal(spending_add(place, CAP_NUSD, 799, NOON_MS), SPENDING_SAME);
    assert_int_equal(spending_add(place, CAP_NUSD, 1, NOON_MS), SPENDING_NEAR);
    assert_int_equal(spending_add(place, CAP_NUSD, 1, NOON_MS), SPENDING_SAME);
    assert_false(reserve(300, NOON_MS, SPENDING_REACHED));
    assert_false(reserve(300, NOON_MS, SPENDING_SAME)); /* told once a day */
    assert_int_equal(spending_add(place, CAP_NUSD, 1, NEXT_DAY_MS), SPENDING_SAME);
    assert_int_equal(spending_add(place, CAP_NUSD, 800, NEXT_DAY_MS), SPENDING_NEAR);
}

/* A stream that runs goes on: what it takes beyond what it had reserved keeps others away. */
static void what_grows_counts_at_once(void **state)
{
    (void)state;
    assert_true(reserve(600, NOON_MS, SPENDING_SAME));
    spending_reserve_more(place, 700);
    check_view(NOON_MS, 0, 1300);
    assert_false(reserve(1, NOON_MS, SPENDING_SAME));
    spending_release(place, 1300);
    assert_int_equal(spending_add(place, CAP_NUSD, 1000, NOON_MS), SPENDING_NEAR);
    assert_int_equal(spending_add(place, CAP_NUSD, 300, NOON_MS), SPENDING_ABOVE);
    assert_int_equal(spending_add(place, CAP_NUSD, 1, NOON_MS), SPENDING_SAME);
}

static void without_a_cap_nothing_is_told(void **state)
{
    (void)state;
    assert_int_equal(spending_add(place, 0, CAP_NUSD, NOON_MS), SPENDING_SAME);
    check_view(NOON_MS, CAP_NUSD, 0);
}

static void a_day_begins_at_midnight(void **state)
{
    (void)state;
    assert_true(reserve(300, NOON_MS, SPENDING_SAME)); /* it runs over midnight */
    (void)spending_add(place, CAP_NUSD, 700, NOON_MS);
    assert_false(reserve(1, NEXT_DAY_MS - 43200001, SPENDING_SAME));
    assert_true(reserve(700, NEXT_DAY_MS - 43200000, SPENDING_SAME));
    check_view(NEXT_DAY_MS, 0, 1000);
    check_view(NOON_MS, 0, 1000); /* the clock was set back: no day begins */
}

static void what_is_too_much_to_count_is_too_much(void **state)
{
    (void)state;
    (void)spending_add(place, CAP_NUSD, INT64_MAX, NOON_MS);
    (void)spending_add(place, CAP_NUSD, INT64_MAX, NOON_MS);
    assert_false(reserve(1, NOON_MS, SPENDING_SAME)); /* that it is exceeded was told */
    check_view(NOON_MS, INT64_MAX, 0);
}

static void *spend(void *arg)
{
    (void)arg;
    enum spending_news news;
    for (int i = 0; i < ROUNDS; i++) {
        struct spending_place *own = spending_of(spending, "shared");
        if (spending_reserve(own, ROUNDS, 2, NOON_MS, &news) != SPENDING_ROOM)
            continue;
        (void)spending_add(own, ROUNDS, 1, NOON_MS);
        spending_release(own, 2);
    }
    return NULL;
}

/* However many threads: what is spent never exceeds the cap. */
static void threads_share_a_cap(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, spend, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct spending_view view = spending_look(spending_of(spending, "shared"), NOON_MS);
    assert_int_equal(view.reserved_nusd, 0);
    assert_int_equal(view.spent_nusd, ROUNDS - 1); /* the last one would hold two */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_place_is_found_by_its_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_begins_above_the_cap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_operator_is_told_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_grows_counts_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_cap_nothing_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_day_begins_at_midnight, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_much_to_count_is_too_much, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_share_a_cap, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
