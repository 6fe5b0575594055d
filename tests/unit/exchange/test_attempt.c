/* An attempt decides once what a provider's answer is, and tells its owner: against a server that
 * plays a script. */
#include "base/support.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange/attempt.h"
#include "exchange/attempt_refusal.h"
#include "exchange/provider.h"
#include "net/scripted_server.h"

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define PLAIN "{\"model\":\"sold\"," MESSAGES "}"
#define STREAMED "{\"model\":\"sold\"," MESSAGES ",\"stream\":true}"

/* What an owner was told. */
struct owner {
    bool gone;        /* waits for no call */
    bool says_at_end; /* finds an answer when the stream has ended */
    unsigned decided;
    unsigned choices;
    unsigned ends;
    unsigned large; /* how often a large body was told */
    enum upstream_end end;
    struct buffer stream;
};

static struct attempt attempt;
static struct owner owner;
static struct model_request asks;
static struct candidate_terms terms;
static char base_url[PROVIDER_URL_BYTES];

static void on_decided(void *arg)
{
    assert_ptr_equal(arg, &owner);
    owner.decided++;
    if (attempt.outcome != ATTEMPT_ANSWERED)
        provider_stop();
}

/* As a relay does, which reads the events: here what has an "a" says something. */
static void on_stream(struct slice data, void *arg)
{
    struct slice word = slice_of("\"a\"");
    assert_ptr_equal(arg, &owner);
    buffer_append_slice(&owner.stream, data);
    if (slice_find(buffer_slice(&owner.stream), word) >= 0)
        attempt_decide(&attempt, ATTEMPT_ANSWERED, "");
}

static bool on_choices(const struct json_value *choices, void *arg)
{
    (void)choices;
    assert_ptr_equal(arg, &owner);
    owner.choices++;
    return false;
}

static void on_answer_end(enum upstream_end end, const char *detail, void *arg)
{
    (void)detail;
    assert_ptr_equal(arg, &owner);
    owner.ends++;
    owner.end = end;
    if (owner.says_at_end)
        attempt_decide(&attempt, ATTEMPT_ANSWERED, "");
    provider_stop();
}

static bool on_call_end(void *arg)
{
    assert_ptr_equal(arg, &owner);
    provider_stop();
    return !owner.gone;
}

static void on_large_body(void *arg)
{
    assert_ptr_equal(arg, &owner);
    owner.large++;
}

static const struct attempt_events events = {.on_decided = on_decided,
                                             .on_stream = on_stream,
                                             .on_large_body = on_large_body,
                                             .on_choices = on_choices,
                                             .on_answer_end = on_answer_end,
                                             .on_call_end = on_call_end};

static int set_up(void **state)
{
    terms = provider_terms();
    terms.model = "there";
    terms.base_url = base_url;
    attempt = (struct attempt){.outcome = ATTEMPT_NONE};
    owner = (struct owner){.decided = 0};
    buffer_init(&owner.stream, 1 << 16);
    return provider_set_up(state);
}

static int tear_down(void **state)
{
    attempt_fini(&attempt);
    buffer_fini(&owner.stream);
    return provider_tear_down(state);
}

static void start(const char *body)
{
    struct candidate *candidate = candidate_new(&terms);
    provider_read_chat(body, &asks);
    const struct attempt_request request = {.loop = provider_loop,
                                            .upstream = provider_upstream,
                                            .asks = &asks,
                                            .exchange_id = "req_1",
                                            .created_ms = 1000};
    attempt_start(&attempt, candidate, &request, &events, &owner);
    candidate_unref(candidate); /* the attempt has its own reference */
}

static struct scripted_server server;

/* Until its owner waits for nothing more, or the attempt has failed. */
static void ask_script(const char *body, const struct script *script)
{
    scripted_server_start(&server, script);
    snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d/v1", server.port);
    start(body);
    provider_run();
    scripted_server_join(&server);
}

