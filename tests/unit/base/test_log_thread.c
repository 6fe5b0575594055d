/* The log with its thread: no reader, disk or file that fails holds up who logs. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/support.h"

enum { LINES = 6000, TEXT_BYTES = 1000, LONG_MS = 20000, CHILD_S = 60 };

static char folder[] = "/tmp/test_log.XXXXXX";
static char path[64];
static char moved[64];

static int make_folder(void **state)
{
    (void)state;
    log_configure(LOG_INFO, true);
    strcpy(folder, "/tmp/test_log.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log", folder);
    snprintf(moved, sizeof moved, "%s/log.1", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(moved);
    rmdir(folder);
    return 0;
}

static void log_number(int number)
{
    char text[TEXT_BYTES];
    memset(text, 'x', sizeof text);
    log_event_later(LOG_INFO, "numbered", log_int("number", number),
                    log_slice("text", (struct slice){text, sizeof text}));
}

/* The content of a file; the caller frees it. */
static char *content(const char *name)
{
    FILE *file = fopen(name, "re");
    assert_non_null(file);
    struct stat status;
    assert_int_equal(fstat(fileno(file), &status), 0);
    char *text = calloc(1, (size_t)status.st_size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)status.st_size, file), status.st_size);
    fclose(file);
    return text;
}

/* Lines that begin, go on and end as they should; the lost ones that they tell of go to *lost. */
static int count_lines(char *text, int *lost)
{
    int lines = 0;
    char *rest = text;
    char *line;
    *lost = 0;
    while ((line = strsep(&rest, "\n")) != NULL && *line) {
        size_t bytes = strlen(line);
        const char *count = strstr(line, "\"lines\":");
        assert_true(strncmp(line, "{\"time\":", 8) == 0 && line[bytes - 1] == '}');
        *lost += count != NULL ? (int)strtol(count + 8, NULL, 10) : 0;
        lines += count == NULL;
    }
    return lines;
}

/* ---- children, for what leaves a process unable to go on ---- */

