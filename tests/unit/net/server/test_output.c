/* Bytes to a client at once: out before the loop turns, in their order, and what the socket does
 * not take comes later by libevent. */
#include "base/support.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "net/loop/loop.h"
#include "net/server/output.h"

enum { LARGE_BYTES = 4 * 1024 * 1024 };

static struct job_queue queue;
static struct loop *loop;
static struct bufferevent *bev;
static int client;
static unsigned writes; /* calls of the write callback */
static unsigned errors;

static void on_write(struct bufferevent *of, void *arg)
{
    (void)of;
    (void)arg;
    writes++;
    loop_stop(loop);
}

static void on_error(struct bufferevent *of, short what, void *arg)
{
    (void)of;
    (void)what;
    (void)arg;
    errors++;
    loop_stop(loop);
}

static int set_up(void **state)
{
    struct fault fault;
    int ends[2];
    (void)state;
    alarm(300);               /* nothing here waits for ever */
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    writes = errors = 0;
    assert_true(job_queue_init(&queue, 8));
    loop = loop_new(&queue, NULL, &fault);
    assert_non_null(loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client = ends[1];
    bev = bufferevent_socket_new(loop_base(loop), ends[0], BEV_OPT_CLOSE_ON_FREE);
    assert_non_null(bev);
    bufferevent_setcb(bev, NULL, on_write, on_error, NULL);
    bufferevent_disable(bev, EV_READ | EV_WRITE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bufferevent_free(bev);
    (void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK); /* where libevent frees it */
    close(client);
    loop_free(loop);
    job_queue_fini(&queue);
    return 0;
}

/* As evhttp does it: into the output, and the wish to write. */
static void put(const char *data, size_t bytes)
{
    bufferevent_enable(bev, EV_WRITE);
    assert_int_equal(bufferevent_write(bev, data, bytes), 0);
}

static size_t waiting(void)
{
    return evbuffer_get_length(bufferevent_get_output(bev));
}

/* What has come so far, without waiting. */
static void take(struct buffer *into)
{
    char piece[64 * 1024];
    ssize_t bytes;
    while ((bytes = recv(client, piece, sizeof piece, 0)) > 0)
        assert_true(buffer_append(into, piece, (size_t)bytes));
    assert_true(bytes == 0 || errno == EAGAIN);
}

static void assert_came(const char *expected)
{
    struct buffer came;
    buffer_init(&came, LARGE_BYTES);
    take(&came);
    assert_true(slice_equals(buffer_slice(&came), expected));
    buffer_fini(&came);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    take(arg);
}

/* Turns the loop, with a client that reads, until all is out. */
static void drain(struct buffer *into)
{
    struct event *readable =
        event_new(loop_base(loop), client, EV_READ | EV_PERSIST, on_readable, into);
    assert_non_null(readable);
    assert_int_equal(event_add(readable, NULL), 0);
    while (waiting() > 0)
        loop_run(loop);
    take(into);
    event_free(readable);
}

static char *large_data(void)
{
    char *data = malloc(LARGE_BYTES);
    assert_non_null(data);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        data[i] = (char)('a' + i % 23);
    return data;
}

/* ---- what waits ---- */

static void what_waits_is_out_at_once(void **state)
{
    (void)state;
    put("hello", 5);
    output_send(bev);
    assert_int_equal(waiting(), 0);
    assert_came("hello"); /* the loop has not turned */
}

static void the_callback_comes_later_and_once(void **state)
{
    (void)state;
    put("hello", 5);
    output_send(bev);
    assert_int_equal(writes, 0); /* never from inside */
    loop_run(loop);
    assert_int_equal(writes, 1);
    put("again", 5); /* the bufferevent still works by itself */
    loop_run(loop);
    assert_int_equal(writes, 2);
    assert_came("helloagain");
}

static void what_is_not_taken_comes_later(void **state)
{
    (void)state;
    char *data = large_data();
    struct buffer came;
    buffer_init(&came, 2 * LARGE_BYTES);
    put(data, LARGE_BYTES);
    output_send(bev);
    assert_true(waiting() > 0 && waiting() < LARGE_BYTES);
    drain(&came);
    assert_int_equal(came.bytes, LARGE_BYTES);
    assert_memory_equal(came.data, data, LARGE_BYTES);
    assert_true(writes > 0);
    buffer_fini(&came);
    free(data);
}

/* That is, by the bufferevent's own callback, like any error. */
static void a_client_that_has_left_is_told_by_libevent(void **state)
{
    (void)state;
    close(client);
    put("hello", 5);
    output_send(bev);
    loop_run(loop);
    assert_int_equal(errors, 1);
    client = -1;
}

/* ---- chunks: RFC 9112, 7.1 ---- */

static void a_chunk_is_its_size_and_its_bytes(void **state)
{
    (void)state;
    output_send_chunk(bev, slice_of("a"));
    assert_came("1\r\na\r\n");
    output_send_chunk(bev, slice_of("0123456789"));
    assert_came("a\r\n0123456789\r\n");
    output_send_chunk(bev, slice_of("0123456789abcdef"));
    assert_came("10\r\n0123456789abcdef\r\n");
    output_send_chunk(bev, slice_of("\r\n0\r\n\r\n"));
    assert_came("7\r\n\r\n0\r\n\r\n\r\n");
    assert_int_equal(waiting(), 0);
}

static void a_chunk_that_is_out_calls_nobody(void **state)
{
    (void)state;
    output_send_chunk(bev, slice_of("a"));
    for (int turn = 0; turn < 3; turn++)
        assert_int_not_equal(event_base_loop(loop_base(loop), EVLOOP_NONBLOCK), -1);
    assert_int_equal(writes, 0);
    assert_int_equal(errors, 0);
}

/* Whatever the socket has taken of it: of its size, of its bytes, or nothing. */
static void a_chunk_that_is_not_taken_comes_later_and_whole(void **state)
{
    (void)state;
    char *data = large_data();
    struct buffer came;
    buffer_init(&came, 4 * LARGE_BYTES);
    output_send_chunk(bev, (struct slice){data, LARGE_BYTES});
    assert_true(waiting() > 0 && waiting() < LARGE_BYTES);
    drain(&came);
    static const char size[] = "400000\r\n";
    assert_int_equal(came.bytes, sizeof size - 1 + LARGE_BYTES + 2);
    assert_memory_equal(came.data, size, sizeof size - 1);
    assert_memory_equal(came.data + sizeof size - 1, data, LARGE_BYTES);
    assert_memory_equal(came.data + came.bytes - 2, "\r\n", 2);
    assert_true(writes > 0); /* some of it had to wait */
    buffer_fini(&came);
    free(data);
}

/* A socket that is full takes nothing. */
static void a_chunk_for_a_full_socket_waits_whole(void **state)
{
    (void)state;
    static char block[4096];
    struct buffer came;
    size_t before = 0;
    ssize_t bytes;
    while ((bytes = send(bufferevent_getfd(bev), block, sizeof block, MSG_NOSIGNAL)) > 0)
        before += (size_t)bytes;
    while ((bytes = send(bufferevent_getfd(bev), block, 1, MSG_NOSIGNAL)) > 0)
        before += (size_t)bytes;
    output_send_chunk(bev, slice_of("hello"));
    assert_int_equal(waiting(), strlen("5\r\nhello\r\n"));
    buffer_init(&came, 4 * LARGE_BYTES);
    drain(&came);
    assert_int_equal(came.bytes, before + strlen("5\r\nhello\r\n"));
    assert_memory_equal(came.data + before, "5\r\nhello\r\n", 10);
    buffer_fini(&came);
}

static void a_chunk_for_a_client_that_has_left_is_told_by_libevent(void **state)
{
    (void)state;
    close(client);
    client = -1;
    output_send_chunk(bev, slice_of("hello"));
    loop_run(loop);
    assert_int_equal(errors, 1);
}

#define WITH_CLIENT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLIENT(what_waits_is_out_at_once),
        WITH_CLIENT(the_callback_comes_later_and_once),
        WITH_CLIENT(what_is_not_taken_comes_later),
        WITH_CLIENT(a_client_that_has_left_is_told_by_libevent),
        WITH_CLIENT(a_chunk_is_its_size_and_its_bytes),
        WITH_CLIENT(a_chunk_that_is_out_calls_nobody),
        WITH_CLIENT(a_chunk_that_is_not_taken_comes_later_and_whole),
        WITH_CLIENT(a_chunk_for_a_full_socket_waits_whole),
        WITH_CLIENT(a_chunk_for_a_client_that_has_left_is_told_by_libevent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
