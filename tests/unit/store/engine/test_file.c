/* A file beside the database: bytes at their places, zeros beyond its end, the database's mode. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/engine/db.h"
#include "store/engine/file.h"

static char folder[64];
static char beside[160]; /* with the parameters behind its end */
static struct db db;

static int set_up(void **state)
{
    struct fault fault;
    char path[96];
    (void)state;
    strcpy(folder, "/tmp/gw-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/gateway.db", folder);
    if (!db_open(&db, path, DB_WRITE_PROCESS, &fault))
        return -1;
    memset(beside, 0, sizeof beside);
    snprintf(beside, sizeof beside - 8, "%s-tail", db_path(&db));
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

static void is_made_only_when_that_is_said(void **state)
{
    (void)state;
    struct stat status;
    assert_null(file_open(beside, false));
    assert_int_not_equal(stat(beside, &status), 0);
    struct file *file = file_open(beside, true);
    assert_non_null(file);
    file_close(file);
    assert_int_equal(stat(beside, &status), 0);
    file = file_open(beside, false);
    assert_non_null(file);
    file_close(file);
    file_close(NULL);
}

/* As a "-wal" does, whatever the process' umask says. */
static void has_the_mode_of_the_database(void **state)
{
    (void)state;
    static const mode_t modes[] = {0600, 0640, 0660};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct stat status;
        assert_int_equal(chmod(db_path(&db), modes[i]), 0);
        struct file *file = file_open(beside, true);
        assert_non_null(file);
        file_close(file);
        assert_int_equal(stat(beside, &status), 0);
        assert_int_equal(status.st_mode & 0777, modes[i]);
        assert_int_equal(remove(beside), 0);
    }
}

static void bytes_stay_at_their_places(void **state)
{
    (void)state;
    char out[16];
    struct file *file = file_open(beside, true);
    assert_true(file_write(file, 0, "0123456789", 10));
    assert_true(file_write(file, 3, "abc", 3));
    assert_true(file_write(file, 0, "", 0));
    assert_true(file_sync(file));
    file_close(file);
    file = file_open(beside, false);
    assert_true(file_read(file, 0, out, 10));
    assert_memory_equal(out, "012abc6789", 10);
    assert_true(file_read(file, 5, out, 3));
    assert_memory_equal(out, "c67", 3);
    file_close(file);
}

static void beyond_the_end_are_zeros(void **state)
{
    (void)state;
    static const char zeros[16];
    char out[16];
    struct file *file = file_open(beside, true);
    assert_true(file_write(file, 0, "0123", 4));
    memset(out, 0xa5, sizeof out);
    assert_true(file_read(file, 2, out, sizeof out));
    assert_memory_equal(out, "23", 2);
    assert_memory_equal(out + 2, zeros, sizeof out - 2);
    memset(out, 0xa5, sizeof out);
    assert_true(file_read(file, 1000000, out, sizeof out));
    assert_memory_equal(out, zeros, sizeof out);
    assert_true(file_write(file, 100, "x", 1)); /* a hole before it */
    assert_true(file_read(file, 90, out, 11));
    assert_memory_equal(out, zeros, 10);
    assert_int_equal(out[10], 'x');
    file_close(file);
}

/* Larger than what SQLite's VFS takes at a time, at places that are no multiple of anything. */
static void large_pieces_go_whole(void **state)
{
    (void)state;
    enum { BYTES = 300 * 1024 + 7, PLACE = 12345 };
    struct dice dice = dice_make();
    char *in = malloc(BYTES);
    char *out = calloc(1, BYTES);
    assert_non_null(in);
    assert_non_null(out);
    for (size_t i = 0; i < BYTES; i++)
        in[i] = (char)dice_u64(&dice);
    struct file *file = file_open(beside, true);
    assert_true(file_write(file, PLACE, in, BYTES));
    assert_true(file_read(file, PLACE, out, BYTES));
    assert_memory_equal(in, out, BYTES);
    assert_true(file_read(file, PLACE + 64 * 1024 - 1, out, 3));
    assert_memory_equal(in + 64 * 1024 - 1, out, 3);
    file_close(file);
    free(in);
    free(out);
}

static void what_is_not_there_is_not_opened(void **state)
{
    (void)state;
    char nowhere[160] = {0};
    snprintf(nowhere, sizeof nowhere - 8, "%s/no/folder", folder);
    assert_null(file_open(nowhere, true));
    assert_null(file_open(nowhere, false));
}

#define WITH_FOLDER(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(is_made_only_when_that_is_said), WITH_FOLDER(has_the_mode_of_the_database),
        WITH_FOLDER(bytes_stay_at_their_places),     WITH_FOLDER(beyond_the_end_are_zeros),
        WITH_FOLDER(large_pieces_go_whole),          WITH_FOLDER(what_is_not_there_is_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
