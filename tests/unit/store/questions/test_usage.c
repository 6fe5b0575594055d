/* Usage as the dashboard asks for it: lists, CSV, one charge. (What it costs: test_steps.c.) */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"

static struct fixture f;
static struct customer ann;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

enum { HOUR = 3600000, DAY = 24 * HOUR };
static const int64_t monday = INT64_C(20300) * DAY; /* 2025-07-31T00:00:00Z */

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

/* An exchange of ann's: its model, time, charge, duration and searches. */
static struct id use_searches(const char *model, int64_t created_ms, int64_t charge_nusd,
                              int64_t total_us, int64_t searches)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    fixture_hold(&hold, &f.reply_queue, &ann, 1000000);
    hold.created_ms = created_ms;
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, charge_nusd, 0, charge_nusd / 2);
    snprintf(settlement.record.model, sizeof settlement.record.model, "%s", model);
    settlement.record.total_us = total_us;
    settlement.record.counts.output = total_us / 1000;
    settlement.record.counts.web_search = searches;
    assert_true(fixture_settle(f.store, &settlement));
    return hold.exchange_id;
}

static struct id use(const char *model, int64_t created_ms, int64_t charge_nusd, int64_t total_us)
{
    return use_searches(model, created_ms, charge_nusd, total_us, 0);
}

/* ---- lists ---- */

/* One page of two; `model` and `cursor` may be NULL. */
static const char *list_page(const char *model, const char *sort, const char *cursor)
{
    const char *account = ann.account_id.text;
    const int64_t two = 2, none = 0;
    if (model != NULL && cursor != NULL)
        return ASK("usage.list", "tnntnttiin", account, model, sort, cursor, two, none);
    if (model != NULL)
        return ASK("usage.list", "tnntntniin", account, model, sort, two, none);
    if (cursor != NULL)
        return ASK("usage.list", "tnnnnttiin", account, sort, cursor, two, none);
    return ASK("usage.list", "tnnnntniin", account, sort, two, none);
}

/* The last digits of all costs, page by page: "4 3, 2 1". */
static const char *costs(const char *model, const char *sort)
{
    static char text[256];
    char cursor[64] = "";
    size_t bytes = 0;
    text[0] = '\0';
    do {
        const char *at = list_page(model, sort, cursor[0] ? cursor : NULL);
        if (at == NULL)
            fail_msg("%s: %s", sort, fixture_code);
        snprintf(cursor, sizeof cursor, "%s", fixture_member(at, "next_cursor"));
        fixture_assert_has(at, "\"totals\":null");
        while ((at = strstr(at, "\"cost\":\"")) != NULL) {
            at += strlen("\"cost\":\"");
            bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "%c ", at[10]);
        }
        if (bytes)
            text[bytes - 1] = ',';
    } while (strcmp(cursor, "null") != 0);
    if (bytes)
        text[bytes - 1] = '\0';
    return text;
}

static void sorts(void **state)
{
    (void)state;
    use("gpt-4o", monday, 3, 9000);
    use("demo", monday + 5, 1, 7000);
    use("gpt-4o", monday + 5, 5, 1000); /* at the same moment */
    use("demo", monday + 3 * DAY, 2, 8000);
    use("gpt-4o", monday + 9 * DAY, 4, 6000);
    assert_string_equal(costs(NULL, "newest"), "4 2,5 1,3");
    assert_string_equal(costs(NULL, "oldest"), "3 1,5 2,4");
    assert_string_equal(costs(NULL, "cost"), "5 4,3 2,1");
    assert_string_equal(costs(NULL, "duration"), "3 2,1 4,5");
    assert_string_equal(costs(NULL, "tokens"), "3 2,1 4,5");
    assert_string_equal(costs("gpt-4o", "newest"), "4 5,3");
    assert_string_equal(costs("gpt-4o", "oldest"), "3 5,4");
    assert_string_equal(costs("demo", "newest"), "2 1");
    assert_string_equal(costs("demo", "oldest"), "1 2");
    assert_string_equal(costs("gpt-4o", "cost"), "5 4,3");
    assert_string_equal(costs("none", "newest"), "");
    assert_string_equal(costs("none", "oldest"), "");
    assert_null(list_page(NULL, "dearest", NULL));
    assert_string_equal(fixture_code, "invalid_value");
    assert_null(list_page(NULL, "cost", "junk"));
    assert_string_equal(fixture_code, "invalid_value");
}

