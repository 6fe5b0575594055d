#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/support.h"

/* What is written to stderr goes into a file between the two. */

static int kept_stderr = -1;
static char path[] = "/tmp/test_log.XXXXXX";

static void capture(void)
{
    strcpy(path, "/tmp/test_log.XXXXXX");
    int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    kept_stderr = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

/* The text that was written; the caller frees it. */
static char *captured(void)
{
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    char *text = malloc((size_t)status.st_size + 1);
    assert_non_null(text);
    assert_int_equal(read(fd, text, (size_t)status.st_size), status.st_size);
    text[status.st_size] = '\0';
    close(fd);
    unlink(path);
    return text;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* The root of a captured text that must be one line of JSON. */
static struct json_value parse_line(const char *text)
{
    struct json_value root;
    struct fault fault;
    assert_int_equal(count_lines(text), 1);
    if (!json_parse(slice_of(text), 8, &root, &fault))
        fail_msg("%s: %s", fault.message, text);
    assert_int_equal(root.type, JSON_OBJECT);
    return root;
}

static void assert_member(const struct json_value *root, const char *name, const char *expected)
{
    struct json_value value;
    assert_int_equal(json_find(root, name, &value), 1);
    assert_true(json_string_is(&value, expected));
}

static void json_line_has_its_members(void **state)
{
    (void)state;
    log_configure(LOG_INFO, true);
    capture();
    log_event(LOG_WARN, "policies refused", log_text("file", "models.lua"), log_int("line", -3),
              log_slice("why", (struct slice){"no price...", 8}));
    char *text = captured();
    struct json_value root = parse_line(text), value;
    assert_member(&root, "level", "warn");
    assert_member(&root, "event", "policies refused");
    assert_member(&root, "file", "models.lua");
    assert_member(&root, "why", "no price");
    int64_t n;
    assert_int_equal(json_find(&root, "line", &value), 1);
    assert_true(json_int64(&value, &n) && n == -3);
    assert_int_equal(json_find(&root, "", &value), 0); /* the macro's empty field */
    assert_int_equal(json_find(&root, "time", &value), 1);
    char time[CLOCK_TEXT_BYTES] = "";
    memcpy(time, value.raw.data + 1, value.raw.bytes - 2);
    assert_true(clock_parse(time, &n));
    assert_in_range(n, clock_wall_ms() - 60000, clock_wall_ms());
    free(text);
}

static void text_line_is_for_people(void **state)
{
    (void)state;
    log_configure(LOG_INFO, false);
    capture();
    log_event(LOG_INFO, "listening on http", log_text("at", "127.0.0.1:3000"), log_int("n", 2),
              log_text("name", "two words"), log_text("none", ""), log_text("quote", "a\"b"));
    char *text = captured();
    assert_int_equal(count_lines(text), 1);
    int64_t ms;
    text[24] = '\0';
    assert_true(clock_parse(text, &ms));
    assert_string_equal(text + 25,
                        "info listening on http at=127.0.0.1:3000 n=2 name=\"two words\" "
                        "none=\"\" quote=\"a\\\"b\"\n");
    free(text);
}

static void call_without_fields(void **state)
{
    (void)state;
    for (int json = 0; json < 2; json++) {
        log_configure(LOG_INFO, json);
        capture();
        log_event(LOG_ERROR, "stopped");
        char *text = captured();
        assert_int_equal(count_lines(text), 1);
        assert_non_null(strstr(text, "stopped"));
        free(text);
    }
}

/* Kept, but in order, and not for ever. */
static void lines_for_later(void **state)
{
    (void)state;
    log_configure(LOG_INFO, true);
    capture();
    log_event_later(LOG_INFO, "first");
    log_event_later(LOG_DEBUG, "not wanted");
    char *text = captured();
    assert_string_equal(text, "");
    free(text);
    capture();
    log_event(LOG_WARN, "second");
    text = captured();
    assert_int_equal(count_lines(text), 2);
    assert_true(strstr(text, "first") < strstr(text, "second"));
    free(text);
    capture();
    log_event_later(LOG_INFO, "third");
    log_flush();
    log_flush();
    text = captured();
    assert_int_equal(count_lines(text), 1);
    free(text);
    capture();
    for (int i = 0; i < 2000; i++)
        log_event_later(LOG_INFO, "one of many", log_int("number", i));
    text = captured();
    assert_in_range(count_lines(text), 1000, 1999); /* without being asked to */
    free(text);
    capture();
    log_flush();
    free(captured());
}

static void levels(void **state)
{
    (void)state;
    static const enum log_level all[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR};
    for (size_t least = 0; least < 4; least++) {
        log_configure(all[least], true);
        capture();
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(log_enabled(all[i]), i >= least);
            log_event(all[i], "x");
        }
        char *text = captured();
        assert_int_equal(count_lines(text), 4 - least);
        free(text);
    }
}

/* Whatever a client sends: one line, one event, no member of its own. */
static void nothing_can_be_smuggled_in(void **state)
{
    (void)state;
    static const char *const evil[] = {
        "a\nb", "a\r\nb",        "\"",       "\\",   "\",\"level\":\"error", "\xff\xfe", "\xc3",
        "a=b",  "x level=error", "\x1b[31m", "\x7f", "\xe2\x80\xa8",         "\t",
    };
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
        log_configure(LOG_INFO, true);
        capture();
        log_event(LOG_INFO, evil[i], log_text("path", evil[i]));
        char *text = captured();
        struct json_value root = parse_line(text), value;
        assert_member(&root, "level", "info");
        assert_int_equal(json_find(&root, "path", &value), 1);
        free(text);
        log_configure(LOG_INFO, false);
        capture();
        log_event(LOG_INFO, "e", log_text("path", evil[i]));
        text = captured();
        assert_int_equal(count_lines(text), 1);
        assert_non_null(strstr(text, " info e path=\"")); /* in quotes */
        assert_null(strpbrk(text, "\x1b\r\t"));
        free(text);
    }
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    enum { BYTES = 100000 };
    char *prompt = malloc(BYTES + 1);
    assert_non_null(prompt);
    for (size_t shift = 0; shift < 4; shift++) {
        memset(prompt, '.', shift);
        for (size_t i = shift; i < BYTES; i++)
            prompt[i] = "\xe2\x82\xac"[(i - shift) % 3]; /* the euro sign */
        log_configure(LOG_INFO, true);
        capture();
        log_event(LOG_INFO, "x", log_slice("text", (struct slice){prompt, BYTES}),
                  log_int("after", 1));
        char *text = captured();
        struct json_value root = parse_line(text), value;
        assert_int_equal(json_find(&root, "text", &value), 1);
        assert_in_range(value.raw.bytes, 4000, 4100);
        assert_null(strstr(text, "\xef\xbf\xbd")); /* cut between two characters */
        assert_int_equal(json_find(&root, "after", &value), 1);
        free(text);
    }
    free(prompt);
}

