/* Payments: whatever order events come in, and however often, a customer has the credit of what was
 * paid, less the part that refunds and disputes hold at their furthest stage. */
#include "store/operations/payments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "store/fixture.h"

enum { ROUNDS = 40, STEPS = 40, REVERSALS = 4, STAGES = 6 };

static struct fixture f;
static struct customer ann;
static unsigned seed = 20261201;
static int events;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static int64_t below(int64_t bound)
{
    return rand_r(&seed) % bound;
}

/* An event's id that was not there before, or the last one again. */
static const char *event_id(bool again)
{
    static char text[32];
    events += again ? 0 : 1;
    snprintf(text, sizeof text, "evt_%d", events);
    return text;
}

/* What is there and what is owed: one number, whatever was there when it was taken. */
static int64_t worth_nusd(void)
{
    return fixture_number(f.path, "SELECT (SELECT b.posted_nusd FROM balances b JOIN users u"
                                  " ON u.account_id = b.account_id) + coalesce((SELECT posted_nusd"
                                  " FROM balances WHERE account_id LIKE 'debt:%'), 0)");
}

struct model {
    int64_t credit_nusd, total_minor;
    bool paid;
    int64_t stage[REVERSALS], amount_minor[REVERSALS];
    bool takes[REVERSALS];
};

static int64_t wanted_nusd(const struct model *model)
{
    int64_t taken_minor = 0;
    if (!model->paid)
        return 0;
    for (int i = 0; i < REVERSALS; i++)
        taken_minor += model->takes[i] ? model->amount_minor[i] : 0;
    if (taken_minor >= model->total_minor)
        return 0;
    return model->credit_nusd -
           (int64_t)((__int128)model->credit_nusd * taken_minor / model->total_minor);
}

static void tell_reversal(struct model *model, const char *charge_id)
{
    int at = (int)below(REVERSALS);
    int64_t stage = 1 + below(STAGES);
    int64_t takes = (stage * 7 + at) % 3 != 0; /* of a stage: always the same */
    char id[64];
    snprintf(id, sizeof id, "%s_%d", charge_id, at);
    bool again = events > 0 && below(5) == 0;
    assert_non_null(ASK("payment.reversed", "tttitttiiit", "stripe", event_id(again), "k",
                        INT64_C(1), id, at % 2 ? "refund" : "dispute", charge_id,
                        model->amount_minor[at], stage, takes, "s"));
    if (again || stage <= model->stage[at])
        return;
    model->stage[at] = stage;
    model->takes[at] = takes != 0;
}

static void tell_paid(struct model *model, const char *payment_id, const char *charge_id)
{
    assert_non_null(ASK("payment.paid", "tttittiit", "stripe", event_id(false), "k", INT64_C(1),
                        payment_id, "usd", INT64_C(1000), model->total_minor, charge_id));
    model->paid = true;
}

static void one_payment(int number)
{
    struct model model = {.credit_nusd = 1 + below(100 * USD), .total_minor = 1000 + below(300)};
    char charge_id[32], payment_id[ID_BYTES];
    int64_t before_nusd = worth_nusd();
    for (int i = 0; i < REVERSALS; i++)
        model.amount_minor[i] = below(600);
    snprintf(charge_id, sizeof charge_id, "pi_%d", number);
    const char *made = ASK("payment.create", "tttiiin", ann.user_id.text, "stripe", "usd",
                           INT64_C(1000), INT64_C(2), model.credit_nusd);
    assert_non_null(made);
    snprintf(payment_id, sizeof payment_id, "%s", fixture_member(made, "id"));
    for (int step = 0; step < STEPS; step++) {
        if (below(8) == 0)
            tell_paid(&model, payment_id, charge_id);
        else
            tell_reversal(&model, charge_id);
        assert_int_equal(worth_nusd() - before_nusd, wanted_nusd(&model));
    }
}

static void any_order(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        one_payment(round);
    fixture_verify(f.path, NULL);
}

static void amounts(void **state)
{
    static const struct {
        int64_t minor, decimals;
        const char *text;
    } cases[] = {{1, 2, "0.01"},
                 {1250, 2, "12.50"},
                 {15000, 0, "15000"},
                 {5500, 3, "5.500"},
                 {99999999, 2, "999999.99"}};
    char text[PAYMENT_AMOUNT_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        payments_amount_text(cases[i].minor, cases[i].decimals, text);
        assert_string_equal(text, cases[i].text);
    }
    assert_int_equal(payments_share_nusd(10, 1, 3), 3);
    assert_int_equal(payments_share_nusd(10, 3, 3), 10);
    assert_int_equal(payments_share_nusd(10, 4, 3), 10);
    assert_int_equal(payments_share_nusd(MONEY_AMOUNT_MAX_NUSD, 99999998, 99999999),
                     INT64_C(999999989999999899));
}

static void what_does_not_change(void **state)
{
    (void)state;
    assert_non_null(ASK("payment.create", "tttiiit", ann.user_id.text, "stripe", "usd",
                        INT64_C(1000), INT64_C(2), USD, "key"));
    const char *made = ASK("payment.create", "tttiiit", ann.user_id.text, "stripe", "usd",
                           INT64_C(1000), INT64_C(2), USD, "key");
    assert_non_null(made);
    fixture_assert_fails(ASK("payment.create", "tttiiit", ann.user_id.text, "stripe", "usd",
                             INT64_C(1001), INT64_C(2), USD, "key"),
                         "idempotency_key_reused");
    fixture_assert_fails(ASK("payment.create", "tttiiin", ann.user_id.text, "stripe", "usd",
                             INT64_C(0), INT64_C(2), USD),
                         "invalid_amount");
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM payments"), 1);
}

/* The processor never answered: there was no page, and no event will come. */
static void a_payment_without_a_page(void **state)
{
    const char *made;
    (void)state;
    assert_non_null(ASK("payment.create", "tttiiin", ann.user_id.text, "stripe", "usd",
                        INT64_C(1000), INT64_C(2), USD));
    clock_advance_ms(INT64_C(24) * 3600 * 1000);
    made = ASK("payment.list", "tni", ann.user_id.text, INT64_C(10));
    assert_non_null(strstr(made, "\"state\":\"open\""));
    clock_advance_ms(INT64_C(2) * 3600 * 1000);
    made = ASK("payment.list", "tni", ann.user_id.text, INT64_C(10));
    assert_non_null(strstr(made, "\"state\":\"expired\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_order, setup, teardown),
        cmocka_unit_test(amounts),
        cmocka_unit_test_setup_teardown(what_does_not_change, setup, teardown),
        cmocka_unit_test_setup_teardown(a_payment_without_a_page, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
