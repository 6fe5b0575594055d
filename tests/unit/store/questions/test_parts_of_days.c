/* Sales by customer add up whole days, and parts of days in two ways (store/questions/sales.c). */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture f;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

enum { HOUR = 3600000, DAY = 24 * HOUR };
static const int64_t monday = INT64_C(20300) * DAY;

static void use(const struct customer *customer, int64_t hours, int64_t charge_nusd)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    fixture_hold(&hold, &f.reply_queue, customer, 1000000);
    hold.created_ms = monday + hours * HOUR + charge_nusd;
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, charge_nusd, 0, charge_nusd / 2);
    assert_true(fixture_settle(f.store, &settlement));
}

/* What all customers have in each of these windows, the answers behind each other; freed by the
 * caller. */
static char *customers_in_windows(void)
{
    const int64_t quarters[] = {0, 3, 4, 8, 92, 95, 96, 100, 190, 192, 200, 380, 405, 500};
    const size_t count = sizeof quarters / sizeof quarters[0];
    char *all = calloc(count * count, 1024);
    size_t at = 0;
    for (size_t a = 0; a < count; a++) {
        for (size_t b = a + 1; b < count; b++) {
            const char *json = ASK("sales.summary", "iitt", monday + quarters[a] * HOUR / 4,
                                   monday + quarters[b] * HOUR / 4, "customer", "");
            at +=
                (size_t)sprintf(all + at, "%.*s\n", (int)(strstr(json, "\"totals\"") - json), json);
        }
    }
    return all;
}

/* Puts 2,500 records of another time among those that there are. */
static void part_records(void)
{
    fixture_sql(f.path,
                "PRAGMA foreign_keys = OFF; DROP TRIGGER usage_no_update; BEGIN;"
                "UPDATE usage SET seq = seq + 10000 WHERE seq > 5;"
                "CREATE TEMP TABLE other AS SELECT * FROM usage LIMIT 1;"
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
                " INSERT INTO other SELECT o.* FROM other o CROSS JOIN n;"
                "UPDATE other SET created_ms = 0, seq = 10 + rowid;"
                "INSERT INTO usage SELECT * FROM other; COMMIT");
}

/* They are from the records where these are few and lie together; else from the hours of customers
 * who are active; and of all, if these have not as many calls as `sales`. */
static void parts_of_days(void **state)
{
    struct customer ann, bob;
    char *from_records, *from_active, *from_all;
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", 10 * USD, -1, &bob);
    use(&ann, 0, 1);
    use(&bob, 0, 2);
    use(&bob, 2, 30);
    use(&ann, 23, 400);
    use(&ann, 24, 5000);
    use(&bob, 27, 60000);
    use(&ann, 23, 7); /* late: its day was over */
    use(&ann, 50, 8);
    use(&bob, 101, 90);
    use(&bob, 120, 100);
    from_records = customers_in_windows();
    fixture_assert_has(from_records, "bob@example.com");
    part_records();
    from_active = customers_in_windows();
    assert_string_equal(from_records, from_active);
    fixture_sql(f.path, "UPDATE sales SET requests = requests + 1");
    from_all = customers_in_windows();
    assert_string_equal(from_records, from_all);
    free(from_records);
    free(from_active);
    free(from_all);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts_of_days)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
