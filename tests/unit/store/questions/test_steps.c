/* What a page of the dashboard costs, in steps of SQLite's virtual machine: the same at the end of
 * 100,000 records as at their beginning, whatever is asked for. */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/engine/db.h"
#include "store/operations/operations.h"
#include "store/quotas.h"
#include "store/store_internal.h"

enum { RECORDS = 100000, PAGE = 50 };

static struct fixture f;
static struct customer ann, bob;
static struct db db;
static struct store_call call;

/* 50,000 keys of ann's, and a replaced secret of each. */
static void fill_keys(void)
{
    char sql[1024];
    snprintf(sql, sizeof sql,
             "PRAGMA foreign_keys = OFF; BEGIN;"
             "CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
             " FROM n WHERE i < 50000) SELECT i FROM n;"
             "INSERT INTO keys (id, user_id, account_id, digest, prefix, last4, name, created_ms)"
             " SELECT 'key_' || i, '%s', '%s', printf('%%064x', i), printf('llm_sk_%%04x', i),"
             " printf('%%04x', i + 7), '', i FROM n;"
             "INSERT INTO old_secrets SELECT printf('%%064x', i + 100000), 'key_' || i,"
             " printf('llm_sk_O%%03x', i %% 4096), printf('o%%03x', i %% 4096), i, i + 1, NULL"
             " FROM n; COMMIT",
             ann.user_id.text, ann.account_id.text);
    fixture_sql(f.path, sql);
}

/* 100,000 records of ann's, one every 20 seconds, in 557 hours; one in 10,000 is of the model
 * "rare". Each with its charge. And the sums, as the migration makes them. */
static void fill(void)
{
    char sql[4096];
    snprintf(sql, sizeof sql,
             "PRAGMA foreign_keys = OFF; BEGIN;"
             "CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
             " FROM n WHERE i < %d) SELECT i FROM n;"
             "INSERT INTO usage (" FIXTURE_USAGE_COLUMNS
             ") SELECT i, 'req_' || i, '%s', '%s', '%s',"
             " CASE WHEN i %% 10000 = 5000 THEN 'rare' ELSE 'often' END, 'p', 'pm', 'r', '',"
             " 'stop', 200, 1, 0, 'reported', 10, 0, i %% 77, 0, 1, 1, 1, 0, 1, i %% 1000 + 1, 0,"
             " 1700000000000 + i * 20000, 5, i %% 555, 10 + i FROM n;"
             "INSERT INTO resolutions SELECT exchange_id, 'settle', 2000, charge_nusd, seq,"
             " created_ms FROM usage;"
             "INSERT INTO transfers (seq, debit_account, credit_account, amount_nusd, kind,"
             " exchange_id, created_ms) SELECT transfer_seq, account_id, 'revenue', charge_nusd,"
             " 'charge', exchange_id, created_ms FROM usage;"
             "INSERT INTO hourly SELECT account_id, created_ms / 3600000, key_id, model, count(*),"
             " 0, sum(input_tokens), 0, sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0"
             " FROM usage GROUP BY 1, 2, 3, 4;"
             "INSERT INTO sales SELECT created_ms / 900000, model, provider, count(*), 0,"
             " sum(input_tokens), 0, sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0"
             " FROM usage GROUP BY 1, 2, 3; COMMIT",
             RECORDS, ann.account_id.text, ann.user_id.text, ann.key_id.text);
    fixture_sql(f.path, sql);
}

static int setup(void **state)
{
    struct fault fault;
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 100 * USD, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", 1 * USD, -1, &bob);
    fill();
    assert_true(db_open(&db, f.path, DB_READ, &fault));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    db_close(&db);
    fixture_fini(&f);
    return 0;
}

static struct store_value text(const char *value)
{
    return value != NULL ? bind_text(value) : bind_null();
}

/* Runs an operation; what it returned is in `call` until the next. Returns its steps. */
static int64_t steps_of(const char *operation, const struct store_value *args, size_t count)
{
    struct fault fault;
    int64_t steps = 0;
    store_call_fini(&call);
    if (!store_call_init(&call, operation, args, count, &fault))
        fail_msg("%s: %s", operation, fault.message);
    call.wallets = &f.store->wallets;
    db_clear(&db);
    operations_run(&call, &db);
    if (!call.ok)
        fail_msg("%s: %s", operation, call.fault.message);
    for (sqlite3_stmt *at = sqlite3_next_stmt(db.handle, NULL); at != NULL;
         at = sqlite3_next_stmt(db.handle, at))
        steps += sqlite3_stmt_status(at, SQLITE_STMTSTATUS_VM_STEP, 1);
    buffer_append_char(&call.result, '\0');
    return steps;
}

