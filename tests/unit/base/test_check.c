#include "base/check.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/support.h"

static void holds_and_is_evaluated_once(void **state)
{
    (void)state;
    int n = 0;
    check(++n == 1);
    assert_int_equal(n, 1);
}

static void break_it(void)
{
    int n = 1;
    check(n == 2);
}

static void stops_the_process(void **state)
{
    (void)state;
    assert_true(aborts(break_it));
}

static void says_what_and_where(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        break_it();
        _exit(0);
    }
    close(ends[1]);
    char text[512] = "";
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    waitpid(child, NULL, 0);
    assert_non_null(strstr(text, "n == 2"));
    assert_non_null(strstr(text, "test_check.c:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_and_is_evaluated_once),
        cmocka_unit_test(stops_the_process),
        cmocka_unit_test(says_what_and_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
