/* Shadows in the books: the limit of a day is kept to the nano-dollar, over restarts, and the cost
 * is the operator's. */
#include "store/fixture.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_verify(f.path, NULL);
    fixture_fini(&f);
    return 0;
}

/* Returns whether it may be sent. */
static bool begin(const char *id, const char *model, int64_t held_nusd, int64_t limit_nusd,
                  int64_t created_ms)
{
    const char *got =
        fixture_ask(f.store, &f.reply_queue, "shadow.begin", "ttttttiiii", id, "req_x", model,
                    "acme", "new", "r", (int64_t)1, held_nusd, limit_nusd, created_ms);
    assert_non_null(got);
    return strcmp(got, SHADOW_HELD) == 0;
}

static const char *end(const char *id, int64_t cost_nusd)
{
    return fixture_ask(f.store, &f.reply_queue, "shadow.end", "tttttiiiiiii", id, "answered",
                       "reported", "stop", "acme", (int64_t)200, (int64_t)3, (int64_t)0, (int64_t)4,
                       cost_nusd, (int64_t)5, (int64_t)6);
}

static void the_limit_is_kept(void **state)
{
    (void)state;
    assert_false(begin("req_0", "m", 101, 100, DAY_MS));
    assert_true(begin("req_1", "m", 60, 100, DAY_MS));
    assert_false(begin("req_2", "m", 41, 100, DAY_MS)); /* the hold counts while it runs */
    assert_true(begin("req_3", "m", 40, 100, DAY_MS));  /* to the nano-dollar */
    assert_true(begin("req_4", "other", 100, 100, DAY_MS));
    assert_true(begin("req_5", "m", 100, 100, 2 * DAY_MS)); /* another day */
    assert_non_null(end("req_1", 10));
    assert_false(begin("req_6", "m", 51, 100, DAY_MS));
    assert_true(begin("req_7", "m", 50, 100, DAY_MS));
    assert_false(begin("req_8", "m", 0, 99, DAY_MS)); /* the limit was lowered */
}

static void a_restart_forgets_nothing(void **state)
{
    (void)state;
    assert_true(begin("req_1", "m", 60, 100, DAY_MS));
    assert_true(begin("req_2", "m", 40, 100, DAY_MS));
    assert_non_null(end("req_1", 30));
    fixture_close(&f);
    fixture_reopen(&f);
    assert_false(begin("req_3", "m", 31, 100, DAY_MS));
    assert_true(begin("req_4", "m", 30, 100, DAY_MS));
    assert_non_null(end("req_2", 40)); /* what ran goes on */
}

static void what_may_be_billed_unseen_counts(void **state)
{
    (void)state;
    assert_true(begin("req_1", "m", 60, 100, DAY_MS));
    assert_non_null(end("req_1", -1));
    assert_false(begin("req_2", "m", 41, 100, DAY_MS));
    assert_true(begin("req_3", "m", 40, 100, DAY_MS));
    assert_non_null(end("req_3", 0)); /* nothing was billed */
    assert_true(begin("req_4", "m", 40, 100, DAY_MS));
}

static void it_ends_once(void **state)
{
    (void)state;
    assert_true(begin("req_1", "m", 60, 100, DAY_MS));
    assert_non_null(end("req_1", 7));
    fixture_assert_fails(end("req_1", 7), "not_found");
    fixture_assert_fails(end("req_2", 7), "not_found");
}

static void the_operator_pays(void **state)
{
    (void)state;
    assert_true(begin("req_1", "m", 60, 100, DAY_MS));
    assert_non_null(end("req_1", 80)); /* more than it was to cost at most */
    const char *got = fixture_ask(f.store, &f.reply_queue, "sales.summary", "iitt", (int64_t)0,
                                  3 * DAY_MS, "provider", "UTC");
    fixture_assert_has(got, "\"provider\":\"acme\"");
    fixture_assert_has(got, "\"requests\":0");
    fixture_assert_has(got, "\"cost\":\"0.000000080\"");
    fixture_assert_has(got, "\"shadow_cost\":\"0.000000080\"");
    fixture_assert_has(got, "\"profit\":\"-0.000000080\"");
    assert_false(begin("req_2", "m", 21, 100, DAY_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_limit_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_forgets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_may_be_billed_unseen_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(it_ends_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_operator_pays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
