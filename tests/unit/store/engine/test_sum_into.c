/* sum_into gives what a GROUP BY gives, however many groups there are, or fails. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/engine/db.h"
#include "store/engine/sum_into.h"

static char folder[64];
static struct db db;
static struct fault fault;

#define INSERT "'INSERT INTO sums SELECT c1, c2, c3, c4 FROM given_rows WHERE true "
#define ADD INSERT "ON CONFLICT DO UPDATE SET n = n + excluded.n, s = s + excluded.s'"
#define SUM "SELECT sum_into(" ADD ", 2, a, b, 1, n) FROM t;"

static int set_up(void **state)
{
    char path[96];
    (void)state;
    strcpy(folder, "/tmp/gw-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/gateway.db", folder);
    assert_true(db_open(&db, path, DB_WRITE_PROCESS, &fault));
    assert_true(db_script(&db,
                          "CREATE TABLE t (a, b, n);"
                          "CREATE TABLE sums (a ANY, b ANY, n INTEGER, s INTEGER CHECK (s <> -13),"
                          " PRIMARY KEY (a, b)) STRICT",
                          &fault));
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    db_close(&db);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static int64_t number(const char *sql)
{
    return db_number(&db, sql, NULL, 0, -1);
}

/* In a transaction of its own; false: it is rolled back. */
static bool run(const char *sql)
{
    db_clear(&db);
    assert_true(db_script(&db, "BEGIN IMMEDIATE", &fault));
    if (db_script(&db, sql, &fault))
        return db_script(&db, "COMMIT", &fault);
    db_rollback(&db);
    return false;
}

/* Runs SUM over rows that `rows` selects, and compares with a GROUP BY. */
static void assert_sums(const char *rows)
{
    char fill[512];
    snprintf(fill, sizeof fill, "DELETE FROM t; DELETE FROM sums; INSERT INTO t %s;", rows);
    assert_true(run(fill));
    assert_true(run(SUM));
    assert_int_equal(number("SELECT count(*) FROM (SELECT a, b, count(*), sum(n) FROM t"
                            " GROUP BY 1, 2 EXCEPT SELECT * FROM sums)"),
                     0);
    assert_int_equal(number("SELECT count(*) FROM sums"),
                     number("SELECT count(*) FROM (SELECT DISTINCT a, b FROM t)"));
}

#define NUMBERS(count)                                                                             \
    "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < " count ")"

static void what_a_group_by_gives(void **state)
{
    (void)state;
    assert_sums("SELECT 1, 2, 3 WHERE false");
    assert_sums("SELECT 1, 'x', 3");
    assert_sums(NUMBERS("5000") "SELECT i % 7, 'model' || (i % 11), i FROM r");
    assert_sums(NUMBERS("5000") "SELECT abs(random()) % 40, 'm' || abs(random()) % 40,"
                                " random() / 100000 FROM r");
    /* the same bytes, cut at other places; an integer and its text; an empty text */
    assert_sums("VALUES ('ab', 'c', 1), ('a', 'bc', 2), (1, '', 4), ('1', '', 8), ('', 1, 16),"
                " ('', '', 32), (0, 0, 64), ('', 0, 128), (0, '', 256)");
}

/* A group that comes again after its sums were written is added to them. */
static void more_groups_than_memory_takes(void **state)
{
    (void)state;
    assert_true(SUM_GROUPS_MAX < 6000);
    assert_sums(NUMBERS("20000") "SELECT i % 6000, 'x', i FROM r");
    assert_sums(NUMBERS("4096") "SELECT i, 'x', i FROM r");
    assert_sums(NUMBERS("4097") "SELECT i, 'x', i FROM r");
}

static void more_text_than_memory_takes(void **state)
{
    (void)state;
    assert_sums(NUMBERS("4000") "SELECT i % 900, hex(zeroblob(1000)) || i % 900, i FROM r");
    assert_sums("SELECT hex(zeroblob(524288)), '', 1 UNION ALL SELECT 'x', 'y', 2");
    assert_true(run("DELETE FROM t; INSERT INTO t SELECT hex(zeroblob(524288)), 'x', 1"));
    assert_false(run(SUM));
    assert_non_null(strstr(fault.message, "too long"));
}

