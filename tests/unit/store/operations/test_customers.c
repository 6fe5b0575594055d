/* What an operator does and sees: users, their keys and money, sales; and that every act of his is
 * in the audit log, or has not happened. */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "store/engine/db.h"

static struct fixture f;
static struct customer ann, bob;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

static const char *const token = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char *const token2 =
    "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    clock_advance_ms(1); /* ids sort by time */
    fixture_customer(f.store, &f.reply_queue, "Bob@example.com", 20 * USD, -1, &bob);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

/* Runs an operation as an act of bob's, who shall be the administrator; true when it was done. */
static bool act(const char *operation, const struct store_value *args, size_t count)
{
    struct store_call call;
    struct fault fault;
    bool ok;
    assert_true(store_call_init(&call, operation, args, count, &fault));
    call.actor = (struct store_actor){.address = "192.0.2.7"};
    snprintf(call.actor.name, sizeof call.actor.name, "%s", bob.user_id.text);
    call.job.reply_queue = &f.reply_queue;
    assert_true(store_call_post(f.store, &call));
    fixture_wait(&f.reply_queue, 1);
    ok = call.ok;
    snprintf(fixture_code, sizeof fixture_code, "%s", call.fault.code);
    store_call_fini(&call);
    return ok;
}

#define ACT(operation, ...)                                                                        \
    act(operation, (const struct store_value[]){__VA_ARGS__},                                      \
        sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value))

static const char *audit(const char *user_id)
{
    return user_id != NULL ? ASK("audit.list", "tnnnnnni", user_id, INT64_C(100))
                           : ASK("audit.list", "nnnnnnni", INT64_C(100));
}

static struct id use(const struct customer *customer, int64_t charge_nusd)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    fixture_hold(&hold, &f.reply_queue, customer, 1000000);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, charge_nusd, 0, charge_nusd / 2);
    assert_true(fixture_settle(f.store, &settlement));
    return hold.exchange_id;
}

/* ---- users ---- */

static void customers(void **state)
{
    struct ledger_hold hold;
    const char *json;
    (void)state;
    use(&ann, 540);
    use(&ann, 60);
    fixture_hold(&hold, &f.reply_queue, &ann, 1000);
    assert_true(fixture_take(f.store, &hold));
    json = ASK("customer.list", "nni", INT64_C(100));
    fixture_assert_has(
        json, "\"balance\":\"9.999999400\",\"held\":\"0.000001000\",\"owed\":\"0.000000000\","
              "\"total_credits\":\"10.000000000\",\"total_usage\":\"0.000000600\","
              "\"requests\":2,\"last_used_at\":\"20");
    fixture_assert_has(json, "\"requests\":0,\"last_used_at\":null}");
    assert_true(strstr(json, "Bob@") < strstr(json, "ann@")); /* newest first */
    fixture_assert_has(ASK("customer.list", "tni", "BOB@", INT64_C(100)), "Bob@example.com");
    assert_null(strstr(ASK("customer.list", "tni", "BOB@", INT64_C(100)), "ann@"));
    fixture_assert_has(ASK("customer.list", "tni", ann.user_id.text, INT64_C(100)), "ann@");
    fixture_assert_has(ASK("customer.list", "tni", "%", INT64_C(100)), "{\"data\":[],");
    json = ASK("customer.get", "t", ann.user_id.text);
    fixture_assert_has(json, "\"available\":\"9.999998400\"");
    fixture_assert_has(json, "\"keys\":1,\"notes\":0}");
    fixture_assert_fails(ASK("customer.get", "t", "user_0"), "not_found");
}

