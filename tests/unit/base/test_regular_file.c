/* Files of settings: whole, bounded, and never waited for. */
#include "base/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/regular_file.h"

enum { BYTES_MAX = 8 };

static char folder[] = "/tmp/regular_file_XXXXXX";
static char path[sizeof folder + 8];

static enum file_outcome read_it(struct buffer *out)
{
    buffer_init(out, 2 + BYTES_MAX + 1);
    buffer_append_text(out, "> ");
    return regular_file_read(path, BYTES_MAX, out);
}

static void write_it(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_read(const char *text)
{
    struct buffer out;
    write_it(text);
    assert_int_equal(read_it(&out), FILE_READ);
    assert_true(slice_equals((struct slice){out.data + 2, out.bytes - 2}, text));
    buffer_fini(&out);
}

static void assert_not_read(enum file_outcome outcome)
{
    struct buffer out;
    assert_int_equal(read_it(&out), outcome);
    assert_int_equal(out.bytes, 2);
    buffer_fini(&out);
}

static void files_are_read_whole(void **state)
{
    (void)state;
    assert_read("");
    assert_read("12345678");
}

static void what_is_no_such_file(void **state)
{
    (void)state;
    write_it("123456789");
    assert_not_read(FILE_TOO_LARGE);
    assert_int_equal(unlink(path), 0);
    errno = 0;
    assert_not_read(FILE_NOT_OPENED);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes into it */
    assert_not_read(FILE_UNREADABLE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_not_read(FILE_UNREADABLE);
    assert_int_equal(rmdir(path), 0);
}

static void no_room(void **state)
{
    struct buffer out;
    (void)state;
    write_it("1");
    buffer_init(&out, BYTES_MAX);
    assert_int_equal(regular_file_read(path, BYTES_MAX, &out), FILE_UNREADABLE);
    buffer_fini(&out);
    assert_int_equal(unlink(path), 0);
}

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_whole),
        cmocka_unit_test(what_is_no_such_file),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
