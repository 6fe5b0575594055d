/* The tail of a request goes out as it comes, whatever the socket takes at once: as it is where its
 * length is known, else in chunks of which the last one is empty. */
#include "base/support.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "net/client/http_tail.h"
#include "net/tail_source.h"

struct wire {
    int ends[2];
    struct http_connection connection;
    struct buffer got;
};

static void open_wire(struct wire *wire, int room)
{
    *wire = (struct wire){.ends = {-1, -1}};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, wire->ends), 0);
    assert_int_equal(setsockopt(wire->ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    wire->connection.fd = wire->ends[0];
    buffer_init(&wire->got, 1 << 22);
}

static void drain(struct wire *wire)
{
    char data[1000];
    ssize_t bytes;
    while ((bytes = read(wire->ends[1], data, sizeof data)) > 0)
        assert_true(buffer_append(&wire->got, data, (size_t)bytes));
}

static void close_wire(struct wire *wire)
{
    close(wire->ends[0]);
    close(wire->ends[1]);
    buffer_fini(&wire->got);
}

/* Sends all of the source, of which `step` bytes more come each time. */
static void send_all(struct http_tail *tail, struct tail_source *source, struct wire *wire,
                     size_t step)
{
    bool failed;
    while (!http_tail_is_sent(tail)) {
        size_t left = source->all.bytes - source->there;
        source->there += left < step ? left : step;
        while (http_tail_send(tail, &wire->connection, &failed))
            drain(wire);
        assert_false(failed);
        drain(wire);
    }
    assert_int_equal(source->sent, source->all.bytes);
}

static void sends_what_it_is_given(void **state)
{
    (void)state;
    static char text[100000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i % 251);
    for (size_t step = 1000; step <= sizeof text; step *= 10) {
        struct tail_source source = {.all = {text, sizeof text}};
        const struct upstream_tail from = tail_source_of(&source, sizeof text);
        struct http_tail tail = {.from = &from};
        struct wire wire;
        open_wire(&wire, 4096);
        send_all(&tail, &source, &wire, step);
        assert_int_equal(wire.got.bytes, sizeof text);
        assert_memory_equal(wire.got.data, text, sizeof text);
        close_wire(&wire);
    }
}

static void sends_chunks(void **state)
{
    (void)state;
    struct tail_source source = {.all = slice_of("0123456789abcdefghi")};
    const struct upstream_tail from = tail_source_of(&source, -1);
    struct http_tail tail = {.from = &from};
    struct wire wire;
    open_wire(&wire, 65536);
    send_all(&tail, &source, &wire, 16);
    static const char expected[] = "10\r\n0123456789abcdef\r\n3\r\nghi\r\n0\r\n\r\n";
    assert_int_equal(wire.got.bytes, sizeof expected - 1);
    assert_memory_equal(wire.got.data, expected, sizeof expected - 1);
    close_wire(&wire);
}

/* A chunk has begun before: the body's parts. The next frame ends it. */
static void goes_on_behind_a_chunk(void **state)
{
    (void)state;
    struct tail_source source = {.all = slice_of("x")};
    const struct upstream_tail from = tail_source_of(&source, -1);
    struct http_tail tail = {.from = &from, .begun = true};
    struct wire wire;
    open_wire(&wire, 65536);
    send_all(&tail, &source, &wire, 1);
    static const char expected[] = "\r\n1\r\nx\r\n0\r\n\r\n";
    assert_int_equal(wire.got.bytes, sizeof expected - 1);
    assert_memory_equal(wire.got.data, expected, sizeof expected - 1);
    close_wire(&wire);
}

static void large_chunks_through_a_narrow_socket(void **state)
{
    (void)state;
    static char text[300000];
    memset(text, 'y', sizeof text);
    struct tail_source source = {.all = {text, sizeof text}};
    const struct upstream_tail from = tail_source_of(&source, -1);
    struct http_tail tail = {.from = &from};
    struct wire wire;
    open_wire(&wire, 4096);
    send_all(&tail, &source, &wire, 100000);
    static const char frames[] = "186a0\r\n\r\n186a0\r\n\r\n186a0\r\n\r\n0\r\n\r\n";
    assert_int_equal(wire.got.bytes, sizeof text + sizeof frames - 1);
    close_wire(&wire);
}

static void a_broken_connection_is_told(void **state)
{
    (void)state;
    struct tail_source source = {.all = slice_of("x"), .there = 1};
    const struct upstream_tail from = tail_source_of(&source, 1);
    struct http_tail tail = {.from = &from};
    struct wire wire;
    bool failed;
    open_wire(&wire, 65536);
    close(wire.ends[1]);
    assert_false(http_tail_send(&tail, &wire.connection, &failed));
    assert_true(failed);
    assert_false(http_tail_is_sent(&tail));
    close(wire.ends[0]);
}

static void nothing_follows(void **state)
{
    (void)state;
    const struct http_tail none = {.from = NULL};
    assert_true(http_tail_is_sent(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_what_it_is_given),
        cmocka_unit_test(sends_chunks),
        cmocka_unit_test(goes_on_behind_a_chunk),
        cmocka_unit_test(large_chunks_through_a_narrow_socket),
        cmocka_unit_test(a_broken_connection_is_told),
        cmocka_unit_test(nothing_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