static void disabled_at_once(void **state)
{
    int64_t soon = clock_wall_ms() + 60000;
    struct key_facts facts;
    (void)state;
    assert_non_null(ASK("session.create", "ttittt", token, ann.user_id.text, soon, "192.0.2.7",
                        "Browser", "(no password)"));
    assert_non_null(ASK("session.create", "ttittt", token2, bob.user_id.text, soon, "192.0.2.7",
                        "Browser", "(no password)"));
    assert_true(ACT("customer.update", bind_text(ann.user_id.text), bind_null(), bind_int(1),
                    bind_text("fraud"), bind_null()));
    assert_true(directory_find_key(f.store, &ann.digest, &facts)); /* before the answer was here */
    assert_true(facts.user_disabled);
    fixture_assert_fails(ASK("session.user", "t", token), "not_found");
    fixture_assert_fails(ASK("pulse.get", "t", token), "not_found");
    assert_non_null(ASK("session.user", "t", token2));
    assert_true(ACT("customer.update", bind_text(ann.user_id.text), bind_text("vip"), bind_int(0),
                    bind_null(), bind_null()));
    assert_true(directory_find_key(f.store, &ann.digest, &facts));
    assert_false(facts.user_disabled);
    assert_string_equal(facts.group, "vip");
    fixture_assert_fails(ASK("session.user", "t", token), "not_found"); /* he signs in anew */
    assert_false(ACT("customer.update", bind_text("user_0"), bind_null(), bind_int(1), bind_null(),
                     bind_null()));
    assert_string_equal(fixture_code, "not_found");
    assert_false(ACT("customer.update", bind_text(ann.user_id.text),
                     bind_text("a group whose name is far too long"), bind_null(), bind_null(),
                     bind_null()));
    assert_string_equal(fixture_code, "invalid_value");
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM audit"), 2);
    fixture_assert_has(audit(NULL), "\"former_group\":\"\",\"group\":\"vip\"");
    fixture_assert_has(ASK("audit.list", "nntnnnni", "customer.update", INT64_C(9)), "vip");
    fixture_assert_has(ASK("audit.list", "nntnnnni", "key.update", INT64_C(9)), "\"data\":[]");
    fixture_assert_has(ASK("audit.list", "tnnnnnni", "ANN@example.com", INT64_C(9)), "vip");
    fixture_assert_has(ASK("audit.list", "ntnnnnni", "nobody", INT64_C(9)), "\"data\":[]");
    fixture_assert_has(ASK("audit.list", "nnniitni", INT64_C(0), INT64_C(1), "540", INT64_C(9)),
                       "\"data\":[]");
}

/* ---- keys ---- */

static void two_switches(void **state)
{
    const char *user = ann.user_id.text, *key = ann.key_id.text;
    struct key_facts facts;
    (void)state;
    fixture_assert_has(ASK("key.update", "ttnin", user, key, INT64_C(1)),
                       "\"disabled\":true,\"disabled_by\":\"owner\"");
    assert_true(directory_find_key(f.store, &ann.digest, &facts) && facts.key_disabled);
    fixture_assert_has(ASK("key.update", "tttin", user, key, "new name", INT64_C(0)),
                       "\"name\":\"new name\"");
    assert_true(directory_find_key(f.store, &ann.digest, &facts) && !facts.key_disabled);
    assert_true(ACT("key.update", bind_null(), bind_text(key), bind_null(), bind_int(1),
                    bind_text("leaked")));
    fixture_assert_fails(ASK("key.update", "ttnin", user, key, INT64_C(0)),
                         "key_disabled_by_operator");
    fixture_assert_has(ASK("key.update", "ttnin", user, key, INT64_C(1)),
                       "\"disabled_by\":\"operator\"");
    assert_true(
        ACT("key.update", bind_null(), bind_text(key), bind_null(), bind_int(0), bind_null()));
    fixture_assert_has(ASK("key.list", "t", user),
                       "\"disabled_by\":\"owner\""); /* his own wish stands */
    fixture_assert_has(ASK("key.update", "ttnin", user, key, INT64_C(0)), "\"disabled_by\":null");
    fixture_assert_fails(ASK("key.update", "ttnin", bob.user_id.text, key, INT64_C(1)),
                         "not_found");
    fixture_assert_fails(ASK("key.update", "ttnin", user, "key_0", INT64_C(1)), "not_found");
    assert_string_equal(fixture_member(ASK("key.digest", "tt", user, key), "digest"),
                        ann.digest_hex);
    fixture_assert_fails(ASK("key.digest", "tt", bob.user_id.text, key), "not_found");
    assert_non_null(ASK("key.delete", "tt", user, key));
    fixture_assert_fails(ASK("key.digest", "tt", user, key), "not_found");
    fixture_assert_fails(ASK("key.update", "ttnin", user, key, INT64_C(1)), "not_found");
}

