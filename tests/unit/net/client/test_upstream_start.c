/* The door to both clients: what cannot be a request is refused before anything is sent, and each
 * scheme finds its own client, as a call later finds its way back. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/asker.h"
#include "net/client/upstream_call.h"

static unsigned events;

static void on_head(const struct upstream_head *head, void *arg)
{
    (void)head;
    (void)arg;
    events++;
}

static void on_data(struct slice data, void *arg)
{
    (void)data;
    (void)arg;
    events++;
}

static void on_end(enum upstream_end end, const char *detail, void *arg)
{
    (void)end;
    (void)detail;
    (void)arg;
    events++;
}

static const struct upstream_events nobody = {on_head, on_data, on_end, NULL};

/* A POST of nothing, with one header. */
static struct upstream_call *start(const char *url, const char *header, struct fault *fault)
{
    static const struct slice body = {"{}", 2};
    const char *headers[] = {"Content-Type: application/json", header};
    const struct upstream_request request = {.url = url,
                                             .headers = headers,
                                             .header_count = 2,
                                             .body = &body,
                                             .body_parts = 1,
                                             .connect_timeout_ms = ASKER_LONG_MS};
    return upstream_start(asker_upstream, &request, &nobody, fault);
}

/* For both clients: libcurl would send it as it is. */
static void a_header_with_a_line_break_is_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://127.0.0.1:9/", "https://127.0.0.1:9/"};
    static const char *const headers[] = {"A: b\r\nC: d", "A: b\nC: d", "A: b\rC: d", "A: b\r\n",
                                          "\nA: b"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        for (size_t j = 0; j < sizeof headers / sizeof *headers; j++) {
            struct fault fault = {0};
            assert_null(start(urls[i], headers[j], &fault));
            assert_string_equal(fault.code, "invalid_value");
            assert_non_null(strstr(fault.message, "header"));
        }
    }
    assert_int_equal(events, 0);
}

static void what_is_no_url_is_refused(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_null(start("http://", "A: b", &fault));
    assert_string_equal(fault.code, "invalid_value");
    assert_null(start("http://user:word@127.0.0.1:9/", "A: b", &fault));
    assert_int_equal(events, 0);
}

/* By the scheme, however it is written: RFC 3986, 3.1. */
static void a_scheme_has_its_client(void **state)
{
    (void)state;
    struct fault fault;
    struct upstream_call *http = start("http://127.0.0.1:9/", "A: b", &fault);
    struct upstream_call *upper = start("HTTP://127.0.0.1:9/", "A: b", &fault);
    struct upstream_call *https = start("https://127.0.0.1:9/", "A: b", &fault);
    struct upstream_call *upper_https = start("HTTPS://127.0.0.1:9/", "A: b", &fault);
    assert_non_null(http);
    assert_non_null(upper);
    assert_non_null(https);
    assert_non_null(upper_https);
    assert_ptr_equal(upper->ops, http->ops);
    assert_ptr_equal(upper_https->ops, https->ops);
    assert_ptr_not_equal(https->ops, http->ops);
    assert_false(upstream_is_sent(http));
    assert_false(upstream_is_sent(https));
    upstream_cancel(http);
    upstream_cancel(upper);
    upstream_cancel(https);
    upstream_cancel(upper_https);
    asker_turn_a_little();
    assert_int_equal(events, 0); /* none comes after a cancel */
}

/* upstream_free cancels what runs: asker_tear_down does so. */
static void what_runs_goes_with_the_pool(void **state)
{
    (void)state;
    struct fault fault;
    assert_non_null(start("http://127.0.0.1:9/", "A: b", &fault));
    assert_non_null(start("https://127.0.0.1:9/", "A: b", &fault));
    assert_int_equal(events, 0);
}

static void start_with_too_many_parts(void)
{
    static const struct slice parts[UPSTREAM_PARTS_MAX + 1];
    const struct upstream_request request = {.url = "http://127.0.0.1:9/",
                                             .body = parts,
                                             .body_parts = UPSTREAM_PARTS_MAX + 1,
                                             .connect_timeout_ms = ASKER_LONG_MS};
    struct fault fault;
    (void)upstream_start(asker_upstream, &request, &nobody, &fault);
}

static void too_many_parts_stop_the_program(void **state)
{
    (void)state;
    assert_true(aborts(start_with_too_many_parts));
}

/* ---- libcurl's client, as far as it can be had without TLS ---- */

/* A provider that accepts and then speaks no TLS, or nothing. */
static struct outcome ask_https(const struct script *script)
{
    struct outcome outcome;
    char url[64];
    asker_start(script);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1/x", asker_server.port);
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
    asker_run();
    return outcome;
}

/* Nothing of the request goes out in the clear. */
static void who_speaks_no_tls_is_unreachable(void **state)
{
    (void)state;
    static const struct script script = {{{SAY(HELLO), CLOSE}}};
    struct outcome outcome = ask_https(&script);
    assert_int_equal(outcome.heads, 0);
    assert_failed(&outcome, UPSTREAM_UNREACHABLE, "");
    asker_join(1);
    assert_int_equal(asker_server.requests, 0);
}

static void who_closes_at_once_is_unreachable(void **state)
{
    (void)state;
    static const struct script script = {{{CLOSE}}};
    struct outcome outcome = ask_https(&script);
    assert_int_equal(outcome.heads, 0);
    assert_failed(&outcome, UPSTREAM_UNREACHABLE, "");
    asker_join(1);
}

static void who_is_silent_is_closed_by_a_cancel(void **state)
{
    (void)state;
    static const struct script script = {{{SEE_CLOSE}}};
    struct outcome outcome;
    char url[64];
    asker_start(&script);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1/x", asker_server.port);
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
    asker_turn_until(&asker_server.connections, 1);
    assert_false(upstream_is_sent(outcome.call));
    asker_cancel(&outcome);
    asker_turn_until(&asker_server.closes, 1);
    asker_join(1);
    assert_false(outcome.ended);
    assert_int_equal(outcome.heads, 0);
    buffer_fini(&outcome.body);
}

/* Of the whole handshake, not of TCP's part of it. */
static void who_is_silent_is_not_waited_for(void **state)
{
    (void)state;
    static const struct script script = {{{SEE_CLOSE}}};
    struct outcome outcome;
    char url[64];
    asker_start(&script);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1/x", asker_server.port);
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"), 50);
    asker_run();
    assert_failed(&outcome, UPSTREAM_TIMED_OUT, "");
    asker_join(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ASKER(a_header_with_a_line_break_is_refused),
        WITH_ASKER(what_is_no_url_is_refused),
        WITH_ASKER(a_scheme_has_its_client),
        WITH_ASKER(what_runs_goes_with_the_pool),
        WITH_ASKER(too_many_parts_stop_the_program),
        WITH_ASKER(who_speaks_no_tls_is_unreachable),
        WITH_ASKER(who_closes_at_once_is_unreachable),
        WITH_ASKER(who_is_silent_is_closed_by_a_cancel),
        WITH_ASKER(who_is_silent_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