static void assert_below(const char *what, int64_t found, int64_t most)
{
    if (found >= most)
        fail_msg("%s took %lld, less than %lld is right", what, (long long)found, (long long)most);
}

static int64_t usage_page(const char *model, const char *sort, const char *cursor, int64_t totals)
{
    const struct store_value args[] = {text(ann.account_id.text),
                                       bind_null(),
                                       bind_null(),
                                       text(model),
                                       bind_null(),
                                       text(sort),
                                       text(cursor),
                                       bind_int(PAGE),
                                       bind_int(totals),
                                       bind_null()};
    return steps_of("usage.list", args, 10);
}

/* "TIME-SEQ" of a record as a cursor. */
static const char *cursor_at(int64_t i)
{
    static char cursor[64];
    snprintf(cursor, sizeof cursor, "%llx-%llx", (long long)(1700000000000 + i * 20000),
             (long long)i);
    return cursor;
}

static void pages_by_time(void **state)
{
    (void)state;
    assert_below("the first page", usage_page(NULL, "newest", NULL, 0), PAGE * 50);
    assert_below("the middle", usage_page(NULL, "newest", cursor_at(50000), 0), PAGE * 50);
    assert_below("the last page", usage_page(NULL, "newest", cursor_at(PAGE), 0), PAGE * 50);
    assert_below("oldest first", usage_page(NULL, "oldest", NULL, 0), PAGE * 50);
    assert_below("oldest, at the end", usage_page(NULL, "oldest", cursor_at(99940), 0), PAGE * 50);
    assert_below("a common model", usage_page("often", "newest", cursor_at(50000), 0), PAGE * 60);
    /* All ten, from hour to hour, and not by looking at all that lies between. */
    assert_below("a rare model", usage_page("rare", "newest", NULL, 0), 100000);
    assert_string_equal(fixture_member(call.result.data, "next_cursor"), "null");
    assert_below("a rare model, oldest first", usage_page("rare", "oldest", NULL, 0), 100000);
    assert_string_equal(fixture_member(call.result.data, "next_cursor"), "null");
    assert_below("no such model", usage_page("none", "newest", NULL, 0), 20000);
    assert_below("with totals", usage_page(NULL, "newest", NULL, 1), 60000);
}

/* A new connection, which knows no page. */
static void open_again(void)
{
    struct fault fault;
    db_close(&db);
    assert_true(db_open(&db, f.path, DB_READ, &fault));
}

/* Pages that the connection has read. */
static int64_t reads(void)
{
    int misses = 0, most = 0;
    sqlite3_db_status(db.handle, SQLITE_DBSTATUS_CACHE_MISS, &misses, &most, 0);
    return misses;
}

static int64_t usage_page_reads(const char *model, const char *sort)
{
    open_again();
    usage_page(model, sort, NULL, 0);
    return reads();
}

/* Of the 180 records in an hour with a match the others are not looked up: their sizes, which the
 * index has, are not those that the sums tell of the match. */
static void rare_records(void **state)
{
    (void)state;
    assert_below("a rare model", usage_page_reads("rare", "newest"), 150);
    assert_below("a rare model, oldest first", usage_page_reads("rare", "oldest"), 150);
    assert_below("a rare model by cost", usage_page_reads("rare", "cost"), 150);
}

/* One look at the records of the time that is asked for: here all. */
static void pages_by_size(void **state)
{
    (void)state;
    assert_below("by cost", usage_page(NULL, "cost", NULL, 0), (int64_t)RECORDS * 60);
}