static int run_child(void (*run)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(CHILD_S); /* a log that waits for ever ends with SIGALRM */
        run();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* From now on stderr is a pipe that nobody reads, and it is full. */
static int stall_stderr(void)
{
    int pipe_fds[2];
    check(pipe2(pipe_fds, O_CLOEXEC) == 0);
    check(dup2(pipe_fds[1], STDERR_FILENO) == STDERR_FILENO);
    close(pipe_fds[1]);
    return pipe_fds[0];
}

static void *read_all(void *arg)
{
    FILE *from = fdopen(*(int *)arg, "r");
    char *text = calloc(1, (size_t)LINES * 2000);
    check(from != NULL && text != NULL);
    check(fread(text, 1, (size_t)LINES * 2000 - 1, from) > 0);
    fclose(from);
    return text;
}

static void count_what_a_stalled_reader_lost(void)
{
    struct fault fault;
    int from = stall_stderr();
    check(log_start("", &fault));
    for (int i = 0; i < LINES; i++)
        log_number(i);
    pthread_t reader;
    check(pthread_create(&reader, NULL, read_all, &from) == 0);
    log_stop(LONG_MS);
    close(STDERR_FILENO);
    void *text;
    pthread_join(reader, &text);
    int lost;
    int lines = count_lines(text, &lost);
    check(lost > 0 && lines > 0);
    check(lines + lost == LINES);
    free(text);
}

static void a_stalled_reader_holds_up_nothing(void **state)
{
    (void)state;
    assert_int_equal(run_child(count_what_a_stalled_reader_lost), 0);
}

static void stop_without_a_reader(void)
{
    struct fault fault;
    stall_stderr();
    check(log_start("", &fault));
    for (int i = 0; i < LINES; i++)
        log_number(i);
    log_settle(20);
    log_stop(20);
    log_event(LOG_INFO, "after the end");
    log_flush();
}

static void fail_without_a_reader(void)
{
    const struct rlimit none = {1, 1};
    struct fault fault;
    setrlimit(RLIMIT_CORE, &none);
    stall_stderr();
    check(log_start("", &fault));
    for (int i = 0; i < LINES; i++)
        log_number(i);
    check(fault.code[0] == 'x');
}

static void the_end_waits_for_no_reader(void **state)
{
    (void)state;
    assert_int_equal(run_child(stop_without_a_reader), 0);
    int status = run_child(fail_without_a_reader);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* The limit on a file's size stands for a full disk. */
static void outgrow_the_disk(void)
{
    struct fault fault;
    struct rlimit size;
    signal(SIGXFSZ, SIG_IGN);
    check(getrlimit(RLIMIT_FSIZE, &size) == 0);
    rlim_t before = size.rlim_cur;
    check(log_start(path, &fault));
    size.rlim_cur = TEXT_BYTES * 3 / 2; /* the second line is cut */
    check(setrlimit(RLIMIT_FSIZE, &size) == 0);
    for (int i = 0; i < 4; i++) {
        log_number(i);
        log_settle(LONG_MS);
    }
    size.rlim_cur = before;
    check(setrlimit(RLIMIT_FSIZE, &size) == 0);
    log_event(LOG_INFO, "well again");
    log_stop(LONG_MS);
}

static void a_full_disk_costs_lines_only(void **state)
{
    (void)state;
    assert_int_equal(run_child(outgrow_the_disk), 0);
    char *text = content(path);
    assert_non_null(strstr(text, "\n{\"time\":")); /* behind the line that was cut */
    assert_non_null(strstr(text, "\"event\":\"well again\"}\n"));
    assert_non_null(strstr(text, "\"lines\":3}\n"));
    free(text);
}

/* ---- files ---- */

enum { MOVED_AT = 300 }; /* all of them may wait at once: none is lost */

static void a_file_that_was_moved_away(void **state)
{
    (void)state;
    struct fault fault;
    assert_true(log_start(path, &fault));
    for (int i = 0; i < MOVED_AT; i++)
        log_number(i);
    assert_int_equal(rename(path, moved), 0);
    assert_true(log_reopen(path));
    for (int i = MOVED_AT; i < 2 * MOVED_AT; i++)
        log_number(i);
    log_stop(LONG_MS);
    char *before = content(moved);
    char *after = content(path);
    assert_non_null(strstr(after, "\"number\":599,"));
    int lost_before, lost_after;
    int lines = count_lines(before, &lost_before) + count_lines(after, &lost_after);
    assert_int_equal(lines + lost_before + lost_after, 2 * MOVED_AT);
    assert_int_equal(lost_before + lost_after, 0);
    free(before);
    free(after);
}

static void a_file_that_cannot_be_opened(void **state)
{
    (void)state;
    struct fault fault;
    assert_false(log_start("/nonexistent/log", &fault));
    assert_non_null(strstr(fault.message, "/nonexistent/log"));
    assert_int_equal(mkfifo(moved, 0600), 0);
    assert_false(log_start(moved, &fault)); /* has no reader */
    assert_true(log_start(path, &fault));
    assert_false(log_reopen("/nonexistent/log"));
    log_event(LOG_INFO, "goes on");
    log_stop(LONG_MS);
    char *text = content(path);
    assert_non_null(strstr(text, "goes on"));
    free(text);
}

enum { THREADS = 4, LINES_EACH = 200 };

static void *write_many(void *arg)
{
    int first = *(int *)arg;
    for (int i = 0; i < LINES_EACH; i++) {
        log_number(first + i);
        if (i % 10 == 0)
            log_event(LOG_INFO, "now");
        if (i % 50 == 0)
            log_flush();
    }
    return NULL;
}

static void many_threads_and_reopenings(void **state)
{
    (void)state;
    struct fault fault;
    pthread_t threads[THREADS];
    int first[THREADS];
    assert_true(log_start(path, &fault));
    for (int i = 0; i < THREADS; i++) {
        first[i] = i * LINES_EACH;
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &first[i]), 0);
    }
    for (int i = 0; i < 100; i++)
        assert_true(log_reopen(path));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_stop(LONG_MS);
    char *text = content(path);
    int lost;
    int lines = count_lines(text, &lost);
    assert_int_equal(lines + lost, THREADS * (LINES_EACH + LINES_EACH / 10));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stalled_reader_holds_up_nothing, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(the_end_waits_for_no_reader, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_disk_costs_lines_only, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_was_moved_away, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(many_threads_and_reopenings, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
