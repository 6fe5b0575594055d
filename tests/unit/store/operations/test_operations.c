/* Users, sessions, keys, credits and reports: results as the API has them, and nobody
 * sees what is another's. */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"

static struct fixture f;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static void assert_json(const char *json)
{
    struct json_value value;
    struct fault fault;
    assert_non_null(json);
    if (!json_parse(slice_of(json), 64, &value, &fault))
        fail_msg("%s: %s", fault.message, json);
}

static const char *const digest =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char *const digest2 =
    "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static void users(void **state)
{
    const char *json;
    char id[40];
    (void)state;
    json = ASK("user.create", "tttt", "Ann@Example.com", "Ann \"A\" \xc3\xa9", "hash", "admin");
    assert_json(json);
    fixture_assert_has(json, "\"email\":\"Ann@Example.com\"");
    fixture_assert_has(json, "\"name\":\"Ann \\\"A\\\" \xc3\xa9\"");
    fixture_assert_has(json, "\"role\":\"admin\"");
    fixture_assert_has(json, "\"disabled\":false");
    fixture_assert_has(json, "\"group\":\"\"");
    assert_null(strstr(json, "hash"));
    snprintf(id, sizeof id, "%s", fixture_member(json, "id"));
    fixture_assert_fails(ASK("user.create", "tntt", "ann@example.COM", "x", "user"), "email_taken");
    fixture_assert_fails(ASK("user.create", "tntt", "bob@example.com", "x", "root"),
                         "invalid_value");
    fixture_assert_fails(ASK("user.create", "tntt", "", "x", "user"), "invalid_email");
    fixture_assert_has(ASK("user.credentials", "tnn", "ANN@example.com"),
                       "\"password_hash\":\"hash\"");
    fixture_assert_fails(ASK("user.credentials", "tnn", "bob@example.com"), "not_found");
    fixture_assert_has(ASK("user.get", "t", id), id);
    fixture_assert_fails(ASK("user.get", "t", "user_0"), "not_found");
    fixture_assert_fails(ASK("user.get", "t", ""), "not_found");
}

static void customer_list_pages(void **state)
{
    char email[32], cursor[64] = "";
    size_t pages = 0, seen = 0;
    (void)state;
    for (int i = 0; i < 7; i++) {
        snprintf(email, sizeof email, "user%d@example.com", i);
        assert_non_null(ASK("user.create", "tttt", email, i % 2 ? "Odd" : "Even", "x", "user"));
        clock_advance_ms(1); /* ids sort by time */
    }
    do {
        const char *json = pages ? ASK("customer.list", "nti", cursor, INT64_C(3))
                                 : ASK("customer.list", "nni", INT64_C(3));
        const char *at = json;
        assert_json(json);
        while ((at = strstr(at, "\"email\"")) != NULL) {
            snprintf(email, sizeof email, "user%zu@", 6 - seen);
            assert_non_null(strstr(at, email)); /* newest first */
            at++;
            seen++;
        }
        pages++;
        snprintf(cursor, sizeof cursor, "%s", fixture_member(json, "next_cursor"));
    } while (strcmp(cursor, "null") != 0);
    assert_int_equal(pages, 3);
    assert_int_equal(seen, 7);
    fixture_assert_has(ASK("customer.list", "tni", "ODD", INT64_C(100)), "user1@");
    assert_null(strstr(ASK("customer.list", "tni", "odd", INT64_C(100)), "user2@"));
    fixture_assert_fails(ASK("customer.list", "nti", "junk", INT64_C(3)), "invalid_value");
    fixture_assert_fails(ASK("customer.list", "nni", INT64_C(0)), "invalid_value");
    fixture_assert_fails(ASK("customer.list", "nni", (int64_t)LIMIT_PAGE_ROWS + 1),
                         "invalid_value");
}