/* Many records in one hour, of which one matches: pages may come back empty, but none is dear. */
static void rare_in_a_crowd(void **state)
{
    char cursor[64] = "";
    size_t found = 0, pages = 0;
    (void)state;
    fixture_sql(f.path, "DROP TRIGGER usage_no_update; UPDATE usage SET created_ms = 1700000000000"
                        " + seq, model = CASE seq WHEN 3 THEN 'rare' ELSE 'often' END;"
                        "DELETE FROM hourly; INSERT INTO hourly SELECT account_id,"
                        " created_ms / 3600000, key_id, model, count(*), 0, sum(input_tokens), 0,"
                        " sum(output_tokens), 0, sum(charge_nusd), sum(cost_nusd), 0"
                        " FROM usage GROUP BY 1, 2, 3, 4");
    do {
        assert_below("a page", usage_page("rare", "newest", cursor[0] ? cursor : NULL, 0),
                     20000 * 60);
        found += strstr(call.result.data, "\"model\":\"rare\"") != NULL;
        snprintf(cursor, sizeof cursor, "%s", fixture_member(call.result.data, "next_cursor"));
        pages++;
    } while (strcmp(cursor, "null") != 0);
    assert_int_equal(found, 1);
    assert_int_equal(pages, RECORDS / 20000);
}

static void sums(void **state)
{
    const struct store_value args[] = {text(ann.account_id.text),
                                       bind_null(),
                                       bind_null(),
                                       text("day,model"),
                                       bind_null(),
                                       bind_null(),
                                       text("540")};
    (void)state;
    assert_below("a chart of all time", steps_of("usage.summary", args, 7), 200000);
}

static void single_records(void **state)
{
    const struct store_value own[] = {text(ann.account_id.text), text("req_50000")};
    const struct store_value any[] = {text("req_50000"), bind_int(1)};
    (void)state;
    assert_below("a record", steps_of("usage.get", own, 2), 200);
    assert_below("its charge", steps_of("usage.explain", own, 2), 300);
    assert_below("its cost", steps_of("usage.audit", any, 2), 300);
}

static void csv_pages(void **state)
{
    const struct store_value first[] = {text(ann.account_id.text),
                                        bind_null(),
                                        bind_null(),
                                        bind_null(),
                                        bind_null(),
                                        bind_null(),
                                        bind_null()};
    const struct store_value last[] = {
        text(ann.account_id.text), bind_null(), bind_null(), bind_null(), bind_null(),
        text(cursor_at(1000)),     bind_null()};
    (void)state;
    assert_below("the first rows", steps_of("usage.csv", first, 7), 1000 * 50);
    assert_below("the last rows", steps_of("usage.csv", last, 7), 1000 * 50);
}

/* As if they had all been written since there are chains. */
static void chain_charges(void)
{
    fixture_sql(f.path,
                "DROP TRIGGER transfers_no_update; BEGIN;"
                "UPDATE transfers SET previous_charge = iif(seq > 11, seq - 1, 0) WHERE seq > 10"
                " AND kind = 'charge';"
                "UPDATE balances SET last_charge = (SELECT max(seq) FROM transfers"
                " WHERE kind = 'charge') WHERE account_id = (SELECT debit_account FROM transfers"
                " WHERE kind = 'charge' LIMIT 1); COMMIT");
}

static void transfers(void **state)
{
    const struct store_value first[] = {text(ann.account_id.text), bind_null(), bind_int(PAGE)};
    const struct store_value last[] = {text(ann.account_id.text), text("40-0-0"), bind_int(PAGE)};
    const struct store_value chained[] = {text(ann.account_id.text), text("70-0-6f"),
                                          bind_int(PAGE)};
    const struct store_value credits[] = {text(ann.account_id.text), bind_null(), bind_int(PAGE)};
    (void)state;
    assert_below("the history", steps_of("transfer.history", first, 3), PAGE * 60);
    assert_below("its end", steps_of("transfer.history", last, 3), PAGE * 60);
    chain_charges();
    assert_below("a chained history", steps_of("transfer.history", first, 3), PAGE * 80);
    assert_below("its end", steps_of("transfer.history", chained, 3), PAGE * 80);
    assert_below("credits only", steps_of("transfer.list", credits, 3), PAGE * 60);
}

static void house(void **state)
{
    const struct store_value days[] = {bind_null(), bind_null(), text("day,model,provider"),
                                       text("540")};
    const struct store_value customers[] = {bind_null(), bind_null(), text("customer"),
                                            bind_null()};
    const struct store_value list[] = {bind_null(), bind_null(), bind_null(), bind_null(),
                                       bind_null(), bind_null(), bind_null(), bind_int(PAGE)};
    const struct store_value users[] = {bind_null(), bind_null(), bind_int(PAGE)};
    const struct store_value one[] = {text(ann.user_id.text)};
    const struct store_value digest[] = {
        text("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")};
    (void)state;
    assert_below("sales of all time", steps_of("sales.summary", days, 4), 120000);
    assert_below("customers of all time", steps_of("sales.summary", customers, 4), 60000);
    assert_below("the customers", steps_of("customer.list", users, 3), 2000);
    assert_below("a customer", steps_of("customer.get", one, 1), 300);
    assert_below("the audit log", steps_of("audit.list", list, 8), 2000);
    fixture_ask(f.store, &f.reply_queue, "session.create", "ttittt", digest[0].text.data,
                ann.user_id.text, INT64_MAX, "192.0.2.7", "Browser", "(no password)");
    assert_below("a pulse", steps_of("pulse.get", digest, 1), 60);
}