static void assert_fails(const char *values, const char *why)
{
    char fill[256];
    snprintf(fill, sizeof fill, "DELETE FROM t; DELETE FROM sums; INSERT INTO t VALUES %s;",
             values);
    assert_true(run(fill));
    assert_false(run(SUM));
    assert_non_null(strstr(fault.message, why));
    assert_int_equal(number("SELECT count(*) FROM sums"), 0);
}

static void what_cannot_be_summed(void **state)
{
    (void)state;
    assert_fails("(1, 1, 1), (NULL, 1, 1)", "a key is neither");
    assert_fails("(1, 1, 1), (1, 0.5, 1)", "a key is neither");
    assert_fails("(1, 1, 1), (1, x'00', 1)", "a key is neither");
    assert_fails("(1, 1, 1), (1, 1, NULL)", "a value is no integer");
    assert_fails("(1, 1, 1), (1, 1, 0.5)", "a value is no integer");
    assert_fails("(1, 1, 1), (1, 1, '1')", "a value is no integer");
    assert_fails("(1, 1, 9223372036854775807), (1, 1, 1)", "integer overflow");
    assert_fails("(1, 1, -6), (1, 1, -7), (1, 2, 1)", "CHECK constraint");
}

/* The statement fails, and all that was written before is taken back. */
static void a_failure_in_the_middle(void **state)
{
    (void)state;
    assert_true(run("INSERT INTO t " NUMBERS("5000") "SELECT i, 'x', 1 FROM r;"
                                                     "INSERT INTO t VALUES (6000, 'x', -13)"));
    assert_false(run(SUM));
    assert_int_equal(number("SELECT count(*) FROM sums"), 0);
    assert_true(run("DELETE FROM t WHERE n = -13;" SUM));
    assert_int_equal(number("SELECT count(*) FROM sums"), 5000);
}

static void wrong_calls(void **state)
{
    static const char *const calls[] = {
        "SELECT sum_into() FROM t",
        "SELECT sum_into(" ADD ") FROM t",
        "SELECT sum_into(NULL, 1, a, n) FROM t",
        "SELECT sum_into(" ADD ", 0, a, n) FROM t",
        "SELECT sum_into(" ADD ", 5, a, a, a, a, a, n) FROM t",
        "SELECT sum_into(" ADD ", 1, a) FROM t",
        "SELECT sum_into(" ADD ", 1, a, n, n, n, n, n, n, n, n, n, n, n, n, n) FROM t",
        "SELECT sum_into('INSERT INTO nothing VALUES (1)', 1, a, n) FROM t",
        "SELECT sum_into('SELECT c1 FROM given_rows', 1, a, n) FROM t",
    };
    (void)state;
    assert_true(run("INSERT INTO t VALUES (1, 2, 3)"));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        assert_false(run(calls[i]));
    assert_true(run(SUM)); /* nothing is left behind */
    assert_int_equal(number("SELECT s FROM sums"), 3);
}

static void never_outside_a_transaction(void **state)
{
    (void)state;
    assert_true(run("INSERT INTO t VALUES (1, 2, 3)"));
    db_clear(&db);
    assert_false(db_script(&db, SUM, &fault));
    assert_non_null(strstr(fault.message, "no transaction"));
    assert_int_equal(number("SELECT count(*) FROM sums"), 0);
}

static void two_in_one_statement(void **state)
{
    (void)state;
    assert_true(run("CREATE TABLE odd (a, n)"));
    assert_true(run("INSERT INTO t " NUMBERS("9000") "SELECT i % 5000, 'x', 1 FROM r"));
    assert_true(run("SELECT sum_into('INSERT INTO odd SELECT c1, c2 FROM given_rows', 1, a % 10, 1)"
                    " FILTER (WHERE a % 2), sum_into(" ADD ", 2, a, b, 1, n) FROM t"));
    assert_int_equal(number("SELECT count(*) FROM odd"), 5);
    assert_int_equal(number("SELECT sum(n) FROM odd"), 4500);
    assert_int_equal(number("SELECT sum(s) FROM sums"), 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_group_by_gives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_groups_than_memory_takes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_text_than_memory_takes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_summed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_in_the_middle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(never_outside_a_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_in_one_statement, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