/* Returns the request that was sent; the caller frees it. */
static char *ask(const char *body, const char *answer, enum step_kind how)
{
    const struct script script = {
        {{{STEP_READ, NULL, {0}}, {how, answer, {0}}, {STEP_CLOSE, NULL, {0}}}}};
    ask_script(body, &script);
    return server.request;
}

/* ---- what it decides ---- */

#define STATUS(line) "HTTP/1.1 " line "\r\nConnection: close\r\n"
#define JSON STATUS("200 OK") "Content-Type: application/json\r\n\r\n"
#define STREAM STATUS("200 OK") "Content-Type: text/event-stream\r\n\r\n"
#define UNLABELLED STATUS("200 OK") "\r\n"
#define GOOD "{\"model\":\"there\",\"choices\":[{\"message\":{\"content\":\"a\"}}]}"
#define SAYS "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
#define ROLE "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
#define ERROR "{\"error\":{\"message\":\"m\"}}"

static const struct {
    const char *body, *answer;
    enum attempt_outcome outcome;
    const char *detail; /* NULL: whatever it is */
} answers[] = {
    {PLAIN, JSON GOOD, ATTEMPT_ANSWERED, ""},
    {PLAIN, UNLABELLED "\xef\xbb\xbf \n" GOOD, ATTEMPT_ANSWERED, ""},
    {PLAIN, STREAM GOOD, ATTEMPT_ANSWERED, ""},
    {STREAMED, STREAM SAYS, ATTEMPT_ANSWERED, ""},
    {STREAMED, UNLABELLED "\n\xef\xbb\xbf" SAYS, ATTEMPT_ANSWERED, ""},
    {STREAMED, JSON SAYS, ATTEMPT_ANSWERED, ""},
    {STREAMED, JSON GOOD, ATTEMPT_ANSWERED, ""}, /* becomes a stream */
    /* no answer */
    {PLAIN, STREAM SAYS, ATTEMPT_GARBLED, "a stream came that nobody asked for"},
    {PLAIN, JSON "Hello", ATTEMPT_GARBLED, "the answer is no JSON object"},
    {PLAIN, JSON "<html>", ATTEMPT_GARBLED, "the answer is no JSON object"},
    {PLAIN, JSON, ATTEMPT_GARBLED, "the answer is no JSON object"},
    {PLAIN, JSON "[" GOOD "]", ATTEMPT_GARBLED, "the answer is no JSON object"},
    {PLAIN, JSON "{\"id\":1}", ATTEMPT_GARBLED, "the answer has no choices"},
    {PLAIN, JSON "{\"choices\":[],\"usage\":{},\"usage\":{}}", ATTEMPT_GARBLED,
     "the answer has its usage twice"},
    {PLAIN, JSON "{\"choices\":[{\"message\":{\"content\":\"\"}}]}", ATTEMPT_GARBLED,
     "the answer says nothing"},
    {STREAMED, STREAM ROLE, ATTEMPT_GARBLED, "the stream ended and had said nothing"},
    /* an error, with a status and with none */
    {PLAIN, JSON ERROR, ATTEMPT_FAILED, "an error came with a status of success"},
    {STREAMED, STREAM ERROR, ATTEMPT_FAILED, "an error came with a status of success"},
    {PLAIN, STATUS("400 No") "\r\n" ERROR, ATTEMPT_REFUSED, NULL},
    {PLAIN, STATUS("401 No") "\r\n" ERROR, ATTEMPT_DENIED, NULL},
    {STREAMED, STATUS("429 No") "\r\n" ERROR, ATTEMPT_OVERLOADED, NULL},
    {STREAMED, STATUS("500 No") "\r\n" SAYS, ATTEMPT_FAILED, NULL},
    {PLAIN, STATUS("302 No") "Location: /\r\n\r\n" GOOD, ATTEMPT_FAILED, NULL},
    /* cut before it had answered */
    {PLAIN, STATUS("200 OK") "Content-Length: 100\r\n\r\n" GOOD, ATTEMPT_BROKEN, NULL},
    {STREAMED, STATUS("200 OK") "Content-Length: 1000\r\n\r\n" ROLE, ATTEMPT_BROKEN, NULL},
    {PLAIN, STATUS("500 No") "Content-Length: 100\r\n\r\n" ERROR, ATTEMPT_FAILED, NULL},
};