/* Of the same size: the latest first, and none twice or never where a page ends. */
static void sizes_alike(void **state)
{
    (void)state;
    for (int64_t i = 1; i <= 5; i++)
        use("demo", monday + i % 3 * HOUR, i, 1000);
    assert_string_equal(costs(NULL, "duration"), "5 4,3 2,1");
    assert_string_equal(costs("demo", "tokens"), "5 4,3 2,1");
}

/* Every walk from hour to hour finds the same, wherever its window is cut. */
static void filters_in_windows(void **state)
{
    const int64_t times[] = {0,       1,          HOUR - 1,        HOUR, HOUR + 1, DAY,
                             DAY + 5, DAY + HOUR, 2 * (int64_t)DAY};
    const size_t count = sizeof times / sizeof times[0];
    static const char *const sorts[] = {"newest", "oldest", "cost"};
    (void)state;
    for (size_t i = 0; i < count; i++) {
        use("gpt-4o", monday + times[i], 1, 1000);
        use("demo", monday + times[i] + 30, 1, 1000);
    }
    for (size_t a = 0; a < count; a++) {
        for (size_t b = a; b < count; b++) {
            for (size_t s = 0; s < 3; s++) {
                const char *at =
                    ASK("usage.list", "tiitntniin", ann.account_id.text, monday + times[a],
                        monday + times[b], "gpt-4o", sorts[s], INT64_C(100), INT64_C(1));
                size_t found = 0;
                fixture_assert_has(at, "\"next_cursor\":null");
                assert_int_equal(atoi(fixture_member(strstr(at, "\"totals\""), "requests")), b - a);
                for (; (at = strstr(at, "\"total_ms\"")) != NULL; at++)
                    found++;
                assert_int_equal(found, b - a);
            }
        }
    }
}

/* ---- sums ---- */

static void days_of_a_zone(void **state)
{
    const char *json;
    (void)state;
    use("demo", monday + 14 * HOUR, 1, 1000);           /* 23:00 in Seoul */
    use("demo", monday + 15 * (int64_t)HOUR, 20, 1000); /* midnight there */
    use("gpt-4o", monday + 2 * (int64_t)DAY, 300, 1000);
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "day", "");
    fixture_assert_has(json, "{\"data\":[{\"day\":\"2025-08-02\",\"requests\":1,");
    fixture_assert_has(json, "{\"day\":\"2025-07-31\",\"requests\":2,");
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "day", "540");
    fixture_assert_has(json, "{\"day\":\"2025-08-01\",\"requests\":1,");
    fixture_assert_has(json, "{\"day\":\"2025-07-31\",\"requests\":1,");
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "day", "-720");
    fixture_assert_has(json, "{\"day\":\"2025-08-01\",\"requests\":1,");
    json = ASK("usage.summary", "tnnttnt", ann.account_id.text, "model", "demo", "");
    fixture_assert_has(json, "{\"data\":[{\"model\":\"demo\",\"requests\":2,");
    fixture_assert_has(json, "\"totals\":{\"requests\":2,");
    assert_null(strstr(json, "gpt-4o"));
    json = ASK("usage.summary", "tnntntt", ann.account_id.text, "model", "key_0", "");
    fixture_assert_has(json, "{\"data\":[],\"totals\":{\"requests\":0,");
}

static void errors_are_counted(void **state)
{
    struct ledger_settlement settlement;
    struct ledger_hold hold;
    const char *json;
    (void)state;
    use("demo", monday, 1, 1000);
    fixture_hold(&hold, &f.reply_queue, &ann, 1000000);
    hold.created_ms = monday + 1;
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 0, 0, 0);
    settlement.voided = true;
    strcpy(settlement.record.error_code, "timeout");
    assert_true(fixture_settle(f.store, &settlement));
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "day", "");
    fixture_assert_has(json, "\"requests\":2,\"errors\":1,");
    json = ASK("usage.summary", "tiitnnt", ann.account_id.text, monday + 1, monday + 2, "day",
               ""); /* from the records */
    fixture_assert_has(json, "\"requests\":1,\"errors\":1,");
    assert_int_equal(fixture_number(f.path, "SELECT sum(errors) FROM sales"), 1);
    fixture_verify(f.path, NULL);
}

