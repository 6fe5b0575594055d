/* A shortcut leaves what its migration leaves: every table and the schema, after whatever was there
 * before, after a kill, and where another process went on in the middle. */
#include "store/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "store/engine/shortcuts.h"

#define OLD "0007_tail.sql" /* the last migration before those with shortcuts */

static char folder[64];
static char old[96], quick[96], plain[96];

static int set_up(void **state)
{
    struct fault fault;
    (void)state;
    assert_true(secret_init(&fault));
    log_configure(LOG_ERROR, false);
    snprintf(folder, sizeof folder, "%s/gw-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(old, sizeof old, "%s/old.db", folder);
    snprintf(quick, sizeof quick, "%s/quick.db", folder);
    snprintf(plain, sizeof plain, "%s/plain.db", folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static size_t count_until(const char *name)
{
    size_t count = 0;
    while (strcmp(migration_assets[count].name, name) != 0)
        count++;
    return count + 1;
}

/* By the program, with shortcuts. */
static void migrate(const char *path, const struct asset *migrations, size_t count)
{
    struct fault fault;
    struct store_options options = {
        .path = path, .migrations = migrations, .migration_count = count};
    struct store *store = store_open(&options, &fault);
    if (store == NULL)
        print_error("%s: %s\n", fault.code, fault.message);
    assert_non_null(store);
    store_close(store);
}

/* By SQLite alone, from the migration after `first` on. */
static void migrate_plainly(const char *path, size_t first, size_t count)
{
    char row[256], hash[SHA256_HEX_BYTES];
    for (size_t i = first; i < count; i++) {
        const struct asset *migration = &migration_assets[i];
        fixture_sql(path, migration->data);
        sha256_hex((struct slice){.data = migration->data, .bytes = migration->bytes}, hash);
        snprintf(row, sizeof row, "INSERT INTO migrations VALUES ('%s', '%s', '')", migration->name,
                 hash);
        fixture_sql(path, row);
    }
}

static void copy(const char *from, const char *to)
{
    char sql[256];
    unlink(to);
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", to);
    fixture_sql(from, sql);
}

/* ---- whatever was there ---- */

/* Records of few or many groups; status, errors, sizes and times as they come: of both sides of a
 * quarter of an hour, of a day, and of 1970. */
static void add_records(const char *path, int count, int seed)
{
    char sql[2048];
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d),"
        "r (i, x) AS (SELECT i, abs((i + %d) * 2654435761 %% 1000003) FROM n)"
        "INSERT INTO usage (" FIXTURE_USAGE_COLUMNS ")"
        "SELECT coalesce((SELECT max(seq) FROM usage), 0) + i, 'req' || i, 'acct' || x %% 5,"
        " 'u', CASE WHEN x %% 3 THEN 'key' || x %% 11 ELSE '' END, 'model' || x %% %d,"
        " CASE WHEN x %% 7 THEN 'p' || x %% 3 ELSE '' END, 'pm', 'r',"
        " CASE WHEN x %% 5 THEN '' ELSE 'client_closed' END, 'stop',"
        " CASE x %% 4 WHEN 0 THEN 499 WHEN 1 THEN 500 ELSE 200 END, 1, 0, 'reported',"
        " x %% 1000, x %% 13, x %% 700, x %% 17, 1, 1, 1, 1, x %% 90001, x * 9001, x %% 19,"
        " CASE x %% 6 WHEN 0 THEN 1774749600000 + x %% 5 * 900000" /* 2026-03-29, summer time */
        " WHEN 1 THEN 1774749599999 + x %% 3 WHEN 2 THEN 1772323200000 - 1 + x %% 2"
        " WHEN 3 THEN x %% 1800000 WHEN 4 THEN -1 - x ELSE 1770000000000 + x * 60000 END,"
        " -1, 1, NULL FROM r",
        count, seed, 1 + seed % 40);
    fixture_sql(path, sql);
    fixture_sql(path, "INSERT OR IGNORE INTO key_totals (key_id, spent_nusd, requests,"
                      " last_used_ms) SELECT key_id, 1, 1, 1 FROM usage"
                      " WHERE key_id <> 'key3'");
}

static void make_old(int count, int seed)
{
    unlink(old);
    migrate(old, migration_assets, count_until(OLD));
    if (count > 0)
        add_records(old, count, seed);
}

static void assert_same_rows(sqlite3 *both, const char *table)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM (SELECT * FROM main.%s EXCEPT SELECT * FROM other.%s)", table,
             table);
    assert_int_equal(fixture_raw_number(both, sql), 0);
    snprintf(sql, sizeof sql,
             "SELECT (SELECT count(*) FROM main.%s) - (SELECT count(*) FROM other.%s)", table,
             table);
    assert_int_equal(fixture_raw_number(both, sql), 0);
}