/* ---- the audit log ---- */

static void audit_log(void **state)
{
    struct id exchange = use(&ann, 1000);
    const char *json;
    (void)state;
    assert_true(ACT("credit.create", bind_text(ann.user_id.text), bind_int(5), bind_text("manual"),
                    bind_text("a \"gift\"")));
    assert_true(ACT("refund.create", bind_text(exchange.text), bind_int(40), bind_text("sorry")));
    assert_true(ACT("user.create", bind_text("new@example.com"), bind_null(), bind_text("x"),
                    bind_text("user")));
    assert_true(ACT("key.update", bind_null(), bind_text(ann.key_id.text), bind_null(), bind_int(1),
                    bind_text("leaked")));
    json = audit(ann.user_id.text);
    fixture_assert_has(json, "\"actor\":{\"kind\":\"admin\",\"id\":\"user_");
    fixture_assert_has(json, "\"email\":\"Bob@example.com\"},\"address\":\"192.0.2.7\",\"action\":"
                             "\"key.update\",\"target\":{\"user_id\":\"user_");
    fixture_assert_has(json, "\"detail\":{\"disabled\":true,\"reason\":\"leaked\"}}");
    fixture_assert_has(json, "\"detail\":{\"amount\":\"0.000000005\",\"kind\":\"manual\","
                             "\"reason\":\"a \\\"gift\\\"\"}}");
    fixture_assert_has(json, "\"reason\":\"sorry\",\"exchange_id\":\"req_");
    assert_null(strstr(json, "user.create"));
    fixture_assert_has(audit(NULL), "\"action\":\"user.create\"");
    assert_null(strstr(audit(NULL), "(no password)"));
    /* What customers do themselves is no act of the operator's. */
    assert_non_null(ASK("credit.create", "titt", ann.user_id.text, INT64_C(5), "test", "mine"));
    assert_null(strstr(audit(NULL), "mine"));
    /* Not without its act, and no act without it. */
    assert_false(ACT("refund.create", bind_text(exchange.text), bind_int(9999999), bind_text("x")));
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM audit"), 4);
    fixture_sql(f.path, "CREATE TRIGGER broken BEFORE INSERT ON audit"
                        " BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_false(ACT("credit.create", bind_text(ann.user_id.text), bind_int(5), bind_text("manual"),
                     bind_text("lost")));
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM transfers"
                                            " WHERE reason = 'lost'"),
                     0);
    fixture_verify(f.path, NULL);
}

static void audit_pages(void **state)
{
    char cursor[64] = "";
    size_t seen = 0;
    (void)state;
    for (int i = 1; i <= 5; i++)
        assert_true(ACT("credit.create", bind_text((i % 2 ? ann : bob).user_id.text), bind_int(i),
                        bind_text("manual"), bind_text("x")));
    do {
        const char *json = cursor[0] ? ASK("audit.list", "nnnnnnti", cursor, INT64_C(2))
                                     : ASK("audit.list", "nnnnnnni", INT64_C(2));
        for (const char *at = json; (at = strstr(at, "\"amount\":\"0.00000000")) != NULL; at++)
            assert_int_equal(at[strlen("\"amount\":\"0.00000000")] - '0', 5 - seen++);
        snprintf(cursor, sizeof cursor, "%s", fixture_member(json, "next_cursor"));
    } while (strcmp(cursor, "null") != 0);
    assert_int_equal(seen, 5);
    assert_null(strstr(audit(ann.user_id.text), "0.000000004"));
    fixture_assert_has(audit(ann.user_id.text), "0.000000003");
}

/* ---- transfers ---- */

static int64_t nusd(const char *text)
{
    bool negative = text[0] == '-';
    struct fault fault;
    int64_t out;
    assert_true(money_parse(slice_of(text + negative), &out, &fault));
    return negative ? -out : out;
}

/* As if the charges up to now were from before there were chains of them. */
static void unchain(void)
{
    fixture_sql(f.path, "DROP TRIGGER transfers_no_update; BEGIN;"
                        "UPDATE transfers SET previous_charge = NULL;"
                        "UPDATE balances SET last_charge = 0; COMMIT");
}

