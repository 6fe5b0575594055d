/* One connection to a provider: what it says of connecting, of what comes and of when more may be
 * sent. The other end is a socket of the test's own, on loopback, at a port of the kernel's. */
#include "base/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/client/http_connection.h"

static struct job_queue queue;
static struct loop *loop;
static int listener;
static struct sockaddr_storage address;

/* What the callback was told. */
static struct {
    unsigned connected;
    unsigned reads;
    unsigned writes;
    int error;
    bool close; /* in the callback */
} seen;

static int set_up(void **state)
{
    struct fault fault;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    socklen_t bytes = sizeof *v4;
    (void)state;
    alarm(300); /* nothing here waits for ever */
    memset(&seen, 0, sizeof seen);
    assert_true(job_queue_init(&queue, 8));
    loop = loop_new(&queue, NULL, &fault);
    assert_non_null(loop);
    memset(&address, 0, sizeof address);
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)v4, bytes), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)v4, &bytes), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(listener);
    loop_free(loop);
    job_queue_fini(&queue);
    return 0;
}

static void on_event(struct http_connection *connection, enum http_connection_event event,
                     int error)
{
    seen.connected += event == HTTP_CONNECTED;
    seen.reads += event == HTTP_CONNECTION_READ;
    seen.writes += event == HTTP_CONNECTION_WRITE;
    seen.error = error;
    if (seen.close)
        http_connection_close(connection);
    loop_stop(loop);
}

static struct http_connection *open_one(void)
{
    struct http_connection *connection = http_connection_open(loop, &address, on_event);
    assert_non_null(connection);
    assert_int_equal(seen.connected, 0); /* never from inside */
    assert_true(connection->connecting);
    return connection;
}