static void sessions(void **state)
{
    struct customer ann;
    int64_t soon = clock_wall_ms() + 60000;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    assert_string_equal(ASK("session.create", "ttittt", digest, ann.user_id.text, soon, "192.0.2.7",
                            "Browser", "(no password)"),
                        "{}");
    fixture_assert_has(ASK("session.user", "t", digest), ann.user_id.text);
    fixture_assert_fails(ASK("session.user", "t", digest2), "not_found");
    fixture_assert_fails(ASK("session.create", "ttittt", digest2, "user_0", soon, "192.0.2.7",
                             "Browser", "(no password)"),
                         "not_found");
    fixture_sql(f.path, "UPDATE users SET disabled = 1");
    fixture_assert_fails(ASK("session.create", "ttittt", digest2, ann.user_id.text, soon,
                             "192.0.2.7", "Browser", "(no password)"),
                         "not_found");
    fixture_sql(f.path, "UPDATE users SET disabled = 0");
    fixture_assert_fails(ASK("session.create", "ttittt", "short", ann.user_id.text, soon,
                             "192.0.2.7", "Browser", "(no password)"),
                         "invalid_value");
    assert_string_equal(ASK("session.delete", "t", digest), "{}");
    fixture_assert_fails(ASK("session.user", "t", digest), "not_found");
    assert_string_equal(ASK("session.delete", "t", digest), "{}"); /* signing out twice is fine */
    assert_non_null(ASK("session.create", "ttittt", digest, ann.user_id.text, soon, "192.0.2.7",
                        "Browser", "(no password)"));
    clock_advance_ms(60001);
    fixture_assert_fails(ASK("session.user", "t", digest), "not_found");
    assert_non_null(ASK("session.create", "ttittt", digest2, ann.user_id.text, soon + 90000,
                        "192.0.2.7", "Browser", "(no password)"));
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM sessions"), 1);
    fixture_sql(f.path, "UPDATE users SET disabled = 1");
    fixture_assert_fails(ASK("session.user", "t", digest2), "not_found");
}

static void keys(void **state)
{
    struct customer ann;
    struct key_facts facts;
    const char *json;
    char id[40];
    struct digest wanted;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    json = ASK("key.create", "tttttiint", ann.user_id.text, digest, "llm_sk_ab", "wxyz", "work",
               INT64_C(1790000000000), INT64_C(2500000000), "gpt-4o\ndemo");
    assert_json(json);
    fixture_assert_has(json, "\"budget\":\"2.500000000\",\"spent\":\"0.000000000\"");
    fixture_assert_has(json, "\"models\":[\"gpt-4o\",\"demo\"]");
    fixture_assert_has(json, "\"expires_at\":\"2026-09-21T14:13:20.000Z\"");
    fixture_assert_has(json, "\"last_used_at\":null");
    fixture_assert_has(json, "\"prefix\":\"llm_sk_ab\",\"last4\":\"wxyz\"");
    assert_null(strstr(json, digest));
    snprintf(id, sizeof id, "%s", fixture_member(json, "id"));
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        wanted.bytes[i] = (uint8_t)(i % 16 * 0x11);
    assert_true(directory_find_key(f.store, &wanted, &facts));
    assert_string_equal(facts.key_id.text, id);
    assert_string_equal(facts.account_id.text, ann.account_id.text);
    assert_string_equal(facts.user_id.text, ann.user_id.text);
    assert_string_equal(facts.models, "gpt-4o\ndemo");
    assert_int_equal(facts.budget_nusd, 2500000000);
    assert_int_equal(facts.expires_ms, 1790000000000);
    assert_false(facts.key_disabled || facts.user_disabled);
    json = ASK("key.list", "t", ann.user_id.text);
    assert_json(json);
    fixture_assert_has(json, id);
    fixture_assert_has(json, "\"name\":\"first\"");
    fixture_assert_has(ASK("key.get", "t", id), "\"remaining\":\"2.500000000\"");
    fixture_assert_has(ASK("key.get", "t", ann.key_id.text), "\"budget\":null");
    assert_string_equal(ASK("key.delete", "tt", ann.user_id.text, id), "{}");
    assert_false(directory_find_key(f.store, &wanted, &facts)); /* before the answer was here */
    fixture_assert_fails(ASK("key.delete", "tt", ann.user_id.text, id), "not_found");
    fixture_assert_fails(ASK("key.get", "t", id), "not_found");
    assert_null(strstr(ASK("key.list", "t", ann.user_id.text), id));
    fixture_reopen(&f);
    assert_false(directory_find_key(f.store, &wanted, &facts));
    assert_true(directory_find_key(f.store, &ann.digest, &facts));
}