/* Each line's balance is that of the line below it plus its own amount, whatever happens between
 * two pages. */
static void history(void **state)
{
    char cursor[64] = "";
    int64_t balance = -1, amount = 0;
    size_t lines = 0;
    struct id exchange;
    (void)state;
    for (int i = 1; i <= 6; i++) {
        exchange = use(&ann, i);
        use(&bob, i);
        if (i == 3)
            unchain();
    }
    use(&ann, 0); /* no charge, no line */
    assert_non_null(ASK("refund.create", "tit", exchange.text, INT64_C(2), "sorry"));
    assert_non_null(ASK("credit.create", "titt", ann.user_id.text, INT64_C(100), "test", "x"));
    do {
        const char *at =
            cursor[0] ? ASK("transfer.history", "tti", ann.account_id.text, cursor, INT64_C(2))
                      : ASK("transfer.history", "tni", ann.account_id.text, INT64_C(2));
        snprintf(cursor, sizeof cursor, "%s", fixture_member(at, "next_cursor"));
        for (; (at = strstr(at, "{\"id\":")) != NULL; at++, lines++) {
            int64_t after = nusd(fixture_member(at, "balance"));
            if (lines > 0)
                assert_int_equal(after, balance - amount);
            else
                assert_int_equal(after, 10 * USD - 21 + 2 + 100);
            balance = after;
            amount = nusd(fixture_member(at, "amount"));
        }
        use(&ann, 7); /* on top: no page moves */
    } while (strcmp(cursor, "null") != 0);
    assert_int_equal(lines, 9);
    assert_int_equal(balance, amount); /* it began with nothing */
    fixture_assert_has(ASK("transfer.history", "tni", ann.account_id.text, INT64_C(1)),
                       "{\"data\":[{\"id\":null,\"kind\":\"charge\",\"amount\":\"-0.000000007\","
                       "\"reason\":null,\"exchange_id\":\"req_");
    fixture_assert_has(ASK("transfer.list", "tni", ann.account_id.text, INT64_C(1)),
                       "\"amount\":\"0.000000100\"");
    assert_null(strstr(ASK("transfer.list", "tni", ann.account_id.text, INT64_C(100)), "charge"));
    fixture_assert_has(ASK("transfer.history", "tni", "acct_0", INT64_C(1)), "{\"data\":[],");
    fixture_assert_fails(
        ASK("transfer.history", "tti", ann.account_id.text, "ff-7fffffffffffffff-0", INT64_C(9)),
        "invalid_value");
    fixture_verify(f.path, NULL);
}

/* The chain of another's charges is not followed, whatever a cursor says. */
static void history_of_others(void **state)
{
    char cursor[64];
    (void)state;
    use(&ann, 5);
    snprintf(cursor, sizeof cursor, "ff-0-%llx",
             (unsigned long long)fixture_number(f.path, "SELECT max(last_charge) FROM balances"));
    fixture_assert_has(ASK("transfer.history", "tti", ann.account_id.text, cursor, INT64_C(9)),
                       "charge");
    assert_null(
        strstr(ASK("transfer.history", "tti", bob.account_id.text, cursor, INT64_C(9)), "charge"));
}

/* ---- the pulse ---- */

static void pulse(void **state)
{
    char first[64], second[64];
    struct ledger_hold hold;
    (void)state;
    assert_non_null(ASK("session.create", "ttittt", token, ann.user_id.text,
                        clock_wall_ms() + 60000, "192.0.2.7", "Browser", "(no password)"));
    fixture_assert_has(ASK("pulse.get", "t", token),
                       "{\"balance\":\"10.000000000\",\"held\":\"0.000000000\"");
    snprintf(first, sizeof first, "%s", fixture_member(ASK("pulse.get", "t", token), "version"));
    use(&bob, 5);
    fixture_hold(&hold, &f.reply_queue, &ann, 1000);
    assert_true(fixture_take(f.store, &hold));
    assert_string_equal(fixture_member(ASK("pulse.get", "t", token), "version"), first);
    fixture_assert_has(ASK("pulse.get", "t", token), "\"held\":\"0.000001000\"");
    use(&ann, 0); /* free, but a record */
    snprintf(second, sizeof second, "%s", fixture_member(ASK("pulse.get", "t", token), "version"));
    assert_string_not_equal(first, second);
    assert_non_null(ASK("credit.create", "titt", ann.user_id.text, INT64_C(1), "test", "x"));
    assert_string_not_equal(fixture_member(ASK("pulse.get", "t", token), "version"), second);
    clock_advance_ms(60001);
    fixture_assert_fails(ASK("pulse.get", "t", token), "not_found");
}

