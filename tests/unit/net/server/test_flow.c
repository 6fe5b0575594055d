/* A body that its handler takes as it comes: what it is given and when, what stops and continues
 * the client, and what ends it. */
#include "base/support.h"

#include <string.h>

#include "net/server/body_flow.h"
#include "net/server/connection.h"
#include "net/server/flow.h"

enum {
    FROM_BYTES = 1000, /* what is larger flows */
    WINDOW_MS = 1000,
    WINDOW_BYTES = 100 /* must come in each */
};

static const struct server_options options = {.flow_from_bytes = FROM_BYTES,
                                              .body_window_ms = WINDOW_MS,
                                              .body_bytes_per_s_min = WINDOW_BYTES};

static struct connection connection;

/* What the rest of the server was told. */
static struct {
    bool handler_declines;
    int delivered;
    int reads;  /* times that reading was switched on */
    int stops;  /* or off */
    int status; /* of a refusal before the handler knew of the request */
    size_t admitted_bytes;
    size_t bytes_max;
} server;

/* What the handler got. */
static struct {
    struct buffer body;
    int pieces;
    int ends;
    int status; /* of a failure */
} handler;

/* ---- the rest of the server is not linked ---- */

const struct server_options *connection_options(const struct connection *of)
{
    (void)of;
    return &options;
}

bool connection_may_flow(const struct connection *of)
{
    (void)of;
    return !server.handler_declines;
}

void connection_deliver(struct connection *of)
{
    of->state = CONNECTION_DELIVERED;
    server.delivered++;
}

void connection_read(struct connection *of, bool wanted)
{
    (void)of;
    server.reads += wanted;
    server.stops += !wanted;
}

size_t connection_receive(struct connection *of, char *to, size_t bytes)
{
    (void)of;
    memset(to, 'r', 3);
    return bytes < 3 ? 0 : 3;
}

bool connection_count_body(struct connection *of, size_t bytes, struct refusal *refusal)
{
    (void)of;
    (void)refusal;
    return bytes <= server.bytes_max;
}

void guard_refuse(struct connection *of, struct refusal refusal)
{
    (void)of;
    server.status = refusal.status;
}

bool guard_admit_body(struct connection *of, size_t bytes, struct refusal *refusal)
{
    (void)of;
    server.admitted_bytes = bytes;
    if (bytes <= server.bytes_max)
        return true;
    *refusal = (struct refusal){413, "request_too_large", "too large"};
    return false;
}

void guard_feed(struct connection *of, const char *data, size_t bytes)
{
    (void)flow_feed(of, data, bytes);
}

/* ---- the handler ---- */

static void on_body(struct slice data, bool over, void *user)
{
    assert_ptr_equal(user, &handler);
    assert_int_equal(handler.ends + handler.status, 0); /* nothing comes after the end */
    buffer_append_slice(&handler.body, data);
    handler.pieces++;
    handler.ends += over;
}

static void on_failed(const struct refusal *refusal, void *user)
{
    assert_ptr_equal(user, &handler);
    assert_int_equal(handler.ends + handler.status, 0);
    handler.status = refusal->status;
}

static const struct body_events events = {.on_body = on_body, .on_failed = on_failed};

static void handle(void)
{
    connection.state = CONNECTION_REPLYING;
    connection.request.body_events = &events;
    connection.request.user = &handler;
}

/* ---- each test ---- */

/* `content_length` -1: in chunks. */
static void announce(int64_t content_length)
{
    struct http_head *head = &connection.request.head;
    head->chunked = content_length < 0;
    head->content_length = content_length < 0 ? 0 : content_length;
    chunked_init(&connection.chunked);
    buffer_init(&connection.body, 4 * FROM_BYTES);
}

