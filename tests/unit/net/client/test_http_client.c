/* Calls over plain HTTP/1.1 against a server that plays a script: connections are kept when that is
 * safe and only then, what is cut is noticed, what is paused stays where it is, and no event comes
 * when none may. */
#include "base/support.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/asker.h"

/* ---- a request and its answer ---- */

static void asks_and_is_answered(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), WAIT}}};
    static const char sent[] =
        "POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n"
        "Accept-Encoding: identity\r\nContent-Length: 2\r\n"
        "Content-Type: application/json\r\nAuthorization: Bearer k\r\n\r\n{}";
    char expected[512];
    asker_start(&script);
    struct outcome outcome = asker_ask(TAKE, slice_of("{}"));
    assert_string_equal(outcome.content_type, "text/event-stream");
    assert_whole(&outcome, 200, "hello");
    scripted_server_go(&asker_server);
    scripted_server_join(&asker_server);
    snprintf(expected, sizeof expected, sent, asker_server.port);
    assert_string_equal(asker_server.request, expected);
    free(asker_server.request);
}

/* Each of these, three times over one connection. */
static void keeps_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int status;
        const char *body;
    } kept[] = {
        {HELLO, 200, "hello"},
        {CHUNKED "5\r\nhello\r\n0\r\nX: y\r\n\r\n", 200, "hello"},
        {"HTTP/1.1 103 Early Hints\r\n\r\n" HELLO, 200, "hello"},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
        {"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500, ""},
    };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const struct step say = {STEP_SEND, kept[i].answer, {0}};
        const struct step slowly = {STEP_SEND_BYTEWISE, kept[i].answer, {0}};
        const struct script script = {{{READ, say, READ, slowly, READ, say, WAIT}}};
        asker_start(&script);
        for (int n = 0; n < 3; n++)
            asker_ask_whole(kept[i].status, kept[i].body);
        scripted_server_go(&asker_server);
        asker_join(1);
    }
}

/* After each of these the client closes, or the connection is no more: the next call has its
 * own. */
static void keeps_no_doubtful_connection(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int status;
        const char *body;
        bool server_closes;
    } last[] = {
        {HEAD "Content-Length: 5\r\nConnection: close\r\n\r\nhello", 200, "hello", false},
        {HEAD "Content-Length: 5\r\n\r\nhello!", 200, "hello", false},
        {HELLO HELLO, 200, "hello", false},
        {CHUNKED "5\r\nhello\r\n0\r\n\r\n\r\n", 200, "hello", false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", 200,
         "hello", false},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", false},
        {HEAD "\r\nhello", 200, "hello", true},
        {"HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello", true},
    };
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        const struct step say = {STEP_SEND, last[i].answer, {0}};
        const struct step then =
            last[i].server_closes ? (struct step)CLOSE : (struct step)SEE_CLOSE;
        const struct script script = {{{READ, say, then}, {READ, SAY(HELLO), WAIT}}};
        asker_start(&script);
        asker_ask_whole(last[i].status, last[i].body);
        asker_ask_whole(200, "hello");
        scripted_server_go(&asker_server);
        asker_join(2);
    }
}

static void closes_an_idle_connection_that_speaks(void **state)
{
    (void)state;
    static const struct script script = {
        {{READ, SAY(HELLO), WAIT, SAY("HTTP/1.1 408 Request Timeout\r\n\r\n"), SEE_CLOSE},
         {READ, SAY(HELLO), WAIT}}};
    asker_start(&script);
    asker_ask_whole(200, "hello");
    scripted_server_go(&asker_server);
    asker_turn_until(&asker_server.closes, 1);
    asker_ask_whole(200, "hello");
    scripted_server_go(&asker_server);
    asker_join(2);
}

/* What it says stands in the socket already when the next call begins, and the loop has not looked:
 * it is nobody's answer. */
static void takes_no_connection_that_has_spoken(void **state)
{
    (void)state;
    static const struct script script = {
        {{READ, SAY(HELLO), WAIT, SAY(HEAD "Content-Length: 5\r\n\r\nstale"), CLOSE},
         {READ, SAY(HELLO), WAIT}}};
    asker_start(&script);
    asker_ask_whole(200, "hello");
    scripted_server_go(&asker_server);
    while (asker_server.over < 1)
        sched_yield();
    asker_ask_whole(200, "hello");
    scripted_server_go(&asker_server);
    asker_join(2);
}