static void decides_what_an_answer_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof answers / sizeof *answers); i++) {
        owner.decided = 0; /* each of them whole, and byte by byte */
        buffer_reset(&owner.stream);
        free(ask(answers[i / 2].body, answers[i / 2].answer,
                 i % 2 == 0 ? STEP_SEND : STEP_SEND_BYTEWISE));
        const char *detail = answers[i / 2].detail;
        if (attempt.outcome != answers[i / 2].outcome || owner.decided != 1 ||
            (detail != NULL && strcmp(attempt.detail, detail) != 0))
            fail_msg("%s, decided %u times, '%s': %s", attempt_outcome_name(attempt.outcome),
                     owner.decided, attempt.detail, answers[i / 2].answer);
        assert_null(attempt.call);
    }
}

/* Nobody makes us keep more than this, with blanks or with words. */
static void an_answer_is_bounded(void **state)
{
    (void)state;
    enum { BYTES = LIMIT_UPSTREAM_BODY_BYTES + 1 };
    static const struct {
        char byte;
        const char *detail;
    } cases[] = {{'x', "the answer is too large"}, {' ', "the answer begins with 32 MB of blanks"}};
    char *data = malloc(BYTES);
    assert_non_null(data);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct script script = {{{{STEP_READ, NULL, {0}},
                                        {STEP_SEND, JSON, {0}},
                                        {STEP_SEND, NULL, {data, BYTES}},
                                        {STEP_CLOSE, NULL, {0}}}}};
        memset(data, cases[i].byte, BYTES);
        ask_script(PLAIN, &script);
        free(server.request);
        assert_int_equal(attempt.outcome, ATTEMPT_GARBLED);
        assert_string_equal(attempt.detail, cases[i].detail);
        assert_int_equal(owner.large > 0, cases[i].byte == 'x');
        owner.large = 0;
    }
    free(data);
}

static void who_is_not_there_is_unreachable(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, and does not listen */
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    start(PLAIN);
    provider_run();
    assert_int_equal(attempt.outcome, ATTEMPT_UNREACHABLE);
    assert_int_equal(owner.decided, 1);
    terms.headers = "X-A: b\rc\n";
    start(PLAIN); /* it cannot be asked: decides at once */
    assert_int_equal(attempt.outcome, ATTEMPT_UNREACHABLE);
    assert_int_equal(owner.decided, 2);
    close(fd);
}

/* ---- what it asks, and what it tells ---- */

static void asks_for_the_provider_s_model(void **state)
{
    (void)state;
    terms.api_key = "sk-1";
    char *request = ask(PLAIN, JSON GOOD, STEP_SEND);
    assert_ptr_equal(strstr(request, "POST /v1/chat/completions HTTP/1.1\r\n"), request);
    assert_non_null(strstr(request, "\r\nAuthorization: Bearer sk-1\r\n"));
    assert_non_null(strstr(request, "\r\n\r\n{\"model\":\"there\"," MESSAGES "}"));
    free(request);
}

static void a_plain_answer_is_kept_whole(void **state)
{
    (void)state;
    free(ask(PLAIN, JSON " " GOOD, STEP_SEND));
    assert_true(slice_equals(buffer_slice(&attempt.body), GOOD));
    assert_int_equal(owner.choices, 1);
    assert_int_equal(owner.ends, 1);
    assert_int_equal(owner.end, UPSTREAM_COMPLETE);
    assert_int_equal(owner.stream.bytes, 0);
    terms.answers_as = "sold";
    free(ask(PLAIN, JSON GOOD, STEP_SEND));
    assert_true(slice_starts_with(buffer_slice(&attempt.body), "{\"model\":\"sold\","));
    assert_true(slice_starts_with(attempt.completion.choices.raw, "[{\"message\":"));
}

