#include "base/check.h"

#include <stdio.h>
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

/* What the process of its own says before it aborts. */
static void read_last_words(char *out, size_t out_bytes)
{
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
    ssize_t bytes = read(ends[0], out, out_bytes - 1);
    assert_true(bytes > 0);
    out[bytes] = '\0';
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static void says_what_and_where(void **state)
{
    (void)state;
    char text[4096];
    read_last_words(text, sizeof text);
    assert_ptr_equal(strstr(text, "check failed: n == 2 at "), text);
    assert_non_null(strstr(text, "test_check.c:"));
}

/* The command that it prints knows the static functions that led there. */
static void says_which_calls_led_there(void **state)
{
    (void)state;
    char text[4096];
    read_last_words(text, sizeof text);
    char *command = strstr(text, "addr2line ");
    assert_non_null(command);
    assert_non_null(strstr(text, "libcmocka.so"));
    command[strcspn(command, "\n")] = '\0';
    FILE *names = popen(command, "r"); /* NOLINT(cert-env33-c): our own words */
    assert_non_null(names);
    size_t bytes = fread(text, 1, sizeof text - 1, names);
    text[bytes] = '\0';
    assert_int_equal(pclose(names), 0);
    char *broken = strstr(text, "break_it at ");
    assert_non_null(broken);
    assert_non_null(strstr(broken, "read_last_words at "));
    assert_non_null(strstr(broken, "says_which_calls_led_there at "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_and_is_evaluated_once),
        cmocka_unit_test(stops_the_process),
        cmocka_unit_test(says_what_and_where),
        cmocka_unit_test(says_which_calls_led_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