/* All groups or none. */
static void too_many_groups(void **state)
{
    (void)state;
    use("gpt-4o", monday, 3, 9000);
    fixture_sql(
        f.path,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        "INSERT INTO hourly SELECT account_id, hour, key_id, model || i, 1, 0, 0, 0, 0, 0,"
        " 0, 0, 0 FROM hourly, n;"
        "INSERT INTO sales SELECT hour * 4, model, 'p', 1, 0, 0, 0, 0, 0, 0, 0, 0 FROM hourly");
    assert_null(ASK("usage.summary", "tnntnnt", ann.account_id.text, "day,model", ""));
    assert_string_equal(fixture_code, "response_too_large");
    assert_null(ASK("sales.summary", "nntt", "model", ""));
    assert_string_equal(fixture_code, "response_too_large");
    fixture_assert_has(ASK("usage.summary", "tnntnnt", ann.account_id.text, "day", ""),
                       "\"requests\":20001,");
    fixture_assert_has(ASK("sales.summary", "nntt", "provider", ""), "\"requests\":20001,");
}

static void migrate(const char *name)
{
    const struct asset *migration = migration_assets;
    while (strcmp(migration->name, name) != 0)
        migration++;
    fixture_sql(f.path, migration->data);
}

/* What the migrations make of records that were there before is what is written today. */
static void migration_adds_up(void **state)
{
    int64_t hourly, sales;
#define SUM(table, time)                                                                           \
    "SELECT sum((" time " * 31 + length(model)) * (requests + 2 * errors + 3 * input_tokens"       \
    " + 5 * cached_input_tokens + 7 * output_tokens + 11 * reasoning_tokens + 13 * charge_nusd"    \
    " + 17 * cost_nusd + 19 * overrun_nusd)) FROM " table
    (void)state;
    use("gpt-4o", monday, 3, 9000);
    use("gpt-4o", monday + 1, 30, 8000);
    use("demo", monday + HOUR, 300, 7000);
    hourly = fixture_number(f.path, SUM("hourly", "hour"));
    sales = fixture_number(f.path, SUM("sales", "quarter"));
    fixture_close(&f);
    fixture_sql(f.path, "DROP TABLE hourly; DROP TABLE sales; DROP TABLE audit;"
                        "DROP INDEX transfers_unchained; DROP INDEX sessions_by_user;"
                        "ALTER TABLE transfers DROP COLUMN previous_charge;"
                        "ALTER TABLE balances DROP COLUMN last_charge;"
                        "CREATE TABLE daily (x)");
    migrate("0005_dashboard.sql");
    migrate("0010_quarters.sql");
    assert_int_equal(fixture_number(f.path, SUM("hourly", "hour")), hourly);
    assert_int_equal(fixture_number(f.path, SUM("sales", "quarter")), sales);
    fixture_verify(f.path, NULL);
    fixture_reopen(&f);
}

/* ---- days that are over ---- */

/* Some that are written on their day, and some that come late. */
static void use_over_midnight(void)
{
    use("demo", monday + HOUR, 1, 1000);
    use("demo", monday + 23 * HOUR, 20, 2000);
    use("gpt-4o", monday + DAY, 300, 3000);
    assert_int_equal(fixture_number(f.path, "SELECT until_day FROM summed_days"), 20301);
    use("demo", monday + 23 * HOUR + 5, 4000, 4000); /* it ran over midnight */
    assert_int_equal(fixture_number(f.path, "SELECT until_day FROM summed_days"), 20300);
    use("gpt-4o", monday + 2 * HOUR, 50000, 5000);
    use("demo", monday + 4 * (int64_t)DAY + 5 * HOUR, 600000, 6000);
    use("demo", monday - DAY, 700000, 7000); /* a clock set back */
    use("demo", monday + 3 * (int64_t)DAY + 23 * HOUR, 80000, 8000);
}

