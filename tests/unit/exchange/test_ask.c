/* What may be asked of a provider, how it is asked, and what becomes of an answer that fails. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "exchange/ask.h"
#include "exchange/exchange_internal.h"
#include "exchange/provider.h"
#include "net/scripted_server.h"

static struct exchange_env env;
static struct exchange exchange;
static struct scripted_server server;
static char base_url[PROVIDER_URL_BYTES];
static struct candidate *candidate;

static void wake(void *task)
{
    (void)task;
    provider_stop();
}

static int set_up(void **state)
{
    assert_int_equal(provider_set_up(state), 0);
    memset(&exchange, 0, sizeof exchange);
    env = (struct exchange_env){.loop = provider_loop, .upstream = provider_upstream};
    exchange.env = &env;
    exchange.state = EXCHANGE_AUTHENTICATED;
    exchange.asks.dialect = DIALECT_RESPONSES;
    exchange.task = (struct exchange_task){.task = &exchange, .wake = wake};
    exchange.wakeup = (struct deferred){.call = wake, .arg = &exchange};
    buffer_init(&exchange.body, 100);
    return 0;
}

static int tear_down(void **state)
{
    exchange_ask_fini(&exchange);
    loop_cancel(provider_loop, &exchange.wakeup);
    buffer_fini(&exchange.body);
    candidate_unref(candidate);
    candidate = NULL;
    return provider_tear_down(state);
}

static void begin(const char *url, const char *method, const char *path, enum ask_body body)
{
    const struct ask_question question = {
        .method = method,
        .path = path,
        .body = body,
        .dialect = body == ASK_BODY_TRANSLATED ? DIALECT_RESPONSES : exchange.asks.dialect,
        .wait_ms = 1000};
    struct candidate_terms terms = provider_terms();
    terms.dialects = 1 << DIALECT_RESPONSES;
    terms.base_url = url;
    terms.api_key = "sk-theirs";
    candidate = candidate_new(&terms);
    exchange_ask(&exchange, candidate, &question);
}

/* Asks a server that answers so, and waits. */
static void ask(const char *method, const char *path, enum ask_body body, const char *answer)
{
    const struct script script = {{{{STEP_READ, NULL, {0}}, {STEP_SEND, answer, {0}}}}};
    scripted_server_start(&server, &script);
    snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d/v1", server.port);
    begin(base_url, method, path, body);
    provider_run();
    scripted_server_join(&server);
}