static void bad_keys(void **state)
{
    struct customer ann;
    char models[2048];
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    fixture_assert_fails(ASK("key.create", "tttttnnnn", "user_0", digest, "p", "last", "n"),
                         "not_found");
    fixture_assert_fails(ASK("key.create", "tttttnnnn", ann.user_id.text, "abc", "p", "last", "n"),
                         "invalid_value");
    fixture_assert_fails(
        ASK("key.create", "tttttnnnn", ann.user_id.text, ann.digest_hex, "p", "last", "n"),
        "conflict");
    fixture_assert_fails(
        ASK("key.create", "tttttninn", ann.user_id.text, digest, "p", "last", "n", INT64_C(-1)),
        "invalid_amount");
    fixture_assert_fails(
        ASK("key.create", "tttttnnnt", ann.user_id.text, digest, "p", "last", "n", "a\n\nb"),
        "invalid_value");
    memset(models, 'm', sizeof models);
    models[LIMIT_MODEL_NAME_BYTES] = '\0';
    fixture_assert_fails(
        ASK("key.create", "tttttnnnt", ann.user_id.text, digest, "p", "last", "n", models),
        "invalid_value");
    models[LIMIT_MODEL_NAME_BYTES] = 'm';
    models[LIMIT_KEY_MODELS_BYTES] = '\0';
    fixture_assert_fails(
        ASK("key.create", "tttttnnnt", ann.user_id.text, digest, "p", "last", "n", models),
        "invalid_value");
    fixture_assert_fails(ASK("key.create", "tttttnnnt", ann.user_id.text, digest, "p", "last", "n",
                             "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17"),
                         "invalid_value");
    for (int i = 1; i < LIMIT_KEYS_PER_USER; i++) { /* it has one */
        snprintf(models, sizeof models, "%064x", i);
        assert_non_null(ASK("key.create", "tttttnnnn", ann.user_id.text, models, "p", "last", "n"));
    }
    fixture_assert_fails(ASK("key.create", "tttttnnnn", ann.user_id.text, digest, "p", "last", "n"),
                         "too_many_keys");
}

static void credits(void **state)
{
    struct customer ann;
    const char *json;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    json =
        ASK("credit.create", "titt", ann.user_id.text, INT64_C(12500000001), "test", "by \"me\"");
    assert_json(json);
    fixture_assert_has(json, "\"amount\":\"12.500000001\"");
    fixture_assert_has(json, "\"kind\":\"test\"");
    fixture_assert_has(json, "\"balance\":\"12.500000001\"");
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     INT64_C(12500000001)); /* usable at once */
    fixture_assert_has(
        ASK("balance.get", "t", ann.account_id.text),
        "{\"balance\":\"12.500000001\",\"held\":\"0.000000000\","
        "\"available\":\"12.500000001\",\"owed\":\"0.000000000\",\"currency\":\"USD\"}");
    assert_string_equal(ASK("credits.get", "t", ann.account_id.text),
                        "{\"total_credits\":12.500000001,\"total_usage\":0}");
    fixture_assert_fails(ASK("credit.create", "titt", ann.user_id.text, INT64_C(0), "test", ""),
                         "invalid_amount");
    fixture_assert_fails(ASK("credit.create", "titt", ann.user_id.text, INT64_C(-5), "test", ""),
                         "invalid_amount");
    fixture_assert_fails(ASK("credit.create", "titt", ann.user_id.text, INT64_MAX, "test", ""),
                         "invalid_amount");
    fixture_assert_fails(
        ASK("credit.create", "titt", ann.user_id.text, MONEY_AMOUNT_MAX_NUSD, "test", ""),
        "invalid_amount"); /* with what is there it is too much */
    fixture_assert_fails(ASK("credit.create", "titt", ann.user_id.text, INT64_C(5), "gift", ""),
                         "invalid_value");
    fixture_assert_fails(ASK("credit.create", "titt", "user_0", INT64_C(5), "test", ""),
                         "not_found");
    fixture_assert_fails(ASK("balance.get", "t", "acct_0"), "not_found");
    fixture_assert_fails(ASK("balance.get", "t", "revenue"), "not_found");
    fixture_assert_fails(ASK("credits.get", "t", "revenue"), "not_found");
    fixture_verify(f.path, NULL);
}

