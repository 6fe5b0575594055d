/* One handle of SQLite: what goes in comes out, what fails is a failure or a constraint and stays
 * so until it is cleared, and what readers and writers may do. */
#include "base/support.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "store/engine/db.h"

static char folder[64];
static char path[96];
static struct db db;

#define NO_VALUES NULL, 0

static bool open_as(struct db *out, enum db_mode mode)
{
    struct fault fault;
    if (db_open(out, path, mode, &fault))
        return true;
    db_close(out);
    return false;
}

static int set_up(void **state)
{
    struct fault fault;
    (void)state;
    strcpy(folder, "/tmp/gw-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/gateway.db", folder);
    assert_true(open_as(&db, DB_WRITE_PROCESS));
    assert_true(db_script(&db,
                          "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b BLOB,"
                          " parent INTEGER REFERENCES t (id), n INTEGER NOT NULL DEFAULT 0"
                          " CHECK (n >= 0)) STRICT;"
                          /* of the migrations; for db_write_nothing */
                          "CREATE TABLE changes (kind TEXT, id TEXT) STRICT;",
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

static bool insert(const char *text)
{
    return db_run(&db, "INSERT INTO t (a) VALUES (?1)", DB_VALUES(bind_text(text)));
}

static int64_t count(struct db *of)
{
    return db_number(of, "SELECT count(*) FROM t", NO_VALUES, -1);
}

/* ---- values ---- */

static void values_come_back_as_they_went_in(void **state)
{
    (void)state;
    const struct slice bytes = {"a\0b", 3};
    struct row *row = db_bind(&db, "SELECT ?1, ?2, ?3, ?4, ?5",
                              DB_VALUES(bind_int(INT64_MIN), bind_text("it's \xc3\xa9"),
                                        bind_blob(bytes), bind_null(), bind_int(INT64_MAX)));
    assert_true(db_row(&db, row));
    assert_int_equal(column_int(row, 0), INT64_MIN);
    assert_string_equal(column_text(row, 1), "it's \xc3\xa9");
    assert_int_equal(column_blob(row, 2).bytes, 3);
    assert_memory_equal(column_blob(row, 2).data, "a\0b", 3);
    assert_true(column_null(row, 3));
    assert_int_equal(column_int(row, 4), INT64_MAX);
    assert_false(db_row(&db, row)); /* the end */
    assert_int_equal(db.failure, 0);
}

static void null_reads_as_nothing_and_an_empty_text_is_not_null(void **state)
{
    (void)state;
    const struct store_value nowhere = {.type = STORE_TEXT}; /* an empty slice may be so */
    struct row *row =
        db_bind(&db, "SELECT ?1, ?2, ?3", DB_VALUES(bind_null(), bind_text(""), nowhere));
    assert_true(db_row(&db, row));
    assert_string_equal(column_text(row, 0), "");
    assert_int_equal(column_int(row, 0), 0);
    assert_int_equal(column_blob(row, 0).bytes, 0);
    assert_true(column_null(row, 0));
    assert_false(column_null(row, 1));
    assert_false(column_null(row, 2));
    assert_string_equal(column_text(row, 2), "");
    db_leave(row);
}

static void a_number_has_another_one_where_there_is_none(void **state)
{
    (void)state;
    assert_int_equal(db_number(&db, "SELECT 7", NO_VALUES, -1), 7);
    assert_int_equal(db_number(&db, "SELECT NULL", NO_VALUES, -1), -1);
    assert_int_equal(db_number(&db, "SELECT 7 WHERE 0", NO_VALUES, -1), -1);
    assert_int_equal(db_number(&db, "SELECT nonsense", NO_VALUES, -2), -2);
    assert_true(db.failure != 0);
}

/* Left before its last row, or read to its end: it may be used again, with other values. */
static void a_statement_is_prepared_once_and_used_again(void **state)
{
    (void)state;
    static const char sql[] = "SELECT ?1 UNION ALL SELECT 2";
    size_t before = db.slot_count;
    for (int64_t i = 0; i < 5; i++) {
        struct row *row = db_bind(&db, sql, DB_VALUES(bind_int(i)));
        assert_true(db_row(&db, row));
        assert_int_equal(column_int(row, 0), i);
        if (i % 2 == 0) {
            db_leave(row);
            continue;
        }
        assert_true(db_row(&db, row));
        assert_false(db_row(&db, row));
    }
    assert_int_equal(db.slot_count, before + 1);
    db_leave(NULL);
    assert_false(db_row(&db, NULL));
}

static void use_while_it_is_used(void)
{
    static const char sql[] = "SELECT 1 UNION ALL SELECT 2";
    (void)db_row(&db, db_bind(&db, sql, NO_VALUES));
    (void)db_bind(&db, sql, NO_VALUES);
}

static void a_statement_in_use_is_nobody_elses(void **state)
{
    (void)state;
    assert_true(aborts(use_while_it_is_used));
}

/* ---- many rows by one statement ---- */

struct given {
    int64_t number;
    int64_t count;
};

static bool next_given(void *arg, struct store_value *values)
{
    struct given *given = arg;
    if (given->number == given->count)
        return false;
    given->number++;
    values[0] = bind_int(given->number);
    values[1] = given->number % 2 ? bind_text("odd") : bind_text("");
    values[2] = given->number % 3 ? bind_null() : bind_blob((struct slice){"a\0b", 3});
    values[GIVEN_VALUES_MAX - 1] = bind_int(-given->number);
    return true;
}

static bool run_given(const char *sql, int64_t count)
{
    struct given given = {.count = count};
    return db_run_given(&db, sql, next_given, &given);
}

static void rows_are_given_to_one_statement(void **state)
{
    (void)state;
    assert_true(run_given("INSERT INTO t (n, b) SELECT c1, c3 FROM given_rows", 7));
    assert_int_equal(count(&db), 7);
    struct row *row = db_bind(&db, "SELECT sum(n), count(b), max(length(b)) FROM t", NO_VALUES);
    assert_true(db_row(&db, row));
    assert_int_equal(column_int(row, 0), 28);
    assert_int_equal(column_int(row, 1), 2);
    assert_int_equal(column_int(row, 2), 3);
    db_leave(row);
    assert_true(run_given("INSERT INTO t (n) SELECT -c40 FROM given_rows WHERE c2 = ''", 4));
    assert_int_equal(count(&db), 9);
    assert_true(run_given("INSERT INTO t (n) SELECT c1 + 1 FROM given_rows", 0));
    assert_int_equal(count(&db), 9);
}

static void a_constraint_ends_the_rows_that_are_given(void **state)
{
    (void)state;
    assert_true(db_run(&db, "BEGIN IMMEDIATE", NO_VALUES));
    assert_false(run_given("INSERT OR FAIL INTO t (n, a) SELECT c1, c2 FROM given_rows", 5));
    assert_true(db_is_duplicate(&db)); /* the third is odd, too */
    assert_int_equal(db.failure, 0);
    db_rollback(&db);
    assert_int_equal(count(&db), 0);
}

static void rows_are_there_only_while_they_are_given(void **state)
{
    (void)state;
    assert_false(db_run(&db, "INSERT INTO t (n) SELECT c1 FROM given_rows", NO_VALUES));
    assert_int_not_equal(db.failure, 0);
    db_clear(&db);
    assert_true(run_given("INSERT INTO t (n) SELECT c1 FROM given_rows", 1));
    assert_int_equal(count(&db), 1);
}

/* ---- what fails ---- */

static void a_constraint_is_no_failure(void **state)
{
    (void)state;
    assert_true(insert("one"));
    assert_false(insert("one"));
    assert_int_equal(db.failure, 0);
    assert_int_equal(db.constraint, SQLITE_CONSTRAINT_UNIQUE);
    assert_true(db_is_duplicate(&db));
    assert_true(strlen(db_constraint_text(&db)) > 0);
    assert_true(db_sound(&db, NULL));
    db_clear(&db);
    assert_false(db_is_duplicate(&db));
    assert_false(db_run(&db, "INSERT INTO t (n) VALUES (-1)", NO_VALUES));
    assert_int_equal(db.constraint, SQLITE_CONSTRAINT_CHECK);
    assert_false(db_is_duplicate(&db));
    db_clear(&db);
    assert_false(db_run(&db, "INSERT INTO t (parent) VALUES (99)", NO_VALUES));
    assert_int_equal(db.constraint, SQLITE_CONSTRAINT_FOREIGNKEY);
    db_clear(&db);
    db_refuse_reference(&db); /* the same by hand */
    assert_int_equal(db.constraint, SQLITE_CONSTRAINT_FOREIGNKEY);
    assert_int_equal(count(&db), 1);
}

static void the_first_failure_stays_until_it_is_cleared(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_true(db_sound(&db, &fault));
    assert_null(db_bind(&db, "SELECT first_wrong FROM t", NO_VALUES));
    assert_false(db_run(&db, "SELECT second_wrong FROM t", NO_VALUES));
    assert_true(db_run(&db, "SELECT 1 WHERE 0", NO_VALUES));
    assert_non_null(strstr(db.failure_text, "first_wrong"));
    assert_false(db_sound(&db, &fault));
    assert_string_equal(fault.code, "unavailable");
    assert_non_null(strstr(fault.message, "first_wrong"));
    db_clear(&db);
    assert_true(db_sound(&db, &fault));
    assert_string_equal(db.failure_text, "");
}

static void a_script_tells_what_was_wrong(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_true(
        db_script(&db, "INSERT INTO t (a) VALUES ('x'); INSERT INTO t (a) VALUES ('y');", &fault));
    assert_int_equal(count(&db), 2);
    assert_int_equal(db_changes(&db), 1); /* of the last statement */
    assert_int_equal(db_last_id(&db), 2);
    assert_false(db_script(&db, "INSERT INTO t (a) VALUES ('z'); nonsense", &fault));
    assert_string_equal(fault.code, "database_unusable");
    assert_non_null(strstr(fault.message, "nonsense"));
    assert_non_null(strstr(db_error(&db), "nonsense"));
    assert_true(db.failure != 0);
}

/* ---- transactions ---- */

static void a_rollback_takes_back_whatever_was_open(void **state)
{
    (void)state;
    struct fault fault;
    db_rollback(&db); /* nothing is */
    assert_true(db_script(&db, "BEGIN IMMEDIATE", &fault));
    assert_true(insert("one"));
    db_rollback(&db);
    assert_int_equal(count(&db), 0);
    assert_true(db_script(&db, "BEGIN IMMEDIATE", &fault));
    assert_true(insert("one"));
    assert_true(db_commit(&db));
    db_rollback(&db);
    assert_int_equal(count(&db), 1);
}

static void a_commit_without_a_transaction_fails(void **state)
{
    (void)state;
    assert_false(db_commit(&db));
    assert_true(db.failure != 0);
}

/* A constraint that is looked at only at the end: nothing of the transaction stays. */
static void a_commit_that_is_refused_has_ended_the_transaction(void **state)
{
    (void)state;
    struct fault fault;
    assert_true(db_script(&db, "BEGIN; PRAGMA defer_foreign_keys = ON", &fault));
    assert_true(db_run(&db, "INSERT INTO t (a, parent) VALUES ('x', 99)", NO_VALUES));
    assert_false(db_commit(&db));
    assert_int_equal(db.constraint, SQLITE_CONSTRAINT_FOREIGNKEY);
    assert_int_equal(count(&db), 0);
    assert_true(db_script(&db, "BEGIN IMMEDIATE", &fault));
    assert_true(db_commit(&db));
}

static void writing_nothing_writes(void **state)
{
    (void)state;
    assert_true(db_write_nothing(&db));
    assert_int_equal(db_number(&db, "SELECT count(*) FROM changes", NO_VALUES, -1), 1);
    assert_true(db_run(&db, "DROP TABLE changes", NO_VALUES));
    assert_false(db_write_nothing(&db));
    assert_true(insert("one")); /* no transaction is left open */
    assert_true(db_script(&db, "BEGIN IMMEDIATE; COMMIT", NULL));
}

static int commits;

static void count_commits(int pages, void *arg)
{
    assert_ptr_equal(arg, &commits);
    assert_true(pages > 0);
    commits++;
}

static void each_commit_is_told(void **state)
{
    (void)state;
    commits = 0;
    db_on_commit(&db, count_commits, &commits);
    assert_true(insert("one"));
    assert_true(insert("two"));
    assert_false(insert("two"));
    assert_int_equal(count(&db), 2);
    assert_int_equal(commits, 2);
}

/* ---- files and modes ---- */

static void the_file_is_its_owners_only(void **state)
{
    (void)state;
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    const char *name = db_path(&db);
    assert_string_equal(name + strlen(name) - strlen("/gateway.db"), "/gateway.db");
    assert_int_equal(name[strlen(name) + 1], '\0'); /* empty parameters */
}

static void a_reader_sees_and_does_not_write(void **state)
{
    (void)state;
    struct db reader;
    assert_true(insert("one"));
    assert_true(open_as(&reader, DB_READ));
    assert_int_equal(count(&reader), 1);
    assert_false(db_run(&reader, "INSERT INTO t (a) VALUES ('two')", NO_VALUES));
    assert_true(reader.failure != 0);
    db_close(&reader);
    assert_int_equal(count(&db), 1);
}

static void a_reader_makes_no_file(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct db reader;
    struct stat status;
    char missing[128];
    snprintf(missing, sizeof missing, "%s/missing.db", folder);
    assert_false(db_open(&reader, missing, DB_READ, &fault));
    assert_string_equal(fault.code, "database_unusable");
    assert_non_null(strstr(fault.message, "missing.db"));
    db_close(&reader); /* also after a failure */
    assert_int_not_equal(stat(missing, &status), 0);
    snprintf(missing, sizeof missing, "%s/no/folder.db", folder);
    assert_false(db_open(&reader, missing, DB_WRITE_POWER, &fault));
    assert_string_equal(fault.code, "database_unusable");
    db_close(&reader);
}

/* FULL is 2, NORMAL 1: https://www.sqlite.org/pragma.html#pragma_synchronous */
static void only_power_waits_for_the_disk(void **state)
{
    (void)state;
    struct db power;
    assert_int_equal(db_number(&db, "PRAGMA synchronous", NO_VALUES, -1), 1);
    assert_true(open_as(&power, DB_WRITE_POWER));
    assert_int_equal(db_number(&power, "PRAGMA synchronous", NO_VALUES, -1), 2);
    assert_int_equal(db_number(&power, "PRAGMA foreign_keys", NO_VALUES, -1), 1);
    assert_int_equal(db_number(&power, "PRAGMA wal_autocheckpoint", NO_VALUES, -1), 0);
    db_close(&power);
}

static bool wal_is_there(void)
{
    struct stat status;
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", path);
    return stat(wal, &status) == 0 && status.st_size > 0;
}

static void the_last_close_keeps_the_log_when_it_is_told_to(void **state)
{
    (void)state;
    assert_true(insert("one"));
    db_keep_log(&db);
    db_close(&db);
    assert_true(wal_is_there());
    assert_true(open_as(&db, DB_WRITE_PROCESS));
    assert_int_equal(count(&db), 1);
    db_close(&db);
    assert_false(wal_is_there());
    assert_true(open_as(&db, DB_WRITE_PROCESS));
}

/* ---- what takes long ---- */

static const char endless[] = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
                              " SELECT count(*) FROM c";

static void a_query_ends_at_its_deadline(void **state)
{
    (void)state;
    struct db reader;
    struct fault fault;
    assert_true(open_as(&reader, DB_READ));
    reader.deadline_us = clock_mono_us() + 1000;
    assert_int_equal(db_number(&reader, endless, NO_VALUES, -1), -1);
    assert_true(reader.timed_out);
    assert_false(db_sound(&reader, &fault));
    assert_string_equal(fault.code, "timeout");
    db_clear(&reader);
    assert_false(reader.timed_out);
    assert_int_equal(reader.deadline_us, 0);
    assert_int_equal(db_number(&reader, "SELECT 7", NO_VALUES, -1), 7);
    db_close(&reader);
}

static void a_query_ends_when_it_is_cancelled(void **state)
{
    (void)state;
    struct db reader;
    struct fault fault;
    atomic_bool cancelled = true;
    assert_true(open_as(&reader, DB_READ));
    reader.cancelled = &cancelled;
    assert_int_equal(db_number(&reader, endless, NO_VALUES, -1), -1);
    assert_false(db_sound(&reader, &fault));
    assert_string_equal(fault.code, "timeout");
    db_clear(&reader);
    atomic_store(&cancelled, false);
    assert_int_equal(db_number(&reader, "SELECT 7", NO_VALUES, -1), 7);
    db_close(&reader);
}

static int steps;

static void count_steps(void *arg)
{
    assert_ptr_equal(arg, &steps);
    steps++;
}

static void steps_are_told_until_nobody_wants_to_know(void **state)
{
    (void)state;
    static const char long_one[] = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1"
                                   " FROM c LIMIT 1000) SELECT count(*) FROM c";
    steps = 0;
    db_on_steps(&db, 100, count_steps, &steps);
    assert_int_equal(db_number(&db, long_one, NO_VALUES, -1), 1000);
    assert_true(steps >= 10);
    db_on_steps(&db, 0, NULL, NULL);
    steps = 0;
    assert_int_equal(db_number(&db, long_one, NO_VALUES, -1), 1000);
    assert_int_equal(steps, 0);
}

/* ---- money in SQL ---- */

static void sql_may_write_amounts_as_people_read_them(void **state)
{
    (void)state;
    assert_true(db_add_usd(&db));
    struct row *row =
        db_bind(&db, "SELECT usd(?1), usd(NULL)", DB_VALUES(bind_int(INT64_C(1500000000))));
    assert_true(db_row(&db, row));
    assert_non_null(strstr(column_text(row, 0), "1.5"));
    assert_true(column_null(row, 1));
    db_leave(row);
}

#define WITH_DB(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(values_come_back_as_they_went_in),
        WITH_DB(null_reads_as_nothing_and_an_empty_text_is_not_null),
        WITH_DB(a_number_has_another_one_where_there_is_none),
        WITH_DB(a_statement_is_prepared_once_and_used_again),
        WITH_DB(a_statement_in_use_is_nobody_elses),
        WITH_DB(rows_are_given_to_one_statement),
        WITH_DB(a_constraint_ends_the_rows_that_are_given),
        WITH_DB(rows_are_there_only_while_they_are_given),
        WITH_DB(a_constraint_is_no_failure),
        WITH_DB(the_first_failure_stays_until_it_is_cleared),
        WITH_DB(a_script_tells_what_was_wrong),
        WITH_DB(a_rollback_takes_back_whatever_was_open),
        WITH_DB(a_commit_without_a_transaction_fails),
        WITH_DB(a_commit_that_is_refused_has_ended_the_transaction),
        WITH_DB(writing_nothing_writes),
        WITH_DB(each_commit_is_told),
        WITH_DB(the_file_is_its_owners_only),
        WITH_DB(a_reader_sees_and_does_not_write),
        WITH_DB(a_reader_makes_no_file),
        WITH_DB(only_power_waits_for_the_disk),
        WITH_DB(the_last_close_keeps_the_log_when_it_is_told_to),
        WITH_DB(a_query_ends_at_its_deadline),
        WITH_DB(a_query_ends_when_it_is_cancelled),
        WITH_DB(steps_are_told_until_nobody_wants_to_know),
        WITH_DB(sql_may_write_amounts_as_people_read_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