/* The first sums are the only customer's, those behind them the totals. */
static void assert_of_customer(const char *json, const char *sums)
{
    const char *wanted = strchr(sums, '"');
    json = strstr(json, "\"requests\":");
    assert_non_null(json);
    assert_memory_equal(json, wanted, strlen(wanted));
}

static void days_that_are_over(void **state)
{
    const int64_t times[] = {-25, -24, 0, 1, 2, 23, 24, 25, 47, 96, 101, 120, 144, 400};
    const size_t count = sizeof times / sizeof times[0];
    (void)state;
    use_over_midnight();
    assert_int_equal(fixture_number(f.path, "SELECT until_day FROM summed_days"), 20303);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM customer_days"), 3);
    assert_int_equal(fixture_number(f.path, "SELECT sum(charge_nusd) FROM customer_days"), 754321);
    fixture_verify(f.path, NULL);
    for (size_t a = 0; a < count; a++) {
        for (size_t b = a + 1; b < count; b++) {
            int64_t from_ms = monday + times[a] * HOUR;
            int64_t to_ms = monday + times[b] * HOUR;
            char all[512];
            const char *json = ASK("sales.summary", "iitt", from_ms, to_ms, "model", "");
            snprintf(all, sizeof all, "%s", strstr(json, "\"totals\":") + strlen("\"totals\":"));
            all[strlen(all) - 1] = '\0'; /* ann's are the house's */
            json = ASK("sales.summary", "iitt", from_ms, to_ms, "customer", "");
            if (strncmp(all, "{\"requests\":0,", 14) == 0)
                fixture_assert_has(json, "{\"data\":[],");
            else
                assert_of_customer(json, all);
        }
    }
    /* The first sale of a day may be of a later hour than the first hour of some customer. */
    fixture_sql(f.path, "INSERT INTO hourly SELECT account_id, 20310 * 24 + 1, key_id, model, 1, 0,"
                        " 0, 0, 0, 0, 0, 0, 0 FROM hourly LIMIT 1;"
                        "INSERT INTO sales SELECT 20310 * 96 + 8, model, provider, 1, 0, 0, 0, 0,"
                        " 0, 0, 0, 0 FROM sales LIMIT 1");
    assert_int_equal(fixture_number(f.path, "SELECT max(day) FROM customer_days"), 20304);
}

/* What the migration makes of hours that were there before is what is written today. */
static void migration_sums_up_days(void **state)
{
#define DAYS                                                                                       \
    "SELECT sum((day * 31 + requests) * (2 * errors + 3 * input_tokens + 5 * cached_input_tokens"  \
    " + 7 * output_tokens + 11 * reasoning_tokens + 13 * charge_nusd + 17 * cost_nusd"             \
    " + 19 * overrun_nusd)) FROM customer_days"
    int64_t days;
    (void)state;
    use_over_midnight();
    use("demo", monday + 5 * (int64_t)DAY, 1, 1000);
    days = fixture_number(f.path, DAYS);
    fixture_close(&f);
    fixture_sql(f.path, "DROP TABLE customer_days; DROP TABLE summed_days;"
                        "DROP TRIGGER hourly_begins_late; DROP TRIGGER hourly_grows_late;"
                        "CREATE TABLE old AS SELECT quarter / 4 AS hour FROM sales;"
                        "DROP TABLE sales; ALTER TABLE old RENAME TO sales");
    migrate("0006_dashboard_speed.sql");
    migrate("0010_quarters.sql");
    assert_int_equal(fixture_number(f.path, DAYS), days);
    assert_int_equal(fixture_number(f.path, "SELECT until_day FROM summed_days"), 20305);
    fixture_verify(f.path, NULL);
    fixture_reopen(&f);
}

/* ---- units ---- */

/* Searches that are written on their day, and some that come late: 1 + 20 + ... of them. */
static void search_over_midnight(void)
{
    use_searches("demo", monday + HOUR, 1, 1000, 1);
    use_searches("demo", monday + 18 * HOUR + 1, 600000, 6000, 600000); /* Kathmandu's midnight */
    use_searches("demo", monday + 18 * HOUR + 2700000, 100000, 1000, 100000);
    use_searches("demo", monday + 23 * HOUR, 20, 2000, 20);
    use_searches("gpt-4o", monday + DAY, 300, 3000, 300);
    use_searches("demo", monday + 23 * HOUR + 5, 4000, 4000, 4000); /* it ran over midnight */
    use("demo", monday + 2 * HOUR, 7, 7000); /* of an hour without searches */
    use_searches("gpt-4o", monday + 2 * (int64_t)DAY + HOUR / 2, 50000, 5000, 50000);
}