static void transfers(void **state)
{
    struct customer ann, bob;
    const char *json;
    char cursor[64];
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", 7, -1, &bob);
    for (int64_t i = 1; i <= 5; i++)
        assert_non_null(ASK("credit.create", "titt", ann.user_id.text, i, "promotion", "gift"));
    json = ASK("transfer.list", "tni", ann.account_id.text, INT64_C(3));
    assert_json(json);
    fixture_assert_has(json, "{\"data\":[{\"id\":\"tx_");
    assert_string_equal(fixture_member(json, "amount"), "0.000000005");
    snprintf(cursor, sizeof cursor, "%s", fixture_member(json, "next_cursor"));
    json = ASK("transfer.list", "tti", ann.account_id.text, cursor, INT64_C(3));
    assert_string_equal(fixture_member(json, "amount"), "0.000000002");
    fixture_assert_has(json, "\"next_cursor\":null");
    fixture_assert_fails(ASK("transfer.list", "tti", ann.account_id.text, "zz", INT64_C(3)),
                         "invalid_value");
    json = ASK("transfer.list", "tni", bob.account_id.text, INT64_C(3));
    assert_string_equal(fixture_member(json, "amount"), "0.000000007");
    assert_null(strstr(json, "gift"));
}

/* One exchange of the customer at a given time. */
static void use(const struct customer *customer, const char *model, int64_t created_ms,
                int64_t charge_nusd, struct id *exchange_id)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    fixture_hold(&hold, &f.reply_queue, customer, 1000);
    hold.created_ms = created_ms;
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, charge_nusd, 0, charge_nusd / 2);
    snprintf(settlement.record.model, sizeof settlement.record.model, "%s", model);
    assert_true(fixture_settle(f.store, &settlement));
    if (exchange_id != NULL)
        *exchange_id = hold.exchange_id;
}

enum { DAY = 86400000 };
static const int64_t monday = INT64_C(20300) * DAY;

static void usage_records(void **state)
{
    struct customer ann, bob;
    struct id exchange_id;
    const char *json;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", USD, -1, &bob);
    use(&ann, "gpt-4o-mini", monday + 5, 540, &exchange_id);
    json = ASK("usage.get", "tt", ann.account_id.text, exchange_id.text);
    assert_json(json);
    fixture_assert_has(json, "\"model\":\"gpt-4o-mini\",\"provider\":\"openai\"");
    fixture_assert_has(json,
                       "\"key_name\":\"first\",\"status\":200,\"stream\":false,\"input_tokens\":10,"
                       "\"cached_input_tokens\":2,\"output_tokens\":5,\"reasoning_tokens\":1,"
                       "\"cost\":\"0.000000540\",\"usage_source\":\"reported\","
                       "\"finish_reason\":\"stop\",\"error_code\":null,\"attempts\":1,"
                       "\"first_byte_ms\":1,\"total_ms\":25,\"conditions\":{},\"canary\":false}");
    assert_null(strstr(json, "margin"));
    assert_null(strstr(json, "pusd"));
    assert_null(strstr(json, "0.000000270")); /* what the provider gets */
    fixture_assert_fails(ASK("usage.get", "tt", bob.account_id.text, exchange_id.text),
                         "not_found");
    fixture_assert_fails(ASK("usage.get", "tt", ann.account_id.text, "req_0"), "not_found");
    json = ASK("usage.list", "tnnnntniin", bob.account_id.text, "newest", INT64_C(10), INT64_C(1));
    fixture_assert_has(json, "{\"data\":[],\"totals\":{\"requests\":0,");
    fixture_assert_has(ASK("key.get", "t", ann.key_id.text), "\"spent\":\"0.000000540\"");
    fixture_assert_has(ASK("key.get", "t", ann.key_id.text),
                       "\"last_used_at\":\"2025-07-31T00:00:00.005Z\"");
    assert_string_equal(ASK("credits.get", "t", ann.account_id.text),
                        "{\"total_credits\":1,\"total_usage\":0.00000054}");
}