/* All tables and their texts. When a migration ran is not compared. */
static void assert_same(void)
{
    sqlite3 *both = fixture_raw(quick);
    sqlite3_stmt *tables;
    char sql[256];
    int count = 0;
    snprintf(sql, sizeof sql,
             "ATTACH '%s' AS other; UPDATE other.migrations SET applied_at = '';"
             "UPDATE main.migrations SET applied_at = ''",
             plain);
    assert_int_equal(sqlite3_exec(both, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(fixture_raw_number(both,
                                        "SELECT count(*) FROM (SELECT type, name, sql FROM"
                                        " main.sqlite_schema EXCEPT SELECT type, name, sql FROM"
                                        " other.sqlite_schema)"),
                     0);
    assert_int_equal(sqlite3_prepare_v2(both,
                                        "SELECT '\"' || name || '\"' FROM other.sqlite_schema"
                                        " WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                                        -1, &tables, NULL),
                     SQLITE_OK);
    for (; sqlite3_step(tables) == SQLITE_ROW; count++)
        assert_same_rows(both, (const char *)sqlite3_column_text(tables, 0));
    assert_in_range(count, 20, 1000);
    sqlite3_finalize(tables);
    sqlite3_close(both);
}

static void assert_same_after(int count, int seed)
{
    make_old(count, seed);
    copy(old, plain);
    copy(old, quick);
    migrate(quick, migration_assets, migration_asset_count);
    migrate_plainly(plain, count_until(OLD), migration_asset_count);
    assert_same();
}

static void what_the_migrations_leave(void **state)
{
    (void)state;
    assert_same_after(0, 0);
    assert_same_after(1, 3);
    assert_same_after(1, 4);
    for (int seed = 1; seed < 8; seed++)
        assert_same_after(500 * seed * seed, seed);
    assert_true(fixture_number(quick, "SELECT count(*) FROM sales") > 4096); /* more than at once */
    assert_true(fixture_number(quick, "SELECT sum(abandoned) FROM key_totals") > 0);
}

/* 0007_usage_terms has run in another process, or in an older version, and records have come since:
 * no sums of that time are left. */
static void in_two_processes(void **state)
{
    size_t middle = count_until("0008_accounts.sql");
    (void)state;
    make_old(3000, 5);
    copy(old, quick);
    migrate(quick, migration_assets, middle);
    add_records(quick, 700, 9);
    copy(quick, plain);
    migrate(quick, migration_assets, migration_asset_count);
    migrate_plainly(plain, middle, migration_asset_count);
    assert_same();
}

/* Between the two, in one process: a migration of the test adds records. */
static void records_come_in_the_middle(void **state)
{
    static const char text[] =
        "INSERT INTO usage (" FIXTURE_USAGE_COLUMNS ") SELECT seq + 100000, exchange_id,"
        " account_id, user_id, key_id, 'late', provider, provider_model, policy_revision,"
        " error_code, finish_reason, 499, attempts, streamed, source, input_tokens,"
        " cached_input_tokens, output_tokens, reasoning_tokens, input_price_pusd,"
        " cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd, charge_nusd,"
        " overrun_nusd, created_ms, first_byte_us, total_us, transfer_seq FROM usage"
        " WHERE seq < 700";
    struct asset migrations[64];
    size_t before = count_until("0008_accounts.sql"), count = count_until("0010_quarters.sql");
    (void)state;
    memcpy(migrations, migration_assets, before * sizeof *migrations);
    migrations[before] = (struct asset){"0009_test.sql", text, sizeof text - 1};
    migrations[before + 1] = migration_assets[before];
    make_old(3000, 6);
    copy(old, quick);
    migrate(quick, migrations, count + 1);
    copy(old, plain);
    migrate_plainly(plain, count_until(OLD), before);
    fixture_sql(plain, text);
    migrate_plainly(plain, before, count);
    fixture_sql(quick, "DELETE FROM migrations");
    fixture_sql(plain, "DELETE FROM migrations");
    assert_same();
    assert_true(fixture_number(quick, "SELECT sum(requests) FROM sales WHERE model = 'late'") ==
                699);
}

/* ---- only that text ---- */

static void another_text_runs_as_it_stands(void **state)
{
    struct asset migrations[64];
    size_t count = count_until("0010_quarters.sql");
    char *text = strdup(migration_assets[count - 1].data);
    (void)state;
    memcpy(migrations, migration_assets, count * sizeof *migrations);
    memcpy(strstr(text, "WHERE true"), "WHERE 0   ", strlen("WHERE 0   "));
    migrations[count - 1].data = text;
    make_old(100, 1);
    copy(old, quick);
    copy(old, plain);
    migrate(quick, migrations, count);
    assert_int_equal(fixture_number(quick, "SELECT count(*) FROM sales"), 0);
    migrate(plain, migration_assets, count);
    assert_true(fixture_number(plain, "SELECT count(*) FROM sales") > 0);
    free(text);
}

static void which_have_one(void **state)
{
    char hash[SHA256_HEX_BYTES];
    (void)state;
    for (size_t i = 0; i < migration_asset_count; i++) {
        const struct asset *migration = &migration_assets[i];
        bool wanted = strcmp(migration->name, "0007_usage_terms.sql") == 0 ||
                      strcmp(migration->name, "0010_quarters.sql") == 0;
        char *script;
        sha256_hex((struct slice){.data = migration->data, .bytes = migration->bytes}, hash);
        script = shortcuts_script(migration->data, hash);
        assert_int_equal(script != NULL, wanted);
        free(script);
    }
}

/* ---- a kill ---- */

/* A process migrates and is killed after a while; true: it was done before. */
static bool kill_after(long us)
{
    const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    int status;
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "migrate", quick, (char *)NULL);
        _exit(1);
    }
    assert_true(child > 0);
    nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

/* Whichever migrations it leaves, all of them are whole. */
static void killed_at_any_moment(void **state)
{
    bool done = false;
    (void)state;
    make_old(10000, 7);
    for (long us = 500; !done; us = us * 4 / 3) {
        assert_true(us < 60000000); /* it would never end */
        copy(old, quick);
        copy(old, plain);
        done = kill_after(us);
        migrate_plainly(plain, count_until(OLD),
                        (size_t)fixture_number(quick, "SELECT count(*) FROM migrations"));
        assert_same();
    }
    assert_int_equal(fixture_number(quick, "SELECT count(*) FROM migrations"),
                     migration_asset_count);
}

/* The process that is killed; its folder is the test's. */
static int migrate_alone(const char *path)
{
    struct fault fault;
    struct store_options options = {.path = path,
                                    .power_durable = true,
                                    .migrations = migration_assets,
                                    .migration_count = migration_asset_count};
    struct store *store;
    if (!secret_init(&fault))
        return 1;
    log_configure(LOG_ERROR, false);
    store = store_open(&options, &fault);
    store_close(store);
    return store == NULL;
}

int main(int count, char **words)
{
    if (count > 1)
        return migrate_alone(words[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_migrations_leave, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_two_processes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(records_come_in_the_middle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_text_runs_as_it_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(which_have_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(killed_at_any_moment, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