static int set_up(void **state)
{
    (void)state;
    memset(&connection, 0, sizeof connection);
    memset(&server, 0, sizeof server);
    memset(&handler, 0, sizeof handler);
    connection.request.connection = &connection;
    server.bytes_max = SIZE_MAX;
    buffer_init(&handler.body, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_fini(&connection.body);
    buffer_fini(&handler.body);
    return 0;
}

/* The beginning is here, and the handler takes the rest. */
static void begin(int64_t content_length, const char *first)
{
    announce(content_length);
    connection.state = CONNECTION_BODY;
    connection.deadline_us = 1;
    buffer_append_text(&connection.body, first);
    flow_begin(&connection);
    handle();
}

static size_t feed(const char *text)
{
    return flow_feed(&connection, text, strlen(text));
}

static void assert_got(const char *body, int ends)
{
    assert_int_equal(handler.body.bytes, strlen(body));
    assert_memory_equal(handler.body.data != NULL ? handler.body.data : "", body, strlen(body));
    assert_int_equal(handler.ends, ends);
}

/* ---- which bodies flow ---- */

static void only_large_ones_that_are_not_packed(void **state)
{
    (void)state;
    announce(FROM_BYTES);
    assert_false(flow_may_begin(&connection));
    announce(FROM_BYTES + 1);
    assert_true(flow_may_begin(&connection));
    connection.request.head.coding = CODING_ZLIB;
    assert_false(flow_may_begin(&connection));
    connection.request.head.coding = CODING_NONE;
    server.handler_declines = true;
    assert_false(flow_may_begin(&connection));
    server.handler_declines = false;
    announce(-1); /* it may turn out large */
    assert_true(flow_may_begin(&connection));
    assert_int_equal(flow_from(&connection), FROM_BYTES);
}

static void the_handler_is_told_at_once(void **state)
{
    (void)state;
    announce(5000);
    connection.deadline_us = 1;
    buffer_append_text(&connection.body, "begin");
    flow_begin(&connection);
    assert_int_equal(server.delivered, 1);
    assert_true(connection.flowing && connection.request.flows);
    assert_int_equal(connection.deadline_us, 0); /* its pace is judged instead */
    assert_int_equal(connection.flow_bytes, 5);
    assert_int_equal(connection.request.body.bytes, 5);
}

/* ---- what comes ---- */

static void pieces_of_known_length(void **state)
{
    (void)state;
    begin(12, "begin");
    assert_int_equal(feed("123"), 3);
    assert_got("123", 0);
    assert_int_equal(feed("4567GET / HTTP/1.1"), 4); /* the next request is not of it */
    assert_got("1234567", 1);
    assert_false(connection.flowing);
}

static void pieces_in_chunks(void **state)
{
    (void)state;
    begin(-1, "begin");
    assert_int_equal(feed("3\r\n12"), 5);
    assert_int_equal(feed("3\r"), 2);
    assert_got("123", 0);
    assert_int_equal(server.admitted_bytes, 8); /* counted as it grows */
    assert_int_equal(feed("\n2\r\n45\r\n0\r\n\r\nGET"), 13);
    assert_got("12345", 1);
    assert_false(connection.flowing);
}

static void more_is_received_past_libevent(void **state)
{
    (void)state;
    begin(5000, "begin");
    flow_receive(&connection);
    assert_got("rrr", 0);
}

/* The handler does not know of the request yet, so it gets that with the beginning. */
static void what_comes_before_the_handler_knows(void **state)
{
    (void)state;
    begin(5000, "begin");
    connection.state = CONNECTION_DELIVERED;
    assert_int_equal(feed("123"), 3);
    assert_int_equal(connection.request.body.bytes, 8);
    assert_memory_equal(connection.request.body.data, "begin123", 8);
    assert_true(connection.request.flows);
    handle();
    feed("45");
    assert_got("45", 0);
}

static void all_of_it_comes_before_the_handler_knows(void **state)
{
    (void)state;
    begin(8, "begin");
    connection.state = CONNECTION_DELIVERED;
    assert_int_equal(feed("123"), 3);
    assert_false(connection.request.flows); /* a body like any other */
    assert_int_equal(connection.request.body.bytes, 8);
}

static void no_memory_before_the_handler_knows(void **state)
{
    (void)state;
    static char data[8 * FROM_BYTES];
    begin(sizeof data + 5, "begin");
    connection.state = CONNECTION_DELIVERED;
    (void)flow_feed(&connection, data, sizeof data - 1);
    assert_int_equal(server.status, 503);
}

static void what_nobody_wants_is_thrown_away(void **state)
{
    (void)state;
    begin(12, "begin");
    connection.request.body_events = NULL;
    assert_int_equal(feed("1234567"), 7);
    assert_int_equal(handler.pieces, 0);
}

/* ---- what breaks it ---- */

static void assert_failed(int status)
{
    assert_int_equal(handler.status, status);
    assert_int_equal(handler.ends, 0);
    assert_false(connection.flowing);
    assert_true(connection.discard && connection.linger); /* the client can read why */
}

static void chunks_that_are_none(void **state)
{
    (void)state;
    begin(-1, "begin");
    feed("3\r\n123\r\nzz\r\n");
    assert_failed(400);
}

static void more_than_is_taken(void **state)
{
    (void)state;
    begin(-1, "begin");
    server.bytes_max = 7;
    feed("3\r\n123\r\n");
    assert_failed(413);
    assert_int_equal(handler.pieces, 0);
}

static void a_failure_before_the_handler_knows(void **state)
{
    (void)state;
    begin(-1, "begin");
    connection.state = CONNECTION_DELIVERED;
    feed("zz\r\n");
    assert_int_equal(server.status, 400);
    assert_int_equal(handler.status, 0);
}

/* ---- stop and go ---- */

static void the_handler_stops_the_client(void **state)
{
    (void)state;
    begin(5000, "begin");
    http_resume_body(&connection.request); /* it is not stopped */
    http_pause_body(&connection.request);
    http_pause_body(&connection.request);
    assert_int_equal(server.stops, 1);
    assert_int_equal(server.reads, 0);
    feed("123"); /* a little more may come */
    assert_got("123", 0);
    assert_int_equal(server.reads, 0);
    http_resume_body(&connection.request);
    http_resume_body(&connection.request);
    assert_int_equal(server.reads, 1);
}

/* Only a read shows that the client leaves. */
static void the_end_behind_a_stop_is_read_on(void **state)
{
    (void)state;
    begin(8, "begin");
    http_pause_body(&connection.request);
    feed("123");
    assert_got("123", 1);
    assert_int_equal(server.reads, 1);
    http_pause_body(&connection.request); /* nothing comes that could be stopped */
    assert_int_equal(server.stops, 1);
}

static void a_failure_behind_a_stop_is_read_on(void **state)
{
    (void)state;
    begin(-1, "begin");
    http_pause_body(&connection.request);
    feed("zz\r\n");
    assert_failed(400);
    assert_int_equal(server.reads, 1);
}

static void a_reply_that_ends_before_the_body(void **state)
{
    (void)state;
    begin(5000, "begin");
    http_pause_body(&connection.request);
    guard_end_flow(&connection);
    assert_true(connection.discard && connection.linger);
    assert_false(connection.flowing);
    assert_int_equal(server.reads, 1);
}

static void a_reply_behind_the_body(void **state)
{
    (void)state;
    begin(8, "begin");
    feed("123");
    guard_end_flow(&connection);
    assert_false(connection.discard);
}

static void what_the_handler_holds_is_counted(void **state)
{
    (void)state;
    struct refusal refusal = {0};
    begin(5000, "begin");
    server.bytes_max = 100;
    assert_true(http_count_body(&connection.request, 100, &refusal));
    assert_false(http_count_body(&connection.request, 101, &refusal));
}

/* ---- its pace ---- */

static void judge_after(int64_t ms)
{
    flow_judge_window(&connection, connection.window_end_us + (ms - WINDOW_MS) * 1000);
}

static char hundred[WINDOW_BYTES + 1];

static void enough_comes_in_each_window(void **state)
{
    (void)state;
    begin(5000, "begin");
    memset(hundred, 'x', WINDOW_BYTES);
    for (int i = 0; i < 3; i++) {
        judge_after(WINDOW_MS - 1); /* too early to tell */
        feed(hundred);
        judge_after(WINDOW_MS);
    }
    assert_int_equal(handler.status, 0);
    feed(hundred + 1);
    judge_after(WINDOW_MS);
    assert_failed(408);
}

static void who_is_stopped_is_not_slow(void **state)
{
    (void)state;
    begin(5000, "begin");
    http_pause_body(&connection.request);
    judge_after(5 * WINDOW_MS);
    assert_int_equal(handler.status, 0);
    http_resume_body(&connection.request); /* with all of a window before it */
    judge_after(WINDOW_MS - 1);
    assert_int_equal(handler.status, 0);
    judge_after(WINDOW_MS);
    assert_failed(408);
}

static void a_body_that_does_not_flow_yet_is_judged_too(void **state)
{
    (void)state;
    announce(5000);
    flow_begin_window(&connection, 0);
    judge_after(WINDOW_MS);
    assert_int_equal(server.status, 408);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(only_large_ones_that_are_not_packed),
        EACH(the_handler_is_told_at_once),
        EACH(pieces_of_known_length),
        EACH(pieces_in_chunks),
        EACH(more_is_received_past_libevent),
        EACH(what_comes_before_the_handler_knows),
        EACH(all_of_it_comes_before_the_handler_knows),
        EACH(no_memory_before_the_handler_knows),
        EACH(what_nobody_wants_is_thrown_away),
        EACH(chunks_that_are_none),
        EACH(more_than_is_taken),
        EACH(a_failure_before_the_handler_knows),
        EACH(the_handler_stops_the_client),
        EACH(the_end_behind_a_stop_is_read_on),
        EACH(a_failure_behind_a_stop_is_read_on),
        EACH(a_reply_that_ends_before_the_body),
        EACH(a_reply_behind_the_body),
        EACH(what_the_handler_holds_is_counted),
        EACH(enough_comes_in_each_window),
        EACH(who_is_stopped_is_not_slow),
        EACH(a_body_that_does_not_flow_yet_is_judged_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
