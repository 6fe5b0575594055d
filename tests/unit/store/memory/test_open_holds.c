/* The mirror of the open holds: a hold ends at most once, by a settlement of its own or by time,
 * and what did not come about leaves it open. */
#include "base/support.h"

#include <stdio.h>

#include "store/memory/open_holds.h"

static struct id id_of(const char *text)
{
    struct id id;
    snprintf(id.text, sizeof id.text, "%s", text);
    return id;
}

static struct ledger_hold hold_of(const char *exchange, int64_t amount_nusd)
{
    return (struct ledger_hold){.exchange_id = id_of(exchange),
                                .account_id = id_of("acct_a"),
                                .key_id = id_of("key_a"),
                                .amount_nusd = amount_nusd};
}

static struct ledger_settlement settlement_of(const char *exchange, int64_t held_nusd,
                                              int64_t extended_nusd)
{
    return (struct ledger_settlement){.record = {.exchange_id = id_of(exchange),
                                                 .account_id = id_of("acct_a"),
                                                 .key_id = id_of("key_a")},
                                      .held_nusd = held_nusd,
                                      .extended_nusd = extended_nusd};
}

static struct open_holds holds;
static const struct id one = {"req_1"};

/* One hold, req_1, of 100. */
static int set_up(void **state)
{
    (void)state;
    struct ledger_hold hold = hold_of("req_1", 100);
    open_holds_init(&holds);
    open_holds_add(&holds, &hold);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    open_holds_fini(&holds);
    return 0;
}

static bool settle(const char *exchange, int64_t held_nusd, int64_t extended_nusd)
{
    struct ledger_settlement settlement = settlement_of(exchange, held_nusd, extended_nusd);
    return open_holds_begin_end(&holds, &settlement);
}

static void has_what_was_added_until_it_is_removed(void **state)
{
    (void)state;
    const struct id two = id_of("req_2");
    struct ledger_hold hold = hold_of("req_2", 0);
    assert_true(open_holds_has(&holds, &one));
    assert_false(open_holds_has(&holds, &two));
    open_holds_remove(&holds, &two); /* nothing */
    open_holds_add(&holds, &hold);
    open_holds_remove(&holds, &one);
    assert_false(open_holds_has(&holds, &one));
    assert_true(open_holds_has(&holds, &two));
    assert_false(settle("req_1", 100, 0));
    assert_true(settle("req_2", 0, 0)); /* a hold of nothing is one like any other */
}

static void a_hold_is_ended_once(void **state)
{
    (void)state;
    assert_true(settle("req_1", 100, 0));
    assert_false(settle("req_1", 100, 0));
    assert_true(open_holds_has(&holds, &one)); /* until it is removed */
    assert_false(settle("req_3", 100, 0));
}

static void extensions_are_no_part_of_what_is_on_disk(void **state)
{
    (void)state;
    assert_false(settle("req_1", 150, 0));
    assert_false(settle("req_1", 100, 50));
    assert_false(settle("req_1", 150, 51));
    assert_true(settle("req_1", 150, 50));
}

static void a_settlement_of_something_else_does_not_end_it(void **state)
{
    (void)state;
    struct ledger_settlement wrong = settlement_of("req_1", 100, 0);
    wrong.record.account_id = id_of("acct_b");
    assert_false(open_holds_begin_end(&holds, &wrong));
    wrong = settlement_of("req_1", 100, 0);
    wrong.record.key_id = id_of("key_b");
    assert_false(open_holds_begin_end(&holds, &wrong));
    wrong = settlement_of("req_1", 99, 0);
    assert_false(open_holds_begin_end(&holds, &wrong));
    assert_true(settle("req_1", 100, 0)); /* nothing of that has marked it */
}

static void an_end_may_be_taken_back(void **state)
{
    (void)state;
    const struct id stranger = id_of("req_3");
    assert_true(settle("req_1", 100, 0));
    open_holds_cancel_end(&holds, &one);
    open_holds_cancel_end(&holds, &stranger); /* nothing */
    assert_true(settle("req_1", 100, 0));
    open_holds_cancel_end(&holds, &one);
    assert_true(open_holds_expire(&holds, &one));
}

static void what_expires_is_not_settled(void **state)
{
    (void)state;
    assert_true(open_holds_expire(&holds, &one));
    assert_false(settle("req_1", 100, 0));
    assert_true(open_holds_expire(&holds, &one)); /* for good: asked again it says the same */
    assert_true(open_holds_has(&holds, &one));
}

static void what_is_settled_does_not_expire(void **state)
{
    (void)state;
    const struct id stranger = id_of("req_3");
    assert_false(open_holds_expire(&holds, &stranger));
    assert_true(settle("req_1", 100, 0));
    assert_false(open_holds_expire(&holds, &one));
}

static void finds_each_of_many(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    char text[16];
    for (int i = 10; i < COUNT; i++) {
        snprintf(text, sizeof text, "req_%d", i);
        struct ledger_hold hold = hold_of(text, i);
        open_holds_add(&holds, &hold);
    }
    for (int i = 10; i < COUNT; i++) {
        snprintf(text, sizeof text, "req_%d", i);
        const struct id id = id_of(text);
        assert_false(settle(text, i + 1, 0));
        assert_true(settle(text, i, 0));
        open_holds_remove(&holds, &id);
        assert_false(open_holds_has(&holds, &id));
    }
    assert_true(open_holds_has(&holds, &one));
}

#define WITH_HOLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOLD(has_what_was_added_until_it_is_removed),
        WITH_HOLD(a_hold_is_ended_once),
        WITH_HOLD(extensions_are_no_part_of_what_is_on_disk),
        WITH_HOLD(a_settlement_of_something_else_does_not_end_it),
        WITH_HOLD(an_end_may_be_taken_back),
        WITH_HOLD(what_expires_is_not_settled),
        WITH_HOLD(what_is_settled_does_not_expire),
        WITH_HOLD(finds_each_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