static void a_stream_is_handed_on_as_it_came(void **state)
{
    (void)state;
    free(ask(STREAMED, UNLABELLED "\n\xef\xbb\xbf" ROLE SAYS ": x\n", STEP_SEND_BYTEWISE));
    assert_true(slice_equals(buffer_slice(&owner.stream), ROLE SAYS ": x\n"));
    assert_int_equal(owner.choices, 0);
    assert_int_equal(owner.ends, 2);
    assert_int_equal(owner.end, UPSTREAM_COMPLETE);
}

static int waits;

static void go_on(void *arg)
{
    (void)arg;
    if (waits-- > 0)
        scripted_server_go(&server);
}

/* A blank and a byte order mark in three pieces, with a tick of the loop behind each. */
static void ask_in_pieces(const char *body, const char *answer)
{
    const struct script script = {{{{STEP_READ, NULL, {0}},
                                    {STEP_SEND, UNLABELLED "\n\xef", {0}},
                                    {STEP_WAIT, NULL, {0}},
                                    {STEP_SEND, "\xbb", {0}},
                                    {STEP_WAIT, NULL, {0}},
                                    {STEP_SEND, "\xbf ", {0}},
                                    {STEP_WAIT, NULL, {0}},
                                    {STEP_SEND, answer, {0}},
                                    {STEP_CLOSE, NULL, {0}}}}};
    waits = 3;
    ask_script(body, &script);
    free(server.request);
}

static void what_stands_before_an_answer_may_come_in_pieces(void **state)
{
    (void)state;
    loop_on_tick(provider_loop, go_on, NULL);
    ask_in_pieces(PLAIN, GOOD);
    assert_int_equal(attempt.outcome, ATTEMPT_ANSWERED);
    assert_true(slice_equals(buffer_slice(&attempt.body), GOOD));
    ask_in_pieces(STREAMED, SAYS);
    assert_true(slice_equals(buffer_slice(&owner.stream), SAYS));
}

/* An event without an empty line behind it, which a relay reads when the stream has ended. */
static void the_end_of_a_stream_may_decide_it(void **state)
{
    (void)state;
    owner.says_at_end = true;
    free(ask(STREAMED, STREAM ROLE "data: {}", STEP_SEND));
    assert_int_equal(attempt.outcome, ATTEMPT_ANSWERED);
    assert_int_equal(owner.decided, 1);
    assert_int_equal(owner.ends, 2); /* of what was to become an answer, and of the answer */
}

static void a_stream_that_is_cut_has_answered_all_the_same(void **state)
{
    (void)state;
    free(ask(STREAMED, STATUS("200 OK") "Content-Length: 1000\r\n\r\n" SAYS, STEP_SEND));
    assert_int_equal(attempt.outcome, ATTEMPT_ANSWERED);
    assert_int_equal(owner.end, UPSTREAM_BROKEN);
}

static void a_refusal_says_why_and_when_to_come_again(void **state)
{
    (void)state;
    free(ask(PLAIN,
             STATUS("429 No") "Retry-After: 7\r\n\r\n{\"error\":{\"message\":\"Model there is "
                              "busy.\",\"code\":\"rate_limit_exceeded\"}}",
             STEP_SEND));
    assert_int_equal(attempt.status, 429);
    assert_int_equal(attempt.retry_after_ms, 7000);
    assert_true(attempt.explained && attempt.rate_limited);
    assert_string_equal(attempt_refusal(&attempt)->message, "Model sold is busy.");
    free(ask(PLAIN, JSON GOOD, STEP_SEND)); /* the next try knows nothing of it */
    assert_int_equal(attempt.outcome, ATTEMPT_ANSWERED);
    assert_int_equal(attempt.status, 200);
    assert_int_equal(attempt.retry_after_ms, -1);
    assert_false(attempt.explained || attempt.rate_limited);
    assert_string_equal(attempt_refusal(&attempt)->message, "");
}

