/* Migrations: each once, in order, unchanged for ever. */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/asset.h"
#include "base/log.h"
#include "base/secret.h"

static char folder[64];
static char path[96];

#define ASSET(name, text)                                                                          \
    {                                                                                              \
        name, text, sizeof text - 1                                                                \
    }

static const struct asset first = ASSET("0001_first.sql", "CREATE TABLE one (a INTEGER) STRICT;");
static const struct asset second =
    ASSET("0002_second.sql", "INSERT INTO one VALUES (1); INSERT INTO one VALUES (2);");
static const struct asset third = ASSET("0003_third.sql", "CREATE TABLE three (a TEXT) STRICT;");

static int setup(void **state)
{
    struct fault fault;
    (void)state;
    assert_true(secret_init(&fault));
    log_configure(LOG_ERROR, false);
    strcpy(folder, "/tmp/gw-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/gateway.db", folder);
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* Opens and closes; the code of the fault, or "". */
static const char *open_with(const struct asset *migrations, size_t count)
{
    static struct fault fault;
    struct store_options options = {
        .path = path, .migrations = migrations, .migration_count = count};
    struct store *store = store_open(&options, &fault);
    store_close(store);
    return store != NULL ? "" : fault.code;
}

/* A command of a new version takes no table away from a server of an old one. */
static void never_under_a_server(void **state)
{
    struct asset more[64];
    struct store *server;
    (void)state;
    assert_in_range(migration_asset_count, 1, 63);
    memcpy(more, migration_assets, migration_asset_count * sizeof *more);
    more[migration_asset_count] = (struct asset)ASSET("9999_last.sql", "DROP TABLE hourly;");
    server = fixture_open(path, true);
    assert_string_equal(open_with(more, migration_asset_count + 1), "database_in_use");
    assert_string_equal(open_with(more, migration_asset_count), "");
    store_close(server);
    assert_string_equal(open_with(more, migration_asset_count + 1), "");
}

static void each_once_and_in_order(void **state)
{
    const struct asset all[] = {first, second, third};
    (void)state;
    assert_string_equal(open_with(all, 2), "");
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM one"), 2);
    assert_string_equal(open_with(all, 2), "");
    assert_string_equal(open_with(all, 3), "");
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM one"), 2);
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM three"), 0);
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM migrations WHERE length(sha256) ="
                                          " 64 AND applied_at GLOB '20*-*-*T*:*:*Z'"),
                     3);
}

static void an_edited_one_is_refused(void **state)
{
    const struct asset edited = ASSET("0001_first.sql", "CREATE TABLE one (a INTEGER) STRICT ;");
    const struct asset all[] = {first, second}, changed[] = {edited, second};
    (void)state;
    assert_string_equal(open_with(all, 2), "");
    assert_string_equal(open_with(changed, 2), "migration_edited");
    assert_string_equal(open_with(all, 2), "");
}

static void a_newer_database_is_refused(void **state)
{
    const struct asset all[] = {first, second};
    (void)state;
    assert_string_equal(open_with(all, 2), "");
    assert_string_equal(open_with(all, 1), "database_newer");
    assert_string_equal(open_with(&second, 1), "database_newer");
}

static void one_slipped_in_between_is_refused(void **state)
{
    const struct asset without[] = {first, third}, with[] = {first, second, third};
    (void)state;
    assert_string_equal(open_with(without, 2), "");
    assert_string_equal(open_with(with, 3), "migration_missing");
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM one"), 0);
}

/* A migration that fails half-way leaves nothing, and those before it stay. */
static void a_failing_one_leaves_nothing(void **state)
{
    const struct asset broken =
        ASSET("0002_second.sql", "INSERT INTO one VALUES (1); INSERT INTO none VALUES (2);");
    const struct asset all[] = {first, broken}, mended[] = {first, second};
    (void)state;
    assert_string_equal(open_with(all, 2), "migration_failed");
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM one"), 0);
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM migrations"), 1);
    assert_string_equal(open_with(mended, 2), "");
}

static void our_own_make_a_sound_ledger(void **state)
{
    struct stat status;
    (void)state;
    assert_string_equal(open_with(migration_assets, migration_asset_count), "");
    fixture_verify(path, NULL);
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                                          " AND name NOT LIKE 'sqlite_%' AND name <> 'migrations'"
                                          " AND sql NOT LIKE '%STRICT%'"),
                     0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600); /* e-mail addresses and all that was bought */
}

static void no_such_folder(void **state)
{
    struct store_options options = {.path = "/nonexistent/gateway.db"};
    struct fault fault;
    (void)state;
    assert_null(store_open(&options, &fault));
    assert_string_equal(fault.code, "database_unusable");
    options.serve = true;
    assert_null(store_open(&options, &fault));
    assert_string_equal(fault.code, "database_unusable");
}

static void a_file_that_is_no_database(void **state)
{
    FILE *file = fopen(path, "w");
    (void)state;
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database\n", file);
    fclose(file);
    assert_string_equal(open_with(migration_assets, migration_asset_count), "database_unusable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(never_under_a_server, setup, teardown),
        cmocka_unit_test_setup_teardown(each_once_and_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(an_edited_one_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_newer_database_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(one_slipped_in_between_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_one_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_make_a_sound_ledger, setup, teardown),
        cmocka_unit_test_setup_teardown(no_such_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_database, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