static int64_t search_steps(const char *typed, const char *digest)
{
    const struct store_value args[] = {text(typed), text(digest), bind_int(1)};
    return steps_of("search.find", args, 3);
}

/* Whatever looks like an id is looked up, also one that nothing has, among however many. */
static void searches(void **state)
{
    (void)state;
    fill_keys(); /* the last test: others read all keys of a customer */
    assert_below("a request", search_steps("req_50000", NULL), 300);
    fixture_assert_has(call.result.data, "\"exact\":true");
    assert_below("a refusal", search_steps("req_none", NULL), 600);
    fixture_assert_has(call.result.data, "\"exact\":false");
    assert_below("a key", search_steps(ann.key_id.text, NULL), 300);
    assert_below("a whole key", search_steps(NULL, ann.digest_hex), 300);
    fixture_assert_has(call.result.data, ann.key_id.text);
    assert_below("a user", search_steps(ann.user_id.text, NULL), 300);
    assert_below("an account", search_steps(ann.account_id.text, NULL), 300);
    assert_below("an address", search_steps("ANN@example.com", NULL), 300);
    fixture_assert_has(call.result.data, "\"exact\":true");
    assert_below("a transfer", search_steps("tx_none", NULL), 600);
    assert_below("a payment", search_steps("pay_none", NULL), 600);
    assert_below("a batch", search_steps("vch_none", NULL), 600);
    assert_below("a part", search_steps("@exam", NULL), 600);
    assert_below("a beginning", search_steps("llm_sk_none", NULL), 600);
    assert_below("a beginning that is there", search_steps("llm_sk_0c35", NULL), 600);
    fixture_assert_has(call.result.data, "\"key_3125\"");
    assert_below("what a page shows", search_steps("llm_sk_0c35…0c3c", NULL), 600);
    fixture_assert_has(call.result.data, "\"exact\":true");
    assert_below("what all keys begin with", search_steps("llm_sk_", NULL), 6000);
    assert_below("an end", search_steps("0c3c", NULL), 1500);
    fixture_assert_has(call.result.data, "\"key_3125\"");
    assert_below("an old secret's end", search_steps("o001", NULL), 3000);
    fixture_assert_has(call.result.data, "\"key_4097\"");
    assert_below("an old secret",
                 search_steps(NULL, "000000000000000000000000000000000000000000000000"
                                    "00000000000186a1"),
                 300);
    fixture_assert_has(call.result.data, "\"key_1\"");
}

/* 150,000 customers; the oldest is "Rare_Person", the others have parts of it. */
static void fill_users(void)
{
    fixture_sql(f.path,
                "PRAGMA foreign_keys = OFF; BEGIN;"
                "CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
                " FROM n WHERE i < 150000) SELECT i FROM n;"
                "INSERT INTO users (id, email, name, password_hash, role, account_id, created_ms)"
                " SELECT printf('user_00%024d', i), 'u' || i || '@often.example',"
                " iif(i = 1, 'Rare_Person', 'Rare-Person'), '', 'user', 'acct_' || i, i FROM n;"
                "INSERT INTO balances (account_id, floor_zero) SELECT 'acct_' || i, 1 FROM n"
                " WHERE i < 100; COMMIT");
}

/* A part of a name is found however many have come since, and costs a look at each. */
static void parts_of_names(void **state)
{
    enum { USERS = 150000, EACH = 20 };
    const struct store_value listed[] = {text("rare_p"), bind_null(), bind_int(PAGE)};
    (void)state;
    fill_users();
    assert_below("a part of a name", search_steps("rare_p", NULL), USERS * EACH);
    fixture_assert_has(call.result.data, "u1@often.example");
    assert_below("what all have", search_steps("often", NULL), 1500);
    assert_below("a list of it", steps_of("customer.list", listed, 3), USERS * EACH);
    fixture_assert_has(call.result.data, "u1@often.example");
}