static void usage_list_pages(void **state)
{
    struct customer ann;
    char cursor[64] = "", wanted[32];
    int expected = 24;
    const char *json;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    for (int i = 0; i < 25; i++) /* several at the same moment */
        use(&ann, i % 5 ? "gpt-4o" : "demo", monday + i / 4, i, NULL);
    for (;;) {
        const char *at;
        json = cursor[0] ? ASK("usage.list", "tnnnnttiin", ann.account_id.text, "newest", cursor,
                               INT64_C(4), INT64_C(1))
                         : ASK("usage.list", "tnnnntniin", ann.account_id.text, "newest",
                               INT64_C(4), INT64_C(1));
        assert_json(json);
        fixture_assert_has(
            json,
            "\"totals\":{\"requests\":25,\"errors\":0,\"input_tokens\":250,\"cached_input_tokens\":"
            "50,\"output_tokens\":125,\"reasoning_tokens\":25,\"cost\":\"0.000000300\"}");
        for (at = strstr(json, "\"cost\""); at != NULL && at < strstr(json, "\"totals\"");
             at = strstr(at + 1, "\"cost\"")) {
            snprintf(wanted, sizeof wanted, "\"cost\":\"0.0000000%02d\"", expected--);
            assert_memory_equal(at, wanted, strlen(wanted));
        }
        if (strstr(json, "\"next_cursor\":null") != NULL)
            break;
        snprintf(cursor, sizeof cursor, "%s", fixture_member(json, "next_cursor"));
    }
    assert_int_equal(expected, -1);
    json = ASK("usage.list", "tnntntniin", ann.account_id.text, "demo", "newest", INT64_C(100),
               INT64_C(1));
    fixture_assert_has(json, "\"totals\":{\"requests\":5,");
    assert_null(strstr(json, "gpt-4o\""));
    json = ASK("usage.list", "tnnnttniin", ann.account_id.text, "key_0", "newest", INT64_C(100),
               INT64_C(1));
    fixture_assert_has(json, "\"totals\":{\"requests\":0,");
    fixture_assert_fails(ASK("usage.list", "tnnnnttiin", ann.account_id.text, "newest", "1-",
                             INT64_C(4), INT64_C(1)),
                         "invalid_value");
    fixture_assert_fails(ASK("usage.list", "tnnnnttiin", ann.account_id.text, "newest", "1-2-3",
                             INT64_C(4), INT64_C(1)),
                         "invalid_value");
}

/* What comes on top while somebody leafs through moves no page. */
static void usage_list_stands_still(void **state)
{
    struct customer ann;
    char cursor[64];
    const char *json;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    for (int i = 1; i <= 3; i++)
        use(&ann, "demo", monday, i, NULL);
    json = ASK("usage.list", "tnnnntniin", ann.account_id.text, "newest", INT64_C(1), INT64_C(1));
    assert_string_equal(fixture_member(json, "cost"), "0.000000003");
    snprintf(cursor, sizeof cursor, "%s", fixture_member(json, "next_cursor"));
    use(&ann, "demo", monday, 4, NULL);
    json = ASK("usage.list", "tnnnnttiin", ann.account_id.text, "newest", cursor, INT64_C(1),
               INT64_C(1));
    assert_string_equal(fixture_member(json, "cost"), "0.000000002");
}

static int64_t requests_between(const struct customer *customer, int64_t from_ms, int64_t to_ms)
{
    const char *json = ASK("usage.list", "tiinntniin", customer->account_id.text, from_ms, to_ms,
                           "newest", INT64_C(1000), INT64_C(1));
    const char *at = json;
    int64_t records = 0, total;
    assert_json(json);
    while ((at = strstr(at, "\"total_ms\"")) != NULL) {
        records++;
        at++;
    }
    total = atoll(fixture_member(strstr(json, "\"totals\""), "requests"));
    assert_int_equal(total, records); /* the sum from roll-ups is the sum of the list */
    json =
        ASK("usage.summary", "tiitnnt", customer->account_id.text, from_ms, to_ms, "day,model", "");
    assert_json(json);
    assert_int_equal(atoll(fixture_member(strstr(json, "\"totals\""), "requests")), records);
    return records;
}

/* Whole days come from the roll-ups, the rest from the records: every cut gives the same. */
static void usage_windows(void **state)
{
    const int64_t times[] = {-DAY,
                             -1,
                             0,
                             1,
                             DAY / 2,
                             DAY - 1,
                             DAY,
                             DAY + 1,
                             2 * (int64_t)DAY,
                             3 * (int64_t)DAY - 1,
                             3 * (int64_t)DAY};
    const size_t count = sizeof times / sizeof times[0];
    struct customer ann;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    for (size_t i = 0; i < count; i++)
        use(&ann, "gpt-4o", monday + times[i], 1, NULL);
    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < count; b++)
            assert_int_equal(requests_between(&ann, monday + times[a], monday + times[b]),
                             b > a ? b - a : 0);
    }
    assert_int_equal(requests_between(&ann, INT64_MIN, INT64_MAX), count);
    assert_int_equal(requests_between(&ann, INT64_MAX, INT64_MIN), 0);
    assert_int_equal(requests_between(&ann, 0, 0), 0);
}

