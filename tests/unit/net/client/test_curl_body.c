/* The body of a request through libcurl: at once, or as it comes, of known length or in chunks;
 * what ends its sending, and that no call waits for ever. The test plays the server. */
#include "base/support.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/client/curl_body.h"
#include "net/tail_source.h"

enum { TURNS_MAX = 100000 };

static struct {
    CURLM *multi;
    CURL *easy;
    int listener;
    char url[32];
    int fd; /* of the connection; -1: there is none yet */
    struct curl_body body;
    struct curl_slist *headers;
    bool cancelled;
    struct buffer got;
    bool ended;
    CURLcode result;
} call;

static void listen_for(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    call.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(call.listener, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(call.listener, 1), 0);
    assert_int_equal(getsockname(call.listener, (struct sockaddr *)&address, &bytes), 0);
    snprintf(call.url, sizeof call.url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    call.fd = -1;
}

static int set_up(void **state)
{
    (void)state;
    memset(&call, 0, sizeof call);
    buffer_init(&call.got, 1 << 22);
    listen_for();
    call.multi = curl_multi_init();
    call.easy = curl_easy_init();
    assert_true(call.multi != NULL && call.easy != NULL);
    curl_easy_setopt(call.easy, CURLOPT_URL, call.url);
    call.headers = curl_slist_append(NULL, "Expect:");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    curl_multi_remove_handle(call.multi, call.easy);
    curl_body_unset(call.easy);
    curl_easy_cleanup(call.easy);
    curl_multi_cleanup(call.multi);
    curl_slist_free_all(call.headers);
    curl_body_fini(&call.body);
    buffer_fini(&call.got);
    close(call.fd);
    close(call.listener);
    return 0;
}

static void begin(const struct upstream_request *request)
{
    curl_body_set(&call.body, call.easy, request, &call.headers, &call.cancelled);
    curl_easy_setopt(call.easy, CURLOPT_HTTPHEADER, call.headers);
    assert_int_equal(curl_multi_add_handle(call.multi, call.easy), CURLM_OK);
}

static void turn(void)
{
    char data[65536];
    int running;
    int left;
    ssize_t bytes;
    assert_int_equal(curl_multi_perform(call.multi, &running), CURLM_OK);
    if (call.fd < 0)
        call.fd = accept4(call.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while ((bytes = recv(call.fd, data, sizeof data, 0)) > 0)
        assert_true(buffer_append(&call.got, data, (size_t)bytes));
    CURLMsg *message = curl_multi_info_read(call.multi, &left);
    if (message == NULL)
        return;
    call.ended = true;
    call.result = message->data.result;
}

static void turn_until_came(size_t bytes)
{
    for (int i = 0; i < TURNS_MAX && call.got.bytes < bytes; i++)
        turn();
    assert_int_equal(call.got.bytes, bytes);
}

static void turn_a_little(void)
{
    for (int i = 0; i < 100; i++)
        turn();
}

static void turn_until_ended(CURLcode result)
{
    for (int i = 0; i < TURNS_MAX && !call.ended; i++)
        turn();
    assert_true(call.ended);
    assert_int_equal(call.result, result);
}

static void answer(const char *text)
{
    assert_int_equal(send(call.fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

#define DONE "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static size_t head_bytes(void)
{
    ptrdiff_t end = -1;
    for (int i = 0; i < TURNS_MAX && end < 0; i++) {
        turn();
        end = slice_find(buffer_slice(&call.got), slice_of("\r\n\r\n"));
    }
    assert_true(end > 0);
    return (size_t)end + 4;
}

static void assert_begins(const char *line)
{
    assert_true(call.got.bytes > strlen(line));
    assert_memory_equal(call.got.data, line, strlen(line));
}

static void assert_field(const char *line, bool there)
{
    assert_int_equal(slice_find(buffer_slice(&call.got), slice_of(line)) >= 0, there);
}

static void assert_body(size_t head, const char *body)
{
    assert_int_equal(call.got.bytes - head, strlen(body));
    assert_memory_equal(call.got.data + head, body, strlen(body));
}

/* ---- at once ---- */

static void parts_are_joined(void **state)
{
    (void)state;
    const struct slice parts[] = {slice_of("one, "), slice_of(""), slice_of("two")};
    const struct upstream_request request = {.body = parts, .body_parts = 3};
    begin(&request);
    assert_true(curl_body_is_given(&call.body));
    size_t head = head_bytes();
    turn_until_came(head + 8);
    assert_begins("POST / HTTP/1.1\r\n");
    assert_field("\r\nContent-Length: 8\r\n", true);
    assert_body(head, "one, two");
    answer(DONE);
    turn_until_ended(CURLE_OK);
}

/* libcurl would read one from the standard input. */
static void no_body_is_an_empty_one(void **state)
{
    (void)state;
    const struct upstream_request request = {.method = "POST"};
    begin(&request);
    (void)head_bytes();
    assert_begins("POST / HTTP/1.1\r\n");
    assert_field("\r\nContent-Length: 0\r\n", true);
    answer(DONE);
    turn_until_ended(CURLE_OK);
}

static void the_method_decides(void **state)
{
    static const char *const methods[] = {"GET", "DELETE"};
    static const char *const lines[] = {"GET / HTTP/1.1\r\n", "DELETE / HTTP/1.1\r\n"};
    for (size_t i = 0; i < 2; i++) {
        const struct upstream_request request = {.method = methods[i]};
        begin(&request);
        size_t head = head_bytes();
        assert_int_equal(head, call.got.bytes);
        assert_begins(lines[i]);
        assert_field("Content-Length", false);
        tear_down(state);
        set_up(state);
    }
}

/* ---- as it comes ---- */

static const char front[] = "front|";

/* Begins a request whose tail this is. */
static void begin_tail(const struct upstream_tail *tail)
{
    const struct slice part = slice_of(front);
    const struct upstream_request request = {.body = &part, .body_parts = 1, .tail = tail};
    begin(&request);
}

static void go_on(struct tail_source *source, size_t there)
{
    assert_true(call.body.waits);
    source->there = there;
    curl_easy_pause(call.easy, CURLPAUSE_CONT);
}

static void a_tail_of_known_length(void **state)
{
    (void)state;
    struct tail_source source = {.all = slice_of("0123456789")};
    const struct upstream_tail tail = tail_source_of(&source, 10);
    begin_tail(&tail);
    size_t head = head_bytes();
    turn_until_came(head + 6);
    assert_field("\r\nContent-Length: 16\r\n", true);
    assert_field("Transfer-Encoding", false);
    turn_a_little();
    go_on(&source, 4);
    turn_until_came(head + 10);
    assert_false(curl_body_is_given(&call.body));
    turn_a_little();
    go_on(&source, 10);
    turn_until_came(head + 16);
    assert_body(head, "front|0123456789");
    assert_true(curl_body_is_given(&call.body));
    assert_int_equal(source.sent, 10);
    answer(DONE);
    turn_until_ended(CURLE_OK);
}

static void a_tail_of_unknown_length(void **state)
{
    (void)state;
    struct tail_source source = {.all = slice_of("0123456789"), .there = 10};
    const struct upstream_tail tail = tail_source_of(&source, -1);
    begin_tail(&tail);
    size_t head = head_bytes();
    static const char body[] = "6\r\nfront|\r\na\r\n0123456789\r\n0\r\n\r\n";
    turn_until_came(head + sizeof body - 1);
    assert_field("\r\nTransfer-Encoding: chunked\r\n", true);
    assert_field("Content-Length", false);
    assert_body(head, body);
    answer(DONE);
    turn_until_ended(CURLE_OK);
}

/* The end may be told when nothing more comes: an empty chunk. */
static void an_end_that_comes_alone(void **state)
{
    (void)state;
    struct tail_source source = {.all = slice_of("01"), .there = 1};
    const struct upstream_tail tail = tail_source_of(&source, -1);
    begin_tail(&tail);
    size_t head = head_bytes();
    static const char first[] = "6\r\nfront|\r\n1\r\n0\r\n";
    turn_until_came(head + sizeof first - 1);
    turn_a_little();
    source.all.bytes = 1;
    go_on(&source, 1);
    turn_until_came(head + sizeof first - 1 + 5);
    assert_body(head, "6\r\nfront|\r\n1\r\n0\r\n0\r\n\r\n");
    answer(DONE);
    turn_until_ended(CURLE_OK);
}

/* More than libcurl takes at once. */
static void a_long_tail(void **state)
{
    (void)state;
    static char text[300000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 23);
    struct tail_source source = {.all = {text, sizeof text}, .there = sizeof text};
    const struct upstream_tail tail = tail_source_of(&source, sizeof text);
    begin_tail(&tail);
    size_t head = head_bytes();
    turn_until_came(head + 6 + sizeof text);
    assert_memory_equal(call.got.data + head + 6, text, sizeof text);
    answer(DONE);
    turn_until_ended(CURLE_OK);
}

/* ---- what ends it ---- */

/* The answer is here while the sending waits for more: without the stop the call never ends. */
static void a_stop_ends_a_call_that_waits(void **state)
{
    (void)state;
    struct tail_source source = {.all = slice_of("0123456789"), .there = 4};
    const struct upstream_tail tail = tail_source_of(&source, 10);
    begin_tail(&tail);
    turn_until_came(head_bytes() + 10);
    turn_a_little();
    answer(DONE);
    turn_a_little();
    assert_false(call.ended);
    assert_true(curl_body_stop(&call.body)); /* it must be continued */
    curl_easy_pause(call.easy, CURLPAUSE_CONT);
    turn_until_ended(CURLE_OK);
    assert_int_equal(source.sent, 4);
    assert_false(curl_body_stop(&call.body)); /* it does not wait any more */
}

static void a_stop_of_what_has_no_tail(void **state)
{
    (void)state;
    const struct slice part = slice_of("{}");
    const struct upstream_request request = {.body = &part, .body_parts = 1};
    begin(&request);
    assert_false(curl_body_stop(&call.body));
    size_t head = head_bytes();
    turn_until_came(head + 2); /* all of it goes out */
    answer(DONE);
    turn_until_ended(CURLE_OK);
}

static void a_cancelled_call_asks_for_nothing_more(void **state)
{
    (void)state;
    struct tail_source source = {.all = slice_of("0123456789"), .there = 4};
    const struct upstream_tail tail = tail_source_of(&source, 10);
    begin_tail(&tail);
    turn_until_came(head_bytes() + 10);
    turn_a_little();
    call.cancelled = true;
    go_on(&source, 10);
    turn_until_ended(CURLE_ABORTED_BY_CALLBACK);
    assert_int_equal(source.sent, 4);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(parts_are_joined),
        EACH(no_body_is_an_empty_one),
        EACH(the_method_decides),
        EACH(a_tail_of_known_length),
        EACH(a_tail_of_unknown_length),
        EACH(an_end_that_comes_alone),
        EACH(a_long_tail),
        EACH(a_stop_ends_a_call_that_waits),
        EACH(a_stop_of_what_has_no_tail),
        EACH(a_cancelled_call_asks_for_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
