/* What libevent is told once for the process: the memory that it frees is wiped, what it grows is
 * kept, and its warnings are lines of the log. */
#include "base/support.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/loop/library.h"

/* What malloc gives under a sanitizer is never what was freed before. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEES_FREED_MEMORY false
#else
#define SEES_FREED_MEMORY true
#endif

static int set_up_all(void **state)
{
    (void)state;
    log_configure(LOG_WARN, false);
    net_library_init();
    return 0;
}

/* ---- memory ---- */

/* Whether the blocks of that size that malloc gives next, and so those freed last, have it. */
static bool is_left_in_memory(size_t bytes, const char *text)
{
    enum { LOOKS = 64 };
    char *blocks[LOOKS];
    bool found = false;
    for (size_t i = 0; i < LOOKS; i++) {
        blocks[i] = malloc(bytes);
        assert_non_null(blocks[i]);
        size_t usable = malloc_usable_size(blocks[i]);
        found = found || memmem(blocks[i], usable, text, strlen(text)) != NULL;
    }
    for (size_t i = 0; i < LOOKS; i++)
        free(blocks[i]);
    return found;
}

/* Behind the first bytes, over which malloc itself writes when a block is freed. */
static void what_is_freed_otherwise_is_found(void **state)
{
    (void)state;
    if (!SEES_FREED_MEMORY)
        skip();
    char *block = malloc(200);
    assert_non_null(block);
    memcpy(block + 100, "left behind", 12);
    __asm__ volatile("" : : "r"(block) : "memory"); /* so that it is written */
    free(block);
    assert_true(is_left_in_memory(200, "left behind"));
}

/* The bytes of headers, bodies and cookies lie in its chains. */
static void what_libevent_frees_is_wiped(void **state)
{
    (void)state;
    static const char zeros[3000];
    if (!SEES_FREED_MEMORY)
        skip();
    for (size_t before = 100; before < sizeof zeros; before += 250) {
        struct evbuffer *buffer = evbuffer_new();
        assert_non_null(buffer);
        assert_int_equal(evbuffer_add(buffer, zeros, before), 0);
        assert_int_equal(evbuffer_add(buffer, "a cookie", 8), 0);
        evbuffer_free(buffer);
        for (size_t bytes = 24; bytes < 2 * sizeof zeros; bytes += 16)
            assert_false(is_left_in_memory(bytes, "a cookie"));
    }
}

static void never(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* libevent grows arrays by realloc: what was there is there, and not where it was. */
static void what_libevent_grows_is_kept(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    struct event_base *base = event_base_new();
    struct event *events[COUNT];
    assert_non_null(base);
    for (int i = 0; i < COUNT; i++) { /* timers stand in a heap, which grows */
        const struct timeval wait = {.tv_sec = 1000 + (i * 7919) % COUNT, .tv_usec = 0};
        events[i] = event_new(base, -1, 0, never, NULL);
        assert_non_null(events[i]);
        assert_int_equal(event_add(events[i], &wait), 0);
    }
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_true(event_pending(events[i], EV_TIMEOUT, NULL) != 0);
        event_free(events[i]);
    }
    event_base_free(base);
}

static void trimming_takes_nothing_that_is_in_use(void **state)
{
    (void)state;
    enum { BYTES = 100000 };
    char *block = malloc(BYTES);
    assert_non_null(block);
    memset(block, 'x', BYTES);
    net_library_trim_memory();
    for (size_t i = 0; i < BYTES; i++)
        assert_int_equal(block[i], 'x');
    free(block);
}

/* ---- words ---- */

static void begin_again(evutil_socket_t fd, short what, void *base)
{
    (void)fd;
    (void)what;
    (void)event_base_loop(base, EVLOOP_NONBLOCK); /* of which libevent warns */
}

/* As a line of the log, not as libevent would print it. */
static void warnings_of_libevent_are_lines_of_the_log(void **state)
{
    (void)state;
    char text[512] = "";
    int ends[2];
    struct event_base *base = event_base_new();
    struct event *event = event_new(base, -1, 0, begin_again, base);
    assert_non_null(event);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    int kept = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    event_active(event, EV_TIMEOUT, 0);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    log_flush();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, "libevent"));
    assert_non_null(strstr(text, "reentrant"));
    assert_null(strstr(text, "[warn]")); /* so it begins by itself */
    close(ends[0]);
    close(ends[1]);
    close(kept);
    event_free(event);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_freed_otherwise_is_found),
        cmocka_unit_test(what_libevent_frees_is_wiped),
        cmocka_unit_test(what_libevent_grows_is_kept),
        cmocka_unit_test(trimming_takes_nothing_that_is_in_use),
        cmocka_unit_test(warnings_of_libevent_are_lines_of_the_log),
    };
    return cmocka_run_group_tests(tests, set_up_all, NULL);
}