static void closes_an_old_idle_connection(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), SEE_CLOSE}}};
    asker_start(&script);
    asker_ask_whole(200, "hello");
    clock_advance_ms(61000);
    asker_turn_until(&asker_server.closes, 1);
    asker_join(1);
}

/* ---- repeating ---- */

/* It was closed by the provider in the moment of the second request. */
static void repeats_over_a_new_connection(void **state)
{
    (void)state;
    static const struct script closed = {
        {{READ, SAY(HELLO), READ, CLOSE}, {READ, SAY(HELLO), WAIT}}};
    static const struct script reset = {
        {{READ, SAY(HELLO), READ, {STEP_RESET, NULL, {0}}}, {READ, SAY(HELLO), WAIT}}};
    const struct script *both[] = {&closed, &reset};
    for (size_t i = 0; i < 2; i++) {
        asker_start(both[i]);
        asker_ask_whole(200, "hello");
        asker_ask_whole(200, "hello");
        scripted_server_go(&asker_server);
        scripted_server_join(&asker_server);
        assert_int_equal(asker_server.connections, 2);
        assert_int_equal(asker_server.requests, 3);
        assert_non_null(strstr(asker_server.request, "\r\n\r\n{}"));
        free(asker_server.request);
    }
}

static void repeats_once_only(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), READ, CLOSE}, {READ, CLOSE}}};
    asker_start(&script);
    asker_ask_whole(200, "hello");
    struct outcome outcome = asker_ask(TAKE, slice_of("{}"));
    assert_failed(&outcome, UPSTREAM_BROKEN, "");
    asker_join(2);
}

/* Whether it was seen is not sure: the caller decides. */
static void what_is_sent_once_is_stale(void **state)
{
    (void)state;
    static const struct script script = {
        {{READ, SAY(HELLO), READ, CLOSE}, {READ, SAY(HELLO), WAIT}}};
    asker_start(&script);
    asker_once = true;
    asker_ask_whole(200, "hello");
    struct outcome outcome = asker_ask(TAKE, slice_of("{}"));
    assert_failed(&outcome, UPSTREAM_STALE, "");
    asker_ask_whole(200, "hello");
    scripted_server_go(&asker_server);
    asker_join(2);
    assert_int_equal(asker_server.requests, 3);
}

/* The server ends the kept connection before it looks at the next one: had the call taken it, it
 * would be stale. */
static void what_is_fresh_takes_no_kept_connection(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), WAIT, CLOSE}, {READ, SAY(HELLO)}}};
    struct outcome outcome;
    asker_start(&script);
    asker_ask_whole(200, "hello");
    asker_once = asker_fresh = true;
    asker_begin(&outcome, TAKE, slice_of("{}"));
    scripted_server_go(&asker_server);
    asker_run();
    assert_whole(&outcome, 200, "hello");
    asker_join(2);
}

static void repeats_nothing_that_was_worked_on(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), READ, WAIT, CLOSE}}};
    struct outcome outcome;
    asker_start(&script);
    asker_ask_whole(200, "hello");
    asker_begin(&outcome, TAKE, slice_of("{}"));
    asker_turn_until(&asker_server.requests, 2);
    clock_advance_ms(6000);
    scripted_server_go(&asker_server);
    asker_run();
    assert_failed(&outcome, UPSTREAM_BROKEN, "");
    asker_join(1);
}

static void repeats_nothing_of_which_a_byte_was_answered(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), READ, SAY("H"), CLOSE}}};
    asker_start(&script);
    asker_ask_whole(200, "hello");
    struct outcome outcome = asker_ask(TAKE, slice_of("{}"));
    assert_failed(&outcome, UPSTREAM_BROKEN, "");
    asker_join(1);
}

/* ---- what is no answer ---- */

