/* Corrections downwards, against the reference ledger: random credits, corrections, holds,
 * extensions and settlements of one account, by the server and beside it, with restarts. */
#include "store/fixture.h"
#include "store/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_internal.h"

enum { SLOTS = 6, OPERATIONS = 120, WAIT_MS = 5000, KEY = 0, ACCOUNT = 0 };

static struct fixture f;
static struct customer ann;
static struct model model;
static struct ledger_hold holds[SLOTS];
static struct ledger_settlement settlements[SLOTS];
static int64_t extended[SLOTS];
static unsigned seed;

static int64_t below(int64_t bound)
{
    return rand_r(&seed) % bound;
}

static void money(const char *operation, int64_t amount, bool foreign)
{
    struct store *store = foreign ? fixture_open(f.path, false) : f.store;
    bool debit = strcmp(operation, "debit.create") == 0;
    struct job_queue *reply_queue = foreign ? NULL : &f.reply_queue;
    const char *done =
        debit ? fixture_ask(store, reply_queue, operation, "tit", ann.user_id.text, amount, "r")
              : fixture_ask(store, reply_queue, operation, "titt", ann.user_id.text, amount,
                            "manual", "r");
    assert_non_null(done);
    if (foreign)
        store_close(store);
    if (debit)
        model_debit(&model, ACCOUNT, amount);
    else
        model_credit(&model, ACCOUNT, amount);
}

static struct wallet_state wallet(void)
{
    struct wallet_state state = {0};
    assert_true(wallet_peek(&f.store->wallets, &ann.account_id, &state));
    return state;
}

/* The server has collected, and loaded what was written beside it. */
static void await_same(void)
{
    const struct model_account *own = &model.accounts[ACCOUNT];
    int64_t until_us = clock_mono_us() + INT64_C(1000) * WAIT_MS;
    struct wallet_state state;
    model_collect(&model, ACCOUNT);
    do
        state = wallet();
    while ((state.posted_nusd != own->posted || state.owed_nusd != own->owed ||
            state.held_nusd != own->held) &&
           clock_mono_us() < until_us);
    assert_int_equal(state.posted_nusd, own->posted);
    assert_int_equal(state.owed_nusd, own->owed);
    assert_int_equal(state.held_nusd, own->held);
}

static void hold(int at)
{
    static const enum model_answer answers[] = {
        [HOLD_ACCEPTED] = MODEL_ACCEPTED,
        [HOLD_INSUFFICIENT] = MODEL_INSUFFICIENT,
        [HOLD_DEBT] = MODEL_DEBT,
    };
    struct hold_refusal refusal;
    int64_t amount = below(60);
    enum hold_outcome outcome;
    fixture_hold(&holds[at], &f.reply_queue, &ann, amount);
    outcome = ledger_hold(f.store, &holds[at], &refusal);
    assert_int_equal(answers[outcome], model_hold(&model, at, KEY, amount, false));
    if (outcome == HOLD_DEBT)
        assert_int_equal(refusal.owed_nusd, model.accounts[ACCOUNT].owed);
    if (outcome == HOLD_ACCEPTED)
        fixture_wait(&f.reply_queue, 1);
    extended[at] = 0;
}

static void extend(int at)
{
    int64_t wanted = below(40);
    int64_t more = ledger_extend(f.store, &holds[at], wanted);
    assert_int_equal(more, model_extend(&model, at, wanted));
    extended[at] += more;
}

static void settle(int at)
{
    int64_t held = holds[at].amount_nusd + extended[at];
    int64_t charge = below(held + 1);
    fixture_settlement(&settlements[at], &holds[at], charge, 0, 1);
    settlements[at].held_nusd = held;
    settlements[at].extended_nusd = extended[at];
    assert_true(fixture_settle(f.store, &settlements[at]));
    assert_true(model_settle(&model, at, charge));
}

static void act(void)
{
    int at = (int)below(SLOTS);
    switch (below(6)) {
    case 0:
        money("credit.create", 1 + below(100), below(2) == 0);
        break;
    case 1:
        money("debit.create", 1 + below(80), below(2) == 0);
        break;
    case 2:
        if (model.holds[at].open)
            extend(at);
        break;
    default:
        if (model.holds[at].open)
            settle(at);
        else
            hold(at);
    }
}

static void as_the_model_says(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATIONS; i++) {
        act();
        await_same();
        if (i % 40 == 39) {
            fixture_reopen(&f);
            model_restart(&model);
            await_same();
            fixture_verify(f.path, NULL);
        }
    }
    assert_int_equal(fixture_number(f.path, "SELECT sum(posted_nusd) FROM balances"), 0);
    assert_int_equal(fixture_number(f.path, "SELECT coalesce(sum(credited_nusd), 0) FROM balances"
                                            " WHERE account_id LIKE 'debt:%'"),
                     model.corrected);
}

static void a_paid_debt_that_was_none_is_found(void **state)
{
    (void)state;
    money("debit.create", 5, false);
    fixture_sql(f.path, "UPDATE balances SET credited_nusd = credited_nusd + 7"
                        " WHERE account_id LIKE 'debt:%'");
    fixture_verify(f.path, "was paid that was not owed");
}

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    memset(&model, 0, sizeof model);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 100, -1, &ann);
    model_key(&model, KEY, ACCOUNT, -1);
    model_credit(&model, ACCOUNT, 100);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_the_model_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_paid_debt_that_was_none_is_found, setup, teardown),
    };
    const char *given = getenv("GW_SEED");
    seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_wall_ms();
    printf("seed %u\n", seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
