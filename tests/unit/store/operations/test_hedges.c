/* Hedges in the books: what the attempt costs that did not answer is the operator's, once,
 * whichever provider it is of. */
#include "store/fixture.h"

#include <stdio.h>

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

static void begin(const char *id, const char *exchange_id)
{
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "hedge.begin", "ttttttii", id, exchange_id,
                                "m", "acme", "new", "r", (int64_t)100, (int64_t)1000));
}

static const char *end(const char *id, int64_t won, const char *provider, int64_t cost_nusd)
{
    return fixture_ask(f.store, &f.reply_queue, "hedge.end", "titttttiiiiii", id, won, "answered",
                       "reported", "stop", provider, "old", (int64_t)200, (int64_t)3, (int64_t)0,
                       (int64_t)4, cost_nusd, (int64_t)6);
}

static const char *sales(void)
{
    return fixture_ask(f.store, &f.reply_queue, "sales.summary", "iitt", (int64_t)0,
                       (int64_t)86400000, "provider", "UTC");
}

static void the_operator_pays_the_loser(void **state)
{
    (void)state;
    begin("req_1", "req_a");
    assert_non_null(end("req_1", 1, "first", 80));
    begin("req_2", "req_b");
    assert_non_null(end("req_2", 0, "acme", 7));
    const char *got = sales();
    fixture_assert_has(got, "\"provider\":\"first\"");
    fixture_assert_has(got, "\"hedge_cost\":\"0.000000080\"");
    fixture_assert_has(got, "\"provider\":\"acme\"");
    fixture_assert_has(got, "\"hedge_cost\":\"0.000000007\"");
    fixture_assert_has(got, "\"hedge_cost\":\"0.000000087\"");
    fixture_assert_has(got, "\"profit\":\"-0.000000087\"");
    fixture_assert_has(got, "\"requests\":0");
}

static void it_ends_once(void **state)
{
    (void)state;
    begin("req_1", "req_a");
    assert_non_null(end("req_1", 0, "acme", 7));
    fixture_assert_fails(end("req_1", 0, "acme", 7), "not_found");
    fixture_assert_fails(end("req_2", 0, "acme", 7), "not_found");
    fixture_assert_has(sales(), "\"hedge_cost\":\"0.000000007\"");
}

static void what_nobody_saw_costs_nothing(void **state)
{
    (void)state;
    begin("req_1", "req_a");
    assert_non_null(end("req_1", 0, "acme", -1));
    begin("req_2", "req_a"); /* still runs when the gateway stops */
    fixture_close(&f);
    fixture_reopen(&f);
    fixture_assert_has(sales(), "\"hedge_cost\":\"0.000000000\"");
    assert_non_null(end("req_2", 0, "acme", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_operator_pays_the_loser, setup, teardown),
        cmocka_unit_test_setup_teardown(it_ends_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nobody_saw_costs_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