/* Each charge above is the number of its searches, but for the 7. */
static void check_units(const char *json)
{
    while ((json = strstr(json, "\"requests\":")) != NULL) {
        const char *end = strchr(json, '}');
        const char *units = strstr(json, "\"units\":{\"web_search\":");
        const char *money = strstr(json, "\"cost\":\"0.");
        long searches = 0;
        long nusd;
        if (units != NULL && units < end) {
            searches = strtol(strchr(units, '{') + sizeof "\"web_search\":", NULL, 10);
            money = strstr(end, "\"cost\":\"0.");
        }
        nusd = strtol(money + sizeof "\"cost\":\"0", NULL, 10);
        assert_true(searches == nusd || searches == nusd - 7);
        json = money;
    }
}

static void units_by_group(void **state)
{
    const int64_t times[] = {-1, 0, 1, 2, 18, 23, 24, 25, 48, 49, 100};
    const char *json;
    (void)state;
    search_over_midnight();
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "day", "");
    fixture_assert_has(json, "\"day\":\"2025-07-31\",\"requests\":6,");
    fixture_assert_has(json, "\"units\":{\"web_search\":704021},\"cost\":\"0.000704028\"}");
    fixture_assert_has(json, "\"units\":{\"web_search\":754321},\"cost\":\"0.000754328\"}}");
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "day,model", "Asia/Kolkata");
    check_units(json);
    json = ASK("usage.summary", "tnntnnt", ann.account_id.text, "day,model", "345");
    check_units(json);
    for (size_t a = 0; a < sizeof times / sizeof times[0]; a++) {
        for (size_t b = a + 1; b < sizeof times / sizeof times[0]; b++) {
            for (int64_t edge = -1; edge <= 1; edge++) {
                json = ASK("usage.summary", "tiitnnt", ann.account_id.text,
                           monday + times[a] * HOUR + edge * 1800000,
                           monday + times[b] * HOUR + edge * 3, "model,key", "");
                check_units(json);
            }
        }
    }
    json = ASK("usage.summary", "tnnttnt", ann.account_id.text, "model", "demo", "");
    fixture_assert_has(json, "\"units\":{\"web_search\":704021},\"cost\":\"0.000704028\"}}");
    json = ASK("usage.summary", "tiitnnt", ann.account_id.text, monday + 2 * HOUR,
               monday + 3 * HOUR, "model", "");
    assert_null(strstr(json, "units"));
    fixture_verify(f.path, NULL);
}

static void units_of_all_customers(void **state)
{
    const int64_t times[] = {-25, 0, 1, 2, 18, 23, 24, 25, 47, 48, 49, 400};
    const size_t count = sizeof times / sizeof times[0];
    (void)state;
    search_over_midnight();
    assert_int_equal(fixture_number(f.path, "SELECT sum(quantity) FROM customer_day_units"),
                     704321);
    fixture_verify(f.path, NULL);
    for (size_t a = 0; a < count; a++) {
        for (size_t b = a + 1; b < count; b++) {
            for (int64_t quarters = 0; quarters < 4; quarters++) {
                int64_t from_ms = monday + times[a] * HOUR + quarters * 900000;
                int64_t to_ms = monday + times[b] * HOUR + quarters * 900000;
                const char *json = ASK("sales.summary", "iitt", from_ms, to_ms, "model", "");
                char all[512];
                snprintf(all, sizeof all, "%s", strstr(json, "\"totals\":") + 9);
                all[strlen(all) - 1] = '\0'; /* ann's are the house's */
                json = ASK("sales.summary", "iitt", from_ms, to_ms, "customer", "");
                if (strncmp(all, "{\"requests\":0,", 14) != 0)
                    assert_of_customer(json, all);
            }
        }
    }
}