/* ---- sales ---- */

static void sales(void **state)
{
    struct id exchange = use(&ann, 1000);
    int64_t now = clock_wall_ms();
    const char *json;
    (void)state;
    use(&bob, 3000);
    assert_non_null(ASK("refund.create", "tit", exchange.text, INT64_C(600), "sorry"));
    json = ASK("sales.summary", "nntt", "model,provider", "");
    fixture_assert_has(
        json, "{\"data\":[{\"model\":\"gpt-4o-mini\",\"provider\":\"openai\",\"requests\":2,"
              "\"errors\":0,\"input_tokens\":20,");
    fixture_assert_has(json, "\"revenue\":\"0.000004000\",\"refunded\":\"0.000000600\","
                             "\"cost\":\"0.000002000\",\"overrun\":\"0.000000000\","
                             "\"shadow_cost\":\"0.000000000\",\"hedge_cost\":\"0.000000000\","
                             "\"test_cost\":\"0.000000000\","
                             "\"profit\":\"0.000001400\"}");
    json = ASK("sales.summary", "nntt", "customer", "");
    fixture_assert_has(json, "{\"data\":[{\"customer\":{\"id\":\"user_");
    assert_true(strstr(json, "Bob@") < strstr(json, "ann@")); /* who pays most */
    fixture_assert_has(json, "\"revenue\":\"0.000001000\",\"refunded\":\"0.000000600\","
                             "\"cost\":\"0.000000500\",\"overrun\":\"0.000000000\","
                             "\"shadow_cost\":\"0.000000000\",\"hedge_cost\":\"0.000000000\","
                             "\"test_cost\":\"0.000000000\","
                             "\"profit\":\"-0.000000100\"}");
    fixture_assert_has(json, "\"revenue\":\"0.000003000\",\"refunded\":\"0.000000000\",");
    json = ASK("sales.summary", "iitt", now - 7200000, now + 1, "day", "");
    fixture_assert_has(json, "\"totals\":{\"requests\":2,");
    json = ASK("sales.summary", "iitt", now + 7200000, now + 7200001, "day", "");
    fixture_assert_has(json, "{\"data\":[],\"totals\":{\"requests\":0,");
    clock_advance_ms(2 * 3600 * 1000); /* a refund of what was used before */
    assert_non_null(ASK("refund.create", "tit", exchange.text, INT64_C(100), "sorry again"));
    json = ASK("sales.summary", "intt", now + 3600000, "customer", "");
    fixture_assert_has(json, "ann@example.com");
    fixture_assert_has(json, "\"revenue\":\"0.000000000\",\"refunded\":\"0.000000100\"");
    fixture_assert_has(json, "}],\"totals\":{\"requests\":0,");
    fixture_assert_fails(ASK("sales.summary", "nntt", "customer,day", ""), "invalid_value");
    fixture_assert_fails(ASK("sales.summary", "nntt", "day,day", ""), "invalid_value");
    fixture_assert_fails(ASK("sales.summary", "nntt", "hour", ""), "invalid_value");
    fixture_assert_fails(ASK("sales.summary", "nntt", "days", ""), "invalid_value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(customers, setup, teardown),
        cmocka_unit_test_setup_teardown(disabled_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(two_switches, setup, teardown),
        cmocka_unit_test_setup_teardown(audit_log, setup, teardown),
        cmocka_unit_test_setup_teardown(audit_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(history, setup, teardown),
        cmocka_unit_test_setup_teardown(history_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(pulse, setup, teardown),
        cmocka_unit_test_setup_teardown(sales, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