static void who_waits_for_nothing_is_told_nothing(void **state)
{
    (void)state;
    owner.gone = true;
    free(ask(PLAIN, JSON GOOD, STEP_SEND));
    assert_int_equal(owner.decided + owner.choices + owner.ends, 0);
    assert_int_equal(attempt.outcome, ATTEMPT_NONE);
}

static void it_is_decided_once(void **state)
{
    (void)state;
    free(ask(PLAIN, JSON GOOD, STEP_SEND));
    attempt_decide(&attempt, ATTEMPT_FAILED, "too late");
    assert_int_equal(attempt.outcome, ATTEMPT_ANSWERED);
    assert_string_equal(attempt.detail, "");
    assert_int_equal(owner.decided, 1);
}

/* ---- time ---- */

enum { FIRST_MS = 2000, IDLE_MS = 1000, TOTAL_MS = 10000, STREAM_MS = 20000 };

/* Asks who says nothing. Returns its socket. */
static int ask_silence(const char *body)
{
    int fd = provider_listen_silently(base_url);
    terms.idle_timeout_ms = IDLE_MS;
    terms.total_timeout_ms = TOTAL_MS;
    terms.stream_timeout_ms = STREAM_MS;
    start(body);
    assert_non_null(attempt.call);
    return fd;
}

/* Late behind so many milliseconds, and no microsecond earlier. */
static void assert_late(bool held_up, int64_t since_us, int64_t ms, const char *why)
{
    attempt_tick(&attempt, held_up, since_us + ms * 1000);
    assert_non_null(attempt.call);
    assert_int_equal(owner.decided, 0);
    attempt_tick(&attempt, held_up, since_us + ms * 1000 + 1);
    assert_null(attempt.call);
    assert_true(attempt.late);
    assert_int_equal(attempt.outcome, ATTEMPT_TIMED_OUT);
    assert_int_equal(owner.decided, 1);
    assert_string_equal(attempt.detail, why);
}

static void a_first_byte_is_waited_for_so_long(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *why;
    } cases[] = {
        {400, "The model's provider did not begin to answer within 400 ms."},
        {FIRST_MS, "The model's provider did not begin to answer within 2 s."},
        {3600 * 1000, "The model's provider did not begin to answer within 1 h."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        owner.decided = 0;
        terms.first_byte_timeout_ms = cases[i].ms;
        int fd = ask_silence(PLAIN);
        attempt.candidate->terms.total_timeout_ms = cases[i].ms * 2;
        assert_late(false, attempt.started_us, cases[i].ms, cases[i].why);
        close(fd);
    }
}

static void silence_is_waited_for_so_long_unless_it_is_ours(void **state)
{
    (void)state;
    int fd = ask_silence(STREAMED);
    attempt_resume(&attempt);
    attempt_tick(&attempt, true, attempt.heard_us + IDLE_MS * 1000 + 1);
    assert_late(false, attempt.heard_us, IDLE_MS, "The model's provider sent nothing for 1 s.");
    close(fd);
}

static void an_answer_in_all_is_waited_for_so_long(void **state)
{
    (void)state;
    int fd = ask_silence(STREAMED); /* which has said nothing yet */
    assert_late(true, attempt.started_us, TOTAL_MS,
                "The answer took longer than 10 s, the most that is waited for.");
    close(fd);
}

static void a_stream_that_flows_has_time_of_its_own(void **state)
{
    (void)state;
    int fd = ask_silence(STREAMED);
    attempt_decide(&attempt, ATTEMPT_ANSWERED, "");
    attempt_tick(&attempt, true, attempt.started_us + STREAM_MS * 1000);
    assert_int_equal(owner.ends, 0);
    attempt_tick(&attempt, true, attempt.started_us + STREAM_MS * 1000 + 1);
    assert_int_equal(owner.ends, 1);
    assert_int_equal(owner.end, UPSTREAM_TIMED_OUT);
    assert_int_equal(attempt.outcome, ATTEMPT_ANSWERED);
    assert_null(attempt.call);
    close(fd);
}