static void usage_summary(void **state)
{
    struct customer ann;
    const char *json;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    use(&ann, "demo", monday, 10, NULL);
    use(&ann, "gpt-4o", monday + 1, 20, NULL);
    use(&ann, "gpt-4o", monday + DAY, 30, NULL);
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "day", "");
    assert_json(json);
    fixture_assert_has(json, "{\"data\":[{\"day\":\"2025-08-01\",\"requests\":1,");
    fixture_assert_has(json,
                       "{\"day\":\"2025-07-31\",\"requests\":2,\"errors\":0,\"input_tokens\":20,");
    fixture_assert_has(json, "\"totals\":{\"requests\":3,");
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "model", "");
    fixture_assert_has(json,
                       "{\"data\":[{\"model\":\"gpt-4o\",\"requests\":2,"); /* the dearest first */
    fixture_assert_has(json, "\"cost\":\"0.000000050\"");
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "key,model,day", "");
    assert_json(json);
    fixture_assert_has(json, "{\"day\":\"2025-07-31\",\"model\":\"demo\",\"key_id\":\"key_");
    fixture_assert_has(json, "\"key_name\":\"first\"");
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "", "");
    fixture_assert_has(json, "{\"data\":[{\"requests\":3,");
    fixture_assert_fails(ASK("usage.summary", "tnntnnt", ann.account_id.text, "hour", ""),
                         "invalid_value");
    fixture_assert_fails(ASK("usage.summary", "tnntnnt", ann.account_id.text, "day,", ""),
                         "invalid_value");
    fixture_assert_fails(ASK("usage.summary", "tnntnnt", ann.account_id.text, "day,day", ""),
                         "invalid_value");
}

static void arguments_are_checked(void **state)
{
    struct store_call call;
    struct fault fault;
    struct store_value value = {.type = STORE_INT, .number = 1};
    (void)state;
    assert_false(store_call_init(&call, "no.such", NULL, 0, &fault));
    assert_string_equal(fault.code, "unknown_operation");
    assert_false(store_call_init(&call, "user.get", NULL, 0, &fault));
    assert_string_equal(fault.code, "invalid_value");
    assert_false(store_call_init(&call, "user.get", &value, 1, &fault));
    value.type = STORE_NULL;
    assert_false(store_call_init(&call, "user.get", &value, 1, &fault));
    value = (struct store_value){.type = STORE_TEXT, .text = {"a\0b", 3}};
    assert_false(store_call_init(&call, "user.get", &value, 1, &fault));
    assert_string_equal(fault.code, "invalid_value");
    fixture_assert_fails(ASK("user.get", "t", "' OR 1=1 --"), "not_found");
}

/* Operations in one batch: one that fails takes nothing with it. */
static void failures_stay_alone(void **state)
{
    enum { CALLS = 20 };
    static struct store_call calls[CALLS];
    struct store_value args[4] = {{.type = STORE_TEXT, .text = slice_of("same@example.com")},
                                  {.type = STORE_NULL},
                                  {.type = STORE_TEXT, .text = slice_of("x")},
                                  {.type = STORE_TEXT, .text = slice_of("user")}};
    struct fault fault;
    char email[32];
    size_t made = 0;
    (void)state;
    for (size_t i = 0; i < CALLS; i++) {
        snprintf(email, sizeof email, "user%zu@example.com", i / 2); /* each twice */
        args[0].text = slice_of(email);
        assert_true(store_call_init(&calls[i], "user.create", args, 4, &fault));
        calls[i].job.reply_queue = &f.reply_queue;
        assert_true(store_call_post(f.store, &calls[i]));
    }
    fixture_wait(&f.reply_queue, CALLS);
    for (size_t i = 0; i < CALLS; i++) {
        made += calls[i].ok;
        if (!calls[i].ok)
            assert_string_equal(calls[i].fault.code, "email_taken");
        store_call_fini(&calls[i]);
    }
    assert_int_equal(made, CALLS / 2);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM users"), CALLS / 2);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM accounts"), CALLS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(users, setup, teardown),
        cmocka_unit_test_setup_teardown(customer_list_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(keys, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(credits, setup, teardown),
        cmocka_unit_test_setup_teardown(transfers, setup, teardown),
        cmocka_unit_test_setup_teardown(usage_records, setup, teardown),
        cmocka_unit_test_setup_teardown(usage_list_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(usage_list_stands_still, setup, teardown),
        cmocka_unit_test_setup_teardown(usage_windows, setup, teardown),
        cmocka_unit_test_setup_teardown(usage_summary, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_stay_alone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