static void assert_asked(const char *line, const char *end)
{
    const char *request = server.request;
    assert_int_equal(strncmp(request, line, strlen(line)), 0);
    assert_non_null(strstr(request, "\r\nAuthorization: Bearer sk-theirs\r\n"));
    assert_true(server.request_bytes >= strlen(end));
    assert_string_equal(request + server.request_bytes - strlen(end), end);
    free(server.request);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void a_get_has_no_body(void **state)
{
    (void)state;
    ask("GET", "/responses/resp_1/input_items?limit=3", ASK_WITHOUT_BODY,
        OK_HEAD "Content-Length: 15\r\n\r\n{\"n\":12,\"m\":-1}");
    int64_t number = 0;
    assert_int_equal(exchange_asked_status(&exchange), 200);
    assert_true(exchange_asked_number(&exchange, "n", &number));
    assert_int_equal(number, 12);
    assert_false(exchange_asked_number(&exchange, "m", &number));
    assert_false(exchange_asked_number(&exchange, "o", &number));
    assert_false(exchange_is_asking(&exchange));
    assert_null(strstr(server.request, "Content-Length"));
    assert_asked("GET /v1/responses/resp_1/input_items?limit=3 HTTP/1.1\r\n", "\r\n\r\n");
}

static void a_delete_has_no_body(void **state)
{
    (void)state;
    ask("DELETE", "/responses/resp_1", ASK_WITHOUT_BODY,
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
    assert_int_equal(exchange_asked_status(&exchange), 404);
    assert_null(strstr(server.request, "Content-Length"));
    assert_asked("DELETE /v1/responses/resp_1 HTTP/1.1\r\n", "\r\n\r\n");
}

static void a_post_has_what_was_sent(void **state)
{
    (void)state;
    buffer_append_text(&exchange.body, "{\"a\":1}");
    ask("POST", "/responses/x", ASK_BODY_AS_SENT, OK_HEAD "Content-Length: 2\r\n\r\n{}");
    assert_asked("POST /v1/responses/x HTTP/1.1\r\n", "\r\n\r\n{\"a\":1}");
}

static void a_post_of_nothing_says_so(void **state)
{
    (void)state;
    ask("POST", "/responses/x/cancel", ASK_WITHOUT_BODY, OK_HEAD "Content-Length: 2\r\n\r\n{}");
    assert_non_null(strstr(server.request, "\r\nContent-Length: 0\r\n"));
    assert_asked("POST /v1/responses/x/cancel HTTP/1.1\r\n", "\r\n\r\n");
}

static void an_answer_that_breaks_off_is_none(void **state)
{
    (void)state;
    int64_t number;
    ask("GET", "/responses/x", ASK_WITHOUT_BODY, OK_HEAD "Content-Length: 99\r\n\r\n{\"n\":1}");
    assert_int_equal(exchange_asked_status(&exchange), 0);
    assert_string_equal(exchange_asked_failure(&exchange), "reset");
    (void)exchange_asked_number(&exchange, "n", &number);
    free(server.request);
}

static void who_is_silent_is_not_waited_for(void **state)
{
    (void)state;
    int fd = provider_listen_silently(base_url);
    begin(base_url, "GET", "/responses/x", ASK_WITHOUT_BODY);
    assert_true(exchange_is_asking(&exchange));
    exchange_ask_tick(&exchange, clock_mono_us() + 500 * 1000);
    assert_true(exchange_is_asking(&exchange));
    exchange_ask_tick(&exchange, clock_mono_us() + 2000 * 1000);
    assert_false(exchange_is_asking(&exchange));
    assert_int_equal(exchange_asked_status(&exchange), 0);
    assert_string_equal(exchange_asked_failure(&exchange), "timeout");
    close(fd);
}

static void a_cancel_is_silent(void **state)
{
    (void)state;
    int fd = provider_listen_silently(base_url);
    begin(base_url, "GET", "/responses/x", ASK_WITHOUT_BODY);
    exchange_ask_cancel(&exchange);
    assert_false(exchange_is_asking(&exchange));
    exchange_ask_tick(&exchange, INT64_MAX);
    close(fd);
}

static void who_does_not_speak_so_is_not_asked(void **state)
{
    (void)state;
    exchange.asks.dialect = DIALECT_GEMINI;
    begin("http://127.0.0.1:9", "GET", "/models", ASK_WITHOUT_BODY);
    assert_false(exchange_is_asking(&exchange));
    assert_int_equal(exchange_asked_status(&exchange), 0);
    assert_string_equal(exchange_asked_failure(&exchange), "dialect");
}

static bool translate_request(void *arg, struct slice body, const struct translator_wish *wish,
                              struct buffer *out, struct request_fault *fault)
{
    (void)arg;
    (void)body;
    *fault = (struct request_fault){.code = "invalid_value"};
    assert_true(wish->counts);
    return buffer_append_text(out, "{\"model\":\"m\"}");
}

static bool refuse_request(void *arg, struct slice body, const struct translator_wish *wish,
                           struct buffer *out, struct request_fault *fault)
{
    (void)translate_request(arg, body, wish, out, fault);
    return false;
}

static void free_translator(void *arg)
{
    (*(unsigned *)arg)++;
}

static struct translator translator;
static unsigned freed;

static bool translate(void *task, enum dialect client, enum dialect provider,
                      struct translator *out, struct fault *fault)
{
    (void)task;
    (void)fault;
    assert_int_equal(client, DIALECT_GEMINI);
    assert_int_equal(provider, DIALECT_RESPONSES);
    *out = translator;
    return true;
}

/* The next question is of a client of Gemini, and goes to a provider of Responses. */
static void begin_translated(bool (*request)(void *, struct slice, const struct translator_wish *,
                                             struct buffer *, struct request_fault *))
{
    exchange.asks.dialect = DIALECT_GEMINI;
    exchange.task.translate = translate;
    freed = 0;
    translator = (struct translator){.arg = &freed, .request = request, .free = free_translator};
}

static void a_count_may_be_translated(void **state)
{
    (void)state;
    begin_translated(translate_request);
    ask("POST", "/responses/input_tokens", ASK_BODY_TRANSLATED,
        OK_HEAD "Content-Length: 8\r\n\r\n{\"n\":12}");
    assert_int_equal(freed, 1);
    assert_int_equal(exchange_asked_status(&exchange), 200);
    assert_asked("POST /v1/responses/input_tokens HTTP/1.1\r\n", "\r\n\r\n{\"model\":\"m\"}");
}

static void what_cannot_be_translated_is_not_asked(void **state)
{
    (void)state;
    begin_translated(refuse_request);
    begin("http://127.0.0.1:9", "POST", "/responses/input_tokens", ASK_BODY_TRANSLATED);
    assert_true(exchange_is_asking(&exchange));
    provider_run();
    assert_int_equal(freed, 1);
    assert_false(exchange_is_asking(&exchange));
    assert_int_equal(exchange_asked_status(&exchange), 0);
}

static void a_cancel_comes_before_the_translation(void **state)
{
    (void)state;
    begin_translated(translate_request);
    begin("http://127.0.0.1:9", "POST", "/responses/input_tokens", ASK_BODY_TRANSLATED);
    exchange_ask_cancel(&exchange);
    assert_false(exchange_is_asking(&exchange));
    loop_defer(provider_loop, &exchange.wakeup);
    provider_run();
    assert_int_equal(freed, 0);
}

/* A path stays below the provider's address, whatever of it a client wrote. */
static void paths_stay_where_they_are(void **state)
{
    (void)state;
    static const char *const good[] = {"/responses", "/responses/resp_1",
                                       "/responses/resp_1/input_items?limit=3&after=a%20b",
                                       "/models/{model}:countTokens", "/conversations/conv-1.2~3"};
    static const char *const bad[] = {"",       "x",         "//x",        "/x//y",     "/x/",
                                      "/",      "/.",        "/..",        "/x/../y",   "/x/./y",
                                      "/x y",   "/x%2e%2e",  "/x\\y",      "/x#y",      "/x?a#b",
                                      "/x?a b", "/x?a\r\nb", "/x/{other}", "/x{model}", "/?a"};
    char longest[LIMIT_ASK_PATH_BYTES + 2];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ask_allows(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ask_allows(bad[i]));
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    assert_false(ask_allows(longest));
    longest[sizeof longest - 2] = '\0';
    assert_true(ask_allows(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_get_has_no_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_delete_has_no_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_post_has_what_was_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_post_of_nothing_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_that_breaks_off_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_silent_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancel_is_silent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_does_not_speak_so_is_not_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_count_may_be_translated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_translated_is_not_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancel_comes_before_the_translation, set_up, tear_down),
        cmocka_unit_test(paths_stay_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