/* What the migration makes of lines that were there before is what is written today. */
static void migration_sums_up_units(void **state)
{
#define UNITS(table, time) "SELECT sum((" time " * 31 + length(unit)) * quantity) FROM " table
    int64_t hours, sales, days;
    (void)state;
    search_over_midnight();
    hours = fixture_number(f.path, UNITS("hourly_units", "hour"));
    sales = fixture_number(f.path, UNITS("sales_units", "quarter"));
    days = fixture_number(f.path, UNITS("customer_day_units", "day"));
    fixture_close(&f);
    fixture_sql(f.path, "DROP TABLE hourly_units; DROP TABLE sales_units;"
                        "DROP TABLE customer_day_units; DROP TRIGGER units_of_summed_days");
    migrate("0014_unit_sums.sql");
    assert_int_equal(fixture_number(f.path, UNITS("hourly_units", "hour")), hours);
    assert_int_equal(fixture_number(f.path, UNITS("sales_units", "quarter")), sales);
    assert_int_equal(fixture_number(f.path, UNITS("customer_day_units", "day")), days);
    assert_true(days > 0);
    fixture_verify(f.path, NULL);
    fixture_reopen(&f);
}

static void no_row_for_plain_calls(void **state)
{
    (void)state;
    use("demo", monday, 7, 7000);
    use("demo", monday + DAY, 7, 7000);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM hourly_units"), 0);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM sales_units"), 0);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM customer_day_units"), 0);
}

/* ---- CSV ---- */

static void csv(void **state)
{
    const char *text;
    char wanted[512];
    struct id id;
    (void)state;
    assert_string_equal(ASK("usage.csv", "tnnnnnn", ann.account_id.text), "\n");
    id = use_searches("=HYPERLINK(\"x\")", monday, 3, 9000, 4);
    use("demo", monday + 1, 1, 7000);
    fixture_sql(f.path, "UPDATE keys SET name = '@risk, \"quoted\"'");
    text = ASK("usage.csv", "tnntnnn", ann.account_id.text, "=HYPERLINK(\"x\")");
    snprintf(
        wanted, sizeof wanted,
        "\"%s\",2025-07-31T00:00:00.000Z,2025-07-31 00:00:00,\"'=HYPERLINK(\"\"x\"\")\",\"openai\","
        "\"%s\","
        "\"'@risk, \"\"quoted\"\"\",200,0,10,2,9,1,0.000000003,\"reported\",\"stop\",\"\",1,1,"
        "9",
        id.text, ann.key_id.text);
    for (enum unit unit = UNIT_OUTPUT + 1; unit < UNIT_COUNT; unit++)
        strcat(wanted, unit == UNIT_WEB_SEARCH ? ",4" : ",0");
    strcat(wanted, "\r\n\n");
    assert_string_equal(text, wanted);
}

/* Page after page, until the last line is empty: all rows once, the newest first. */
static void csv_pages(void **state)
{
    char cursor[64] = "";
    int64_t rows = 0;
    (void)state;
    fixture_sql(f.path,
                "INSERT INTO usage (" FIXTURE_USAGE_COLUMNS
                ") SELECT i, 'req_' || i, (SELECT account_id FROM users), 'u', 'k',"
                " 'm', 'p', 'pm', 'r', '', 'stop', 200, 1, 0, 'reported', 1, 0, 1, 0, 1, 1, 1, 0,"
                " 1, i, 0, 1000000 + i / 3, 5, 9, NULL FROM (WITH RECURSIVE n (i) AS (SELECT 1"
                " UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i FROM n)");
    do {
        const char *text = cursor[0] ? ASK("usage.csv", "tnnnntn", ann.account_id.text, cursor)
                                     : ASK("usage.csv", "tnnnnnn", ann.account_id.text);
        const char *line = text;
        const char *end;
        for (; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
            char wanted[32];
            snprintf(wanted, sizeof wanted, "\"req_%d\",", (int)(2500 - rows++));
            assert_memory_equal(line, wanted, strlen(wanted));
        }
        snprintf(cursor, sizeof cursor, "%.*s", (int)strcspn(line, "\n"), line);
    } while (cursor[0]);
    assert_int_equal(rows, 2500);
    /* They stand on nothing, so the ledger must not be asked whether it is sound. */
}