/* A connection and its other end. */
static struct http_connection *open_both(int *other)
{
    struct http_connection *connection = open_one();
    loop_run(loop);
    assert_int_equal(seen.connected, 1);
    assert_int_equal(seen.error, 0);
    *other = accept(listener, NULL, NULL);
    assert_true(*other >= 0);
    return connection;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* ---- connecting ---- */

static void says_that_it_has_connected_and_hears_what_comes(void **state)
{
    (void)state;
    int other;
    char got[16];
    struct http_connection *connection = open_both(&other);
    assert_false(connection->connecting);
    assert_true(connection->reading);
    assert_false(connection->writing);
    say(other, "hello");
    loop_run(loop);
    assert_int_equal(seen.reads, 1);
    assert_int_equal(http_connection_receive(connection, got, sizeof got), 5);
    assert_memory_equal(got, "hello", 5);
    assert_int_equal(http_connection_receive(connection, got, sizeof got), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(seen.writes, 0); /* nobody has asked */
    http_connection_close(connection);
    close(other);
}

/* At once or later, as the kernel likes; told by the callback or by NULL. */
static void says_that_nobody_listens(void **state)
{
    (void)state;
    close(listener);
    struct http_connection *connection = http_connection_open(loop, &address, on_event);
    if (connection == NULL) {
        assert_int_equal(errno, ECONNREFUSED);
    } else {
        loop_run(loop);
        assert_int_equal(seen.connected, 1);
        assert_int_equal(seen.error, ECONNREFUSED);
        assert_false(connection->reading);
        http_connection_close(connection);
    }
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void an_address_of_no_kind_cannot_even_begin(void **state)
{
    (void)state;
    struct sockaddr_storage nowhere = {.ss_family = AF_UNIX};
    assert_null(http_connection_open(loop, &nowhere, on_event));
    assert_true(errno != 0);
}

static void may_be_closed_in_its_callback(void **state)
{
    (void)state;
    char byte;
    seen.close = true;
    (void)open_one();
    loop_run(loop);
    assert_int_equal(seen.connected, 1);
    int other = accept(listener, NULL, NULL);
    assert_int_equal(recv(other, &byte, 1, 0), 0); /* its end */
    close(other);
}

static void stop_loop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void may_be_closed_before_it_has_connected(void **state)
{
    (void)state;
    struct deferred stop = {.call = stop_loop};
    http_connection_close(open_one());
    loop_defer(loop, &stop);
    loop_run(loop);
    assert_int_equal(seen.connected, 0);
}

/* ---- silence ---- */

/* What the other end sends is not there at once. */
static void await_something(const struct http_connection *connection)
{
    struct pollfd wanted = {.fd = connection->fd, .events = POLLIN};
    assert_int_equal(poll(&wanted, 1, -1), 1);
}

static void is_silent_until_something_comes(void **state)
{
    (void)state;
    int other;
    char got[4];
    struct http_connection *connection = open_both(&other);
    assert_true(http_connection_is_silent(connection));
    say(other, "x");
    await_something(connection);
    assert_false(http_connection_is_silent(connection)); /* the look takes nothing */
    assert_int_equal(http_connection_receive(connection, got, sizeof got), 1);
    assert_true(http_connection_is_silent(connection));
    close(other);
    await_something(connection); /* an end is no silence */
    assert_int_equal(http_connection_receive(connection, got, sizeof got), 0);
    assert_false(http_connection_is_silent(connection));
    http_connection_close(connection);
}

static void a_reset_is_no_silence(void **state)
{
    (void)state;
    int other;
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct http_connection *connection = open_both(&other);
    assert_int_equal(setsockopt(other, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(other);
    loop_run(loop);
    assert_int_equal(seen.reads, 1);
    assert_false(http_connection_is_silent(connection));
    http_connection_close(connection);
}

/* ---- wishes ---- */

static void does_not_read_while_nobody_wants_it(void **state)
{
    (void)state;
    int other;
    struct http_connection *connection = open_both(&other);
    http_connection_read(connection, false);
    http_connection_read(connection, false);
    say(other, "hello");
    await_something(connection);
    http_connection_wait_to_send(connection, true); /* so that the loop ends */
    loop_run(loop);
    assert_int_equal(seen.writes, 1);
    assert_int_equal(seen.reads, 0);
    http_connection_wait_to_send(connection, false);
    http_connection_read(connection, true);
    http_connection_read(connection, true);
    loop_run(loop);
    assert_int_equal(seen.reads, 1);
    assert_int_equal(seen.writes, 1);
    http_connection_close(connection);
    close(other);
}

static void sends_in_parts_and_waits_when_no_more_is_taken(void **state)
{
    (void)state;
    enum { BYTES = 64 * 1024 };
    static char block[BYTES];
    int other;
    struct http_connection *connection = open_both(&other);
    char get[] = "GET ";
    char path[] = "/";
    struct iovec parts[] = {{get, 4}, {path, 0}, {path, 1}};
    char got[8];
    assert_int_equal(http_connection_send(connection, parts, 3), 5);
    assert_int_equal(recv(other, got, sizeof got, 0), 5);
    assert_memory_equal(got, "GET /", 5);
    struct iovec large = {block, BYTES};
    size_t sent = 0;
    ssize_t bytes;
    while ((bytes = http_connection_send(connection, &large, 1)) > 0)
        sent += (size_t)bytes;
    assert_int_equal(errno, EAGAIN); /* the other end does not read */
    http_connection_wait_to_send(connection, true);
    for (size_t taken = 0; taken < sent; taken += (size_t)bytes) {
        bytes = recv(other, block, BYTES, 0);
        assert_true(bytes > 0);
    }
    loop_run(loop);
    assert_int_equal(seen.writes, 1);
    assert_true(http_connection_send(connection, &large, 1) > 0);
    http_connection_close(connection);
    close(other);
}

/* No signal that would end the program. */
static void to_send_after_the_end_is_an_error(void **state)
{
    (void)state;
    int other;
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct http_connection *connection = open_both(&other);
    close(other);
    await_something(connection);
    struct pollfd reset = {.fd = connection->fd};
    assert_int_equal(http_connection_send(connection, &part, 1), 1); /* the kernel takes it */
    assert_int_equal(poll(&reset, 1, -1), 1);                        /* POLLERR: its answer */
    assert_int_equal(http_connection_send(connection, &part, 1), -1);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    http_connection_close(connection);
}

#define WITH_LISTENER(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LISTENER(says_that_it_has_connected_and_hears_what_comes),
        WITH_LISTENER(says_that_nobody_listens),
        WITH_LISTENER(an_address_of_no_kind_cannot_even_begin),
        WITH_LISTENER(may_be_closed_in_its_callback),
        WITH_LISTENER(may_be_closed_before_it_has_connected),
        WITH_LISTENER(is_silent_until_something_comes),
        WITH_LISTENER(a_reset_is_no_silence),
        WITH_LISTENER(does_not_read_while_nobody_wants_it),
        WITH_LISTENER(sends_in_parts_and_waits_when_no_more_is_taken),
        WITH_LISTENER(to_send_after_the_end_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