static void tells_what_is_broken(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        const char *body;
        bool reset;
    } broken[] = {
        {"", "", false},
        {"", "", true},
        {"HTTP/1.1 200 OK\r\nContent-Le", "", false},
        {HEAD "Content-Length: 6\r\n\r\nhello", "hello", false},
        {HEAD "Content-Length: 6\r\n\r\nhello", "hello", true},
        {CHUNKED "5\r\nhello\r\n", "hello", false},
        {CHUNKED "5\r\nhello\r\n0\r\n", "hello", false},
        {CHUNKED "5\r\nhello\r\nzz\r\n", "hello", false},
        {HEAD "\r\nhello", "hello", true},
        {"SSH-2.0\r\n", "", false},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "", false},
        {HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "", false},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const struct step say = {STEP_SEND, broken[i].answer, {0}};
        const struct step reset = {STEP_RESET, NULL, {0}};
        /* The wait lets it be read before a reset would throw it away. */
        const struct script script = {
            {{READ, say, WAIT, broken[i].reset ? reset : (struct step)CLOSE}}};
        struct outcome outcome;
        asker_start(&script);
        asker_begin(&outcome, TAKE, slice_of("{}"));
        while (!outcome.ended && outcome.body.bytes < strlen(broken[i].body))
            asker_turn_until(&asker_server.requests, 1);
        scripted_server_go(&asker_server);
        if (!outcome.ended)
            asker_run();
        assert_failed(&outcome, UPSTREAM_BROKEN, broken[i].body);
        asker_join(1);
    }
}

static struct slice large_body(size_t bytes)
{
    char *data = malloc(bytes);
    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (char)('a' + (i * 7 + i / 251) % 26);
    return (struct slice){data, bytes};
}

/* The answer comes while the request is still on its way, and stands; with a close behind it that
 * breaks off the sending, too. */
static void takes_an_early_answer(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge";
    /* It reads no more before the answer is there: else the request might be all sent by then. */
    static const struct script waits = {
        {{{STEP_READ_HEAD, NULL, {0}}, SAY(answer), WAIT, SEE_CLOSE}}};
    static const struct script closes = {{{{STEP_READ_HEAD, NULL, {0}}, SAY(answer), CLOSE}}};
    const struct script *both[] = {&waits, &closes};
    struct slice body = large_body(32 << 20);
    for (size_t i = 0; i < 2; i++) {
        asker_start(both[i]);
        struct outcome outcome = asker_ask(TAKE, body);
        assert_whole(&outcome, 413, "large");
        if (both[i] == &waits)
            scripted_server_go(&asker_server);
        asker_join(1);
    }
    free((void *)(uintptr_t)body.data);
}

static void sends_a_large_body(void **state)
{
    (void)state;
    static const struct script script = {{{WAIT, READ, SAY(HELLO), READ, SAY(HELLO), WAIT}}};
    struct slice body = large_body(32 << 20);
    struct outcome outcome;
    asker_start(&script);
    asker_begin(&outcome, TAKE, body);
    asker_turn_until(&asker_server.connections, 1); /* by now it has filled what the kernel takes */
    scripted_server_go(&asker_server);
    asker_run();
    assert_whole(&outcome, 200, "hello");
    asker_ask_whole(200, "hello");
    scripted_server_go(&asker_server);
    asker_join(1);
    static const struct script alone = {{{READ, SAY(HELLO), WAIT}}};
    asker_start(&alone);
    outcome = asker_ask(TAKE, body);
    assert_whole(&outcome, 200, "hello");
    scripted_server_go(&asker_server);
    scripted_server_join(&asker_server);
    assert_true(asker_server.request_bytes > body.bytes);
    assert_memory_equal(asker_server.request + asker_server.request_bytes - body.bytes, body.data,
                        body.bytes);
    free(asker_server.request);
    free((void *)(uintptr_t)body.data);
}

/* ---- pausing and cancelling ---- */

static struct slice chunked_answer(struct slice body, size_t chunk_bytes)
{
    struct buffer text;
    buffer_init(&text, ASKER_BODY_MAX);
    buffer_append_text(&text, CHUNKED);
    for (size_t at = 0; at < body.bytes; at += chunk_bytes) {
        size_t bytes = body.bytes - at < chunk_bytes ? body.bytes - at : chunk_bytes;
        buffer_printf(&text, "%zx\r\n", bytes);
        buffer_append(&text, body.data + at, bytes);
        buffer_append_text(&text, "\r\n");
    }
    buffer_append_text(&text, "0\r\n\r\n");
    assert_false(text.failed);
    return buffer_slice(&text);
}

