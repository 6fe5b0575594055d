/* Test calls in the books: what they cost is the operator's, once. */
#include "store/fixture.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;
static char id[64];

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

static void begin(void)
{
    const char *got = fixture_ask(f.store, &f.reply_queue, "provider.test", "tttii", "m", "acme",
                                  "inner", (int64_t)0, (int64_t)0);
    assert_non_null(got);
    assert_int_equal(sscanf(got, "{\"id\":\"%63[^\"]\"}", id), 1);
}

static const char *end(const char *words, int64_t cost_nusd)
{
    return fixture_ask(f.store, &f.reply_queue, "provider.test_end", "tttttiiiiii", id, "answered",
                       words, "reported", "stop", (int64_t)200, (int64_t)3, (int64_t)1, (int64_t)4,
                       cost_nusd, (int64_t)6000);
}

static const char *result(void)
{
    return fixture_ask(f.store, &f.reply_queue, "provider.test_result", "t", id);
}

static const char *sales(void)
{
    return fixture_ask(f.store, &f.reply_queue, "sales.summary", "nntt", "provider", "UTC");
}

static void the_operator_pays(void **state)
{
    (void)state;
    begin();
    assert_null(result()); /* it runs */
    assert_non_null(end("", 80));
    fixture_assert_has(result(), "\"provider\":\"acme\",\"provider_model\":\"inner\","
                                 "\"outcome\":\"answered\",\"words\":null,\"status\":200,"
                                 "\"finish_reason\":\"stop\",\"input_tokens\":4,"
                                 "\"output_tokens\":4,\"cost\":\"0.000000080\","
                                 "\"billed_unseen\":false,\"total_ms\":6}");
    const char *got = sales();
    fixture_assert_has(got, "\"test_cost\":\"0.000000080\",\"profit\":\"-0.000000080\"");
    fixture_assert_has(got, "\"requests\":0");
}

static void it_ends_once(void **state)
{
    (void)state;
    begin();
    assert_non_null(end("no", 80));
    assert_null(end("no", 80));
    fixture_assert_has(result(), "\"words\":\"no\"");
    fixture_assert_has(sales(), "\"test_cost\":\"0.000000080\"");
}

static void what_may_be_billed_unseen_costs_nothing(void **state)
{
    (void)state;
    begin();
    assert_non_null(end("no", -1));
    fixture_assert_has(result(), "\"cost\":\"0.000000000\",\"billed_unseen\":true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_operator_pays, setup, teardown),
        cmocka_unit_test_setup_teardown(it_ends_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_may_be_billed_unseen_costs_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