/* Sums of 60 days of 2,000 of these customers. The last one has spent most. */
static void fill_days(void)
{
    fixture_sql(f.path,
                "BEGIN; WITH RECURSIVE d (day) AS (SELECT 20000 UNION ALL SELECT day + 1 FROM d"
                " WHERE day < 20059), n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                " WHERE i < 2000) INSERT INTO customer_days"
                " SELECT 'acct_' || i, day, 1, 0, 10, 0, 5, 0, i, 1, 0 FROM d CROSS JOIN n;"
                "UPDATE summed_days SET until_day = 20060; COMMIT");
}

/* Days of many customers lie together: some pages for a day, and not for a customer. */
static void customers_of_days(void **state)
{
    const int64_t day_ms = 86400000;
    const struct store_value week[] = {bind_int(20030 * day_ms), bind_int(20037 * day_ms),
                                       text("customer"), bind_null()};
    (void)state;
    fill_days();
    open_again();
    steps_of("sales.summary", week, 4);
    assert_below("pages of a week's customers", reads(), 700);
    fixture_assert_has(call.result.data, "\"email\":\"u2000@often.example\"");
    fixture_assert_has(call.result.data, "\"requests\":7,\"errors\":0,\"input_tokens\":70,");
    fixture_assert_has(call.result.data, "\"revenue\":\"0.000014000\"");
}

/* So many of ann's keys, each with a quota and ten hours of this month; returns what is asked. */
static char *fill_quotas(int count)
{
    char sql[1024];
    int64_t hour = quota_start_ms(QUOTA_MONTH, clock_wall_ms()) / 3600000;
    char *lines = calloc((size_t)count + 1, 96);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d),"
             " h (j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM h WHERE j < 9)"
             " INSERT OR REPLACE INTO hourly SELECT '%s', %lld + j, 'quota_key_' || i, 'm', 1, 0,"
             " 2, 0, 3, 0, 4, 0, 0 FROM n CROSS JOIN h",
             count, ann.account_id.text, (long long)hour);
    fixture_sql(f.path, sql);
    int at = sprintf(lines, "user\t%s\trequests\tmonth\t1000000\t0\t", ann.user_id.text);
    for (int i = 1; i <= count; i++)
        at += sprintf(lines + at, "\nkey\tquota_key_%d\ttokens\tmonth\t100\t7\tm\tother", i);
    return lines;
}

/* The sums are read once, however many quotas there are. */
static void quotas(void **state)
{
    enum { KEYS = 500 };
    (void)state;
    char *lines = fill_quotas(KEYS);
    const struct store_value all[] = {text(ann.user_id.text), text(lines)};
    int64_t steps = steps_of("quota.use", all, 2);
    size_t told = 0;
    for (const char *row = call.result.data; (row = strstr(row, "\"amount\":100,")) != NULL; row++)
        told +=
            strstr(row, "\"used\":50,\"held\":7,\"left\":43,") == row + strlen("\"amount\":100,")
                ? 1
                : 0;
    assert_int_equal(told, KEYS);
    char *end = strchr(lines, '\n');
    *end = '\0';
    const struct store_value one[] = {text(ann.user_id.text), text(lines)};
    assert_below("quota.use of 500 keys", steps, steps_of("quota.use", one, 2) + 100);
    free(lines);
}

/* Of few customers it takes no more for many records: day sums and hours, not records. */
static void statements(void **state)
{
    const struct store_value month[] = {text("2023-11"), text(""), bind_int(1), bind_null()};
    const struct store_value half_hours[] = {text("2023-11"), text(""), bind_int(1), text("330")};
    (void)state;
    assert_below("a month", steps_of("statement.csv", month, 4), 30000);
    assert_below("one of half hours", steps_of("statement.csv", half_hours, 4), 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_by_time),   cmocka_unit_test(pages_by_size),
        cmocka_unit_test(rare_records),    cmocka_unit_test(sums),
        cmocka_unit_test(single_records),  cmocka_unit_test(csv_pages),
        cmocka_unit_test(transfers),       cmocka_unit_test(house),
        cmocka_unit_test(statements),      cmocka_unit_test(quotas),
        cmocka_unit_test(rare_in_a_crowd), cmocka_unit_test(searches),
        cmocka_unit_test(parts_of_names),  cmocka_unit_test(customers_of_days),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