static void pauses(void **state)
{
    (void)state;
    static const enum plan plans[] = {PAUSE_AT_DATA, PAUSE_AND_RESUME_AT_DATA};
    struct slice body = large_body(1 << 20);
    struct slice answer = chunked_answer(body, 1000);
    for (size_t i = 0; i < 2; i++) {
        const struct script script = {{{READ, {STEP_SEND, NULL, answer}, READ, SAY(HELLO), WAIT}}};
        asker_start(&script);
        struct outcome outcome = asker_ask(plans[i], slice_of("{}"));
        assert_true(outcome.ended && outcome.end == UPSTREAM_COMPLETE);
        assert_true(outcome.pieces >= body.bytes / (64 * 1024)); /* what it reads at once */
        assert_int_equal(outcome.body.bytes, body.bytes);
        assert_memory_equal(outcome.body.data, body.data, body.bytes);
        buffer_fini(&outcome.body);
        outcome = asker_ask(plans[i], slice_of("{}")); /* ends with the piece that it pauses at */
        assert_whole(&outcome, 200, "hello");
        scripted_server_go(&asker_server);
        asker_join(1);
    }
    free((void *)(uintptr_t)answer.data);
    free((void *)(uintptr_t)body.data);
}

/* It hears of nothing, not even of the end. */
static void hears_nothing_while_it_pauses(void **state)
{
    (void)state;
    static const struct script script = {
        {{READ, SAY(CHUNKED "5\r\nhello\r\n"), WAIT, {STEP_RESET, NULL, {0}}}}};
    struct outcome outcome;
    asker_start(&script);
    asker_begin(&outcome, TAKE, slice_of("{}"));
    while (outcome.body.bytes == 0)
        asker_turn_until(&asker_server.requests, 1);
    upstream_pause(outcome.call);
    outcome.paused = true;
    scripted_server_go(&asker_server);
    for (int turns = 0; turns < 3; turns++)
        asker_turn_until(&asker_server.over, 1);
    outcome.paused = false;
    upstream_resume(outcome.call);
    asker_run();
    assert_failed(&outcome, UPSTREAM_BROKEN, "hello");
    asker_join(1);
}

static void cancels_at_once(void **state)
{
    (void)state;
    static const enum plan plans[] = {CANCEL_AT_HEAD, CANCEL_AT_DATA};
    static const struct script script = {
        {{READ, SAY(CHUNKED "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n"), SEE_CLOSE}}};
    for (size_t i = 0; i < 2; i++) {
        asker_start(&script);
        struct outcome outcome = asker_ask(plans[i], slice_of("{}"));
        assert_false(outcome.ended);
        assert_int_equal(outcome.body.bytes, plans[i] == CANCEL_AT_DATA ? 10 : 0);
        buffer_fini(&outcome.body);
        asker_join(1); /* the server has seen it, though the loop has not turned any more */
    }
}

/* Before it is connected, while the answer is awaited, after a pause, after it has failed. */
static void cancels_anywhere(void **state)
{
    (void)state;
    static const struct script script = {
        {{SEE_CLOSE}, {READ, SEE_CLOSE}, {READ, SAY(CHUNKED "5\r\nhello\r\n"), SEE_CLOSE}}};
    struct outcome outcome;
    asker_start(&script);
    asker_begin(&outcome, TAKE, slice_of("{}"));
    asker_cancel(&outcome);
    asker_turn_until(&asker_server.over, 1);
    asker_begin(&outcome, TAKE, slice_of("{}"));
    asker_turn_until(&asker_server.requests, 1);
    asker_cancel(&outcome);
    asker_turn_until(&asker_server.over, 2);
    asker_begin(&outcome, PAUSE_AT_DATA, slice_of("{}"));
    while (outcome.body.bytes == 0)
        asker_turn_until(&asker_server.requests, 2);
    upstream_pause(outcome.call);
    upstream_resume(outcome.call);
    asker_cancel(&outcome);
    asker_turn_until(&asker_server.over, 3);
    buffer_fini(&outcome.body);
    asker_join(3);
    /* Nobody listens there any more. */
    asker_begin(&outcome, TAKE, slice_of("{}"));
    asker_cancel(&outcome);
    assert_false(outcome.ended);
}