/* ---- what is asked ---- */

static void a_provider_that_has_failed_bills_nothing(void **state)
{
    (void)state;
    assert_false(attempt_is_asked(&attempt));
    assert_string_equal(attempt_provider(&attempt), "");
    terms.provider = "openai";
    int fd = ask_silence(PLAIN);
    assert_string_equal(attempt_provider(&attempt), "openai");
    assert_false(attempt_is_asked(&attempt)); /* nothing has gone out */
    attempt_resume(&attempt);                 /* a byte was heard */
    assert_true(attempt_is_asked(&attempt));
    attempt.status = 300;
    assert_false(attempt_is_asked(&attempt));
    attempt.status = 200;
    attempt_decide(&attempt, ATTEMPT_FAILED, "x");
    assert_false(attempt_is_asked(&attempt));
    close(fd);
}

static void the_demo_answers_without_a_network(void **state)
{
    (void)state;
    terms.demo = true;
    terms.base_url = "";
    start(PLAIN);
    assert_true(attempt_is_asked(&attempt));
    assert_null(attempt.call);
    provider_run();
    assert_int_equal(attempt.outcome, ATTEMPT_ANSWERED);
    assert_true(completion_has_choices(&attempt.completion));
    start(STREAMED);
    attempt_cancel(&attempt); /* no event comes behind it */
    provider_stop();
    provider_run();
    assert_int_equal(attempt.outcome, ATTEMPT_NONE);
    assert_int_equal(owner.stream.bytes, 0);
}

static void outcomes_have_words(void **state)
{
    (void)state;
    assert_string_equal(attempt_outcome_name(ATTEMPT_UNREACHABLE), "connect");
    assert_string_equal(attempt_outcome_name(ATTEMPT_UNKNOWN), "unknown");
    assert_string_equal(attempt_outcome_cause(ATTEMPT_UNKNOWN), "auth");
    assert_string_equal(attempt_outcome_name(ATTEMPT_GARBLED), "garbled");
    assert_string_equal(attempt_outcome_cause(ATTEMPT_GARBLED), "5xx");
    assert_string_equal(attempt_outcome_cause(ATTEMPT_TIMED_OUT), "timeout");
}

#define WITH_ATTEMPT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ATTEMPT(decides_what_an_answer_is),
        WITH_ATTEMPT(an_answer_is_bounded),
        WITH_ATTEMPT(who_is_not_there_is_unreachable),
        WITH_ATTEMPT(asks_for_the_provider_s_model),
        WITH_ATTEMPT(a_plain_answer_is_kept_whole),
        WITH_ATTEMPT(a_stream_is_handed_on_as_it_came),
        WITH_ATTEMPT(what_stands_before_an_answer_may_come_in_pieces),
        WITH_ATTEMPT(the_end_of_a_stream_may_decide_it),
        WITH_ATTEMPT(a_stream_that_is_cut_has_answered_all_the_same),
        WITH_ATTEMPT(a_refusal_says_why_and_when_to_come_again),
        WITH_ATTEMPT(who_waits_for_nothing_is_told_nothing),
        WITH_ATTEMPT(it_is_decided_once),
        WITH_ATTEMPT(a_first_byte_is_waited_for_so_long),
        WITH_ATTEMPT(silence_is_waited_for_so_long_unless_it_is_ours),
        WITH_ATTEMPT(an_answer_in_all_is_waited_for_so_long),
        WITH_ATTEMPT(a_stream_that_flows_has_time_of_its_own),
        WITH_ATTEMPT(a_provider_that_has_failed_bills_nothing),
        WITH_ATTEMPT(the_demo_answers_without_a_network),
        WITH_ATTEMPT(outcomes_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