/* ---- one charge ---- */

static void charge(void **state)
{
    struct ledger_settlement settlement;
    struct ledger_hold hold;
    const char *json;
    (void)state;
    fixture_hold(&hold, &f.reply_queue, &ann, 1000000);
    hold.created_ms = monday;
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 1000000, 8001, 840001);
    settlement.record.prices = (struct unit_prices){.of = {50000001, 25000000, 58000000}};
    settlement.record.sold = settlement.record.prices;
    settlement.record.margin_ppm = 200000;
    strcpy(settlement.record.facts.words[USAGE_SERVICE_TIER], "flex");
    strcpy(settlement.record.facts.words[USAGE_REGION], "us");
    assert_true(fixture_settle(f.store, &settlement));
    assert_non_null(ASK("refund.create", "tit", hold.exchange_id.text, INT64_C(40), "sorry"));
    json = ASK("usage.explain", "tt", ann.account_id.text, hold.exchange_id.text);
    fixture_assert_has(
        json, "\"hold\":\"0.001000000\",\"refunded\":\"0.000000040\","
              "\"conditions\":{\"service_tier\":\"flex\",\"region\":\"us\"},\"canary\":false,"
              "\"charge\":{\"by\":\"units\",\"lines\":["
              "{\"kind\":\"input\",\"tokens\":10,\"price\":\"60.0000012\","
              "\"amount\":\"0.000600000012000000\",\"quantity\":10,\"per\":1000000},"
              "{\"kind\":\"cached_input\",\"tokens\":2,\"price\":\"30\","
              "\"amount\":\"0.000060000000000000\",\"quantity\":2,\"per\":1000000},"
              "{\"kind\":\"output\",\"tokens\":5,\"price\":\"69.6\","
              "\"amount\":\"0.000348000000000000\",\"quantity\":5,\"per\":1000000}],"
              "\"exact\":\"0.001008000012000000\",\"rounding\":\"0.000000000988000000\","
              "\"price\":\"0.001008001\",\"covered\":\"0.000008001\","
              "\"charged\":\"0.001000000\"},\"attempt_list\":[]}");
    for (const char *const *secret =
             (const char *const[]){"margin", "50000001", "50.0", "0.000840001", "cost_lines",
                                   "profit", "aaaa", NULL};
         *secret != NULL; secret++)
        assert_null(strstr(json, *secret));
    json = ASK("usage.audit", "ti", hold.exchange_id.text, (int64_t)1);
    fixture_assert_has(json, "\"email\":\"ann@example.com\"");
    fixture_assert_has(json, "\"margin\":\"20%\",\"cost_lines\":[{\"kind\":\"input\",\"tokens\":10,"
                             "\"price\":\"50.000001\",\"amount\":\"0.000500000010000000\",");
    fixture_assert_has(json, "\"provider_cost\":\"0.000840001\",\"overrun\":\"0.000008001\","
                             "\"profit\":\"0.000159959\","
                             "\"shadow\":null,\"hedge\":null,\"attempt_list\":[]}");
    assert_null(ASK("usage.explain", "tt", "acct_0", hold.exchange_id.text));
    assert_string_equal(fixture_code, "not_found");
    assert_null(ASK("usage.audit", "ti", "req_0", (int64_t)1));
    assert_string_equal(fixture_code, "not_found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sorts, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(filters_in_windows, setup, teardown),
        cmocka_unit_test_setup_teardown(days_of_a_zone, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(migration_adds_up, setup, teardown),
        cmocka_unit_test_setup_teardown(days_that_are_over, setup, teardown),
        cmocka_unit_test_setup_teardown(migration_sums_up_days, setup, teardown),
        cmocka_unit_test_setup_teardown(units_by_group, setup, teardown),
        cmocka_unit_test_setup_teardown(units_of_all_customers, setup, teardown),
        cmocka_unit_test_setup_teardown(migration_sums_up_units, setup, teardown),
        cmocka_unit_test_setup_teardown(no_row_for_plain_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(csv, setup, teardown),
        cmocka_unit_test_setup_teardown(csv_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(charge, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