/* ---- the rest ---- */

static void refuses_what_cannot_be_sent(void **state)
{
    (void)state;
    static const char *const good[] = {"A: b"};
    static const char *const bad[] = {"A: b\r\nC: d"};
    static const char *const urls[] = {"http://127.0.0.1/", "https://127.0.0.1/"};
    const struct upstream_events events = {0}; /* none comes */
    struct upstream_request request = {.headers = bad, .header_count = 1, .connect_timeout_ms = 1};
    struct fault fault;
    for (size_t i = 0; i < 2; i++) {
        request.url = urls[i];
        assert_null(upstream_start(asker_upstream, &request, &events, &fault));
        assert_string_equal(fault.code, "invalid_value");
    }
    request.headers = good;
    request.url = "http://user@127.0.0.1/";
    assert_null(upstream_start(asker_upstream, &request, &events, &fault));
    assert_string_equal(fault.code, "invalid_value");
}

/* ---- anything ---- */

/* Many calls at once over answers of any kind, pausing and leaving as it comes. */
static void survives_anything(void **state)
{
    (void)state;
    enum { ROUNDS = 300 };
    struct dice dice = dice_make();
    for (int round = 0; round < ROUNDS; round++) {
        size_t bytes = 1 + dice_below(&dice, 200000);
        struct slice body = large_body(bytes);
        struct slice answer = chunked_answer(body, 1 + dice_below(&dice, 5000));
        size_t cut = dice_below(&dice, answer.bytes + 1);
        bool whole = dice_below(&dice, 4) > 0;
        const struct step rest = {STEP_SEND, NULL, {answer.data + cut, answer.bytes - cut}};
        const struct script script = {{{READ,
                                        {STEP_SEND, NULL, {answer.data, cut}},
                                        whole ? rest : (struct step)CLOSE,
                                        CLOSE}}};
        static const enum plan plans[] = {TAKE, PAUSE_AT_DATA, PAUSE_AND_RESUME_AT_DATA,
                                          CANCEL_AT_HEAD, CANCEL_AT_DATA};
        enum plan plan = plans[dice_below(&dice, 5)];
        asker_start(&script);
        struct outcome outcome = asker_ask(plan, body);
        bool cancelled = plan == CANCEL_AT_HEAD || plan == CANCEL_AT_DATA;
        assert_true(outcome.ended || (cancelled && outcome.call == NULL));
        if (!cancelled && whole)
            assert_int_equal(outcome.end, UPSTREAM_COMPLETE);
        if (outcome.end == UPSTREAM_COMPLETE && outcome.ended)
            assert_int_equal(outcome.body.bytes, body.bytes);
        assert_true(outcome.body.bytes <= body.bytes);
        if (outcome.body.bytes > 0)
            assert_memory_equal(outcome.body.data, body.data, outcome.body.bytes);
        buffer_fini(&outcome.body);
        asker_join(1);
        free((void *)(uintptr_t)answer.data);
        free((void *)(uintptr_t)body.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ASKER(asks_and_is_answered),
        WITH_ASKER(keeps_the_connection),
        WITH_ASKER(keeps_no_doubtful_connection),
        WITH_ASKER(closes_an_idle_connection_that_speaks),
        WITH_ASKER(takes_no_connection_that_has_spoken),
        WITH_ASKER(closes_an_old_idle_connection),
        WITH_ASKER(repeats_over_a_new_connection),
        WITH_ASKER(repeats_once_only),
        WITH_ASKER(what_is_sent_once_is_stale),
        WITH_ASKER(what_is_fresh_takes_no_kept_connection),
        WITH_ASKER(repeats_nothing_that_was_worked_on),
        WITH_ASKER(repeats_nothing_of_which_a_byte_was_answered),
        WITH_ASKER(tells_what_is_broken),
        WITH_ASKER(takes_an_early_answer),
        WITH_ASKER(sends_a_large_body),
        WITH_ASKER(pauses),
        WITH_ASKER(hears_nothing_while_it_pauses),
        WITH_ASKER(cancels_at_once),
        WITH_ASKER(cancels_anywhere),
        WITH_ASKER(refuses_what_cannot_be_sent),
        WITH_ASKER(survives_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