static void too_long_a_line_still_tells_the_event(void **state)
{
    (void)state;
    enum { BYTES = 4000, FIELDS = 20 };
    char controls[BYTES]; /* six bytes each when escaped */
    memset(controls, 1, sizeof controls);
    struct log_field fields[FIELDS];
    for (int i = 0; i < FIELDS; i++)
        fields[i] = log_slice("f", (struct slice){controls, BYTES});
    for (int json = 0; json < 2; json++) {
        log_configure(LOG_INFO, json);
        capture();
        log_write(LOG_INFO, "important", fields, FIELDS);
        char *text = captured();
        assert_int_equal(count_lines(text), 1);
        assert_non_null(strstr(text, "important"));
        assert_non_null(strstr(text, "fields_dropped"));
        free(text);
    }
}

static void leaves_errno_alone(void **state)
{
    (void)state;
    log_configure(LOG_INFO, true);
    capture();
    int kept = dup(STDERR_FILENO);
    close(STDERR_FILENO); /* so that the write fails */
    errno = ENOSPC;
    log_event(LOG_INFO, "x");
    int after = errno;
    dup2(kept, STDERR_FILENO);
    close(kept);
    free(captured());
    assert_int_equal(after, ENOSPC);
}

enum { THREADS = 4, LINES_EACH = 500 };

static void *write_many(void *data)
{
    char name[2000];
    memset(name, *(const char *)data, sizeof name);
    for (int i = 0; i < LINES_EACH; i++)
        log_event(LOG_INFO, "line", log_slice("text", (struct slice){name, sizeof name}));
    return NULL;
}

static void lines_of_threads_never_mix(void **state)
{
    (void)state;
    static const char names[THREADS] = {'a', 'b', 'c', 'd'};
    log_configure(LOG_INFO, true);
    capture();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_many, (void *)(uintptr_t)&names[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    char *text = captured();
    assert_int_equal(count_lines(text), THREADS * LINES_EACH);
    char *rest = text;
    char *line;
    while ((line = strsep(&rest, "\n")) != NULL && *line) {
        struct json_value root, value;
        assert_true(json_parse(slice_of(line), 8, &root, NULL));
        assert_int_equal(json_find(&root, "text", &value), 1);
        assert_int_equal(value.raw.bytes, 2002);
        for (size_t i = 2; i < 2001; i++)
            assert_int_equal(value.raw.data[i], value.raw.data[1]);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_line_has_its_members),
        cmocka_unit_test(text_line_is_for_people),
        cmocka_unit_test(call_without_fields),
        cmocka_unit_test(lines_for_later),
        cmocka_unit_test(levels),
        cmocka_unit_test(nothing_can_be_smuggled_in),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(too_long_a_line_still_tells_the_event),
        cmocka_unit_test(leaves_errno_alone),
        cmocka_unit_test(lines_of_threads_never_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
