/* Errors as providers write them: the words that help, and the status that is named. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/provider_error.h"

static const struct {
    const char *body;
    int status;
    const char *message, *code, *type, *param;
} shapes[] = {
    {"{\"error\":{\"message\":\"Too long.\",\"type\":\"invalid_request_error\",\"param\":"
     "\"messages\",\"code\":\"context_length_exceeded\"}}",
     0, "Too long.", "context_length_exceeded", "invalid_request_error", "messages"},
    {"[{\"error\":{\"code\":400,\"message\":\"Unknown\",\"status\":\"INVALID_ARGUMENT\"}}]", 400,
     "Unknown", "INVALID_ARGUMENT", "", ""},
    {"{\"object\":\"error\",\"message\":\"m\",\"type\":\"t\",\"code\":404}", 404, "m", "", "t", ""},
    {"{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\",\"type\":\"missing\"}]}", 0,
     "field required", "", "missing", ""},
    {"{\"detail\":\"Not Found\"}", 0, "Not Found", "", "", ""},
    {"\"no\"", 0, "no", "", "", ""},
    {"temperature must be below 2\r\n", 0, "temperature must be below 2", "", "", ""},
    {"event: error\ndata: {\"error\":\"no\"}\n\n", 0, "no", "", "", ""},
    {"data: {\"error\":{\"message\":\"\\u00e9\\n\"}}", 0, "\xc3\xa9\n", "", "", ""},
    {"{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":"
     "\"server_error\",\"message\":\"busy\"}}}",
     0, "busy", "server_error", "response.failed", ""},
    /* outer labels where the inner object has none */
    {"{\"error\":{\"message\":\"m\"},\"code\":\"c\",\"param\":\"p\",\"status_code\":\"503\"}", 503,
     "m", "c", "", "p"},
    {"{\"code\":\"outer\",\"error\":{\"message\":\"m\",\"code\":\"inner\"}}", 0, "m", "inner", "",
     ""},
    /* a status is a number from 400 to 599, or three digits; it is no code */
    {"{\"message\":\"m\",\"code\":\"429\"}", 429, "m", "", "", ""},
    {"{\"message\":\"m\",\"code\":399}", 0, "m", "", "", ""},
    {"{\"message\":\"m\",\"code\":600}", 0, "m", "", "", ""},
    {"{\"message\":\"m\",\"code\":\"4290\"}", 0, "m", "", "", ""},
    {"{\"message\":\"m\",\"code\":429.5}", 0, "m", "", "", ""},
    /* the words of the provider behind an aggregator */
    {"{\"error\":{\"message\":\"Provider returned error\",\"code\":400,\"metadata\":{\"raw\":"
     "\"{\\\"error\\\":{\\\"message\\\":\\\"inner\\\",\\\"code\\\":\\\"c\\\"}}\"}}}",
     400, "inner", "c", "", ""},
    {"{\"error\":{\"message\":\"Provider returned error\",\"metadata\":{\"raw\":\"busy now\"}}}", 0,
     "busy now", "", "", ""},
    /* a label alone says why, too */
    {"{\"error\":{\"code\":400,\"status\":\"UNAUTHENTICATED\"}}", 400, "", "UNAUTHENTICATED", "",
     ""},
    {"{\"error\":{\"type\":\"overloaded_error\"}}", 0, "", "", "overloaded_error", ""},
};

static void reads_every_shape(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct provider_error error;
        provider_error_read(slice_of(shapes[i].body), &error);
        if (!error.explained || error.status != shapes[i].status ||
            strcmp(error.message, shapes[i].message) != 0 ||
            strcmp(error.code, shapes[i].code) != 0 || strcmp(error.type, shapes[i].type) != 0 ||
            strcmp(error.param, shapes[i].param) != 0)
            fail_msg("%d, '%s', '%s', '%s', '%s': %s", error.status, error.message, error.code,
                     error.type, error.param, shapes[i].body);
    }
}

static void what_has_no_words_explains_nothing(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",
                                         " \n",
                                         "{}",
                                         "[]",
                                         "null",
                                         "400",
                                         "--- 502 ---",
                                         "<html>Bad Request</html>",
                                         "{\"error\":null}",
                                         "{\"error\":{\"message\":\"\"}}",
                                         "{\"error\":{\"message\":\"m\"}",
                                         "words\x01 and bytes",
                                         "{\"a\":{\"message\":\"m\"}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct provider_error error;
        provider_error_read(slice_of(bodies[i]), &error);
        if (error.explained)
            fail_msg("'%s': %s", error.message, bodies[i]);
        assert_false(provider_error_is(slice_of(bodies[i])));
    }
}

/* Cut at the ends of their rooms; and nested without end it is none. */
static void what_is_long_is_cut(void **state)
{
    (void)state;
    static char body[8192];
    char words[2001];
    struct provider_error error;
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    snprintf(body, sizeof body,
             "{\"message\":\"%s\",\"code\":\"%s\",\"type\":\"%s\",\"param\":\"x\"}", words, words,
             words);
    provider_error_read(slice_of(body), &error);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    assert_int_equal(strlen(error.code), sizeof error.code - 1);
    assert_int_equal(strlen(error.type), sizeof error.type - 1);
    assert_string_equal(error.param, "x");
    provider_error_read(slice_of(words), &error);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    provider_error_read(slice_of("[[[[[[[[[[[[\"deep\"]]]]]]]]]]]]"), &error);
    assert_false(error.explained);
}

/* A chunk that only talks of something is no error. */
static void an_event_is_an_error_by_its_labels(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        bool error;
    } events[] = {
        {"{\"message\":\"m\",\"code\":\"c\"}", true},
        {"{\"message\":\"m\",\"status\":503}", true},
        {"{\"message\":\"m\",\"type\":\"api_ERROR\"}", true},
        {"{\"message\":\"m\",\"type\":\"ping\"}", false},
        {"{\"message\":\"m\"}", false},
        {"{\"code\":\"c\"}", false},
        {"{\"type\":\"error\"}", false},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (provider_error_is(slice_of(events[i].data)) != events[i].error)
            fail_msg("%s", events[i].data);
    }
}

static void a_wait_may_stand_in_the_body(void **state)
{
    (void)state;
    static const struct {
        const char *details;
        int64_t ms;
    } bodies[] = {
        {"[{\"links\":[]},{\"retryDelay\":\"27s\"}]", 27000},
        {"[{\"retryDelay\":\"0.3445s\"}]", 345},
        {"[{\"retryDelay\":\"27\"}]", 0},
        {"[{\"retryDelay\":27}]", 0},
        {"[{\"retryDelay\":\"-1s\"}]", 0},
        {"[{\"retryDelay\":\"s\"}]", 0},
        {"[{\"retryDelay\":\"1e9s\"}]", 0},
        {"{\"retryDelay\":\"27s\"}", 0},
        {"[\"27s\"]", 0},
    };
    char body[256];
    struct provider_error error;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        snprintf(body, sizeof body, "{\"error\":{\"message\":\"m\",\"details\":%s}}",
                 bodies[i].details);
        provider_error_read(slice_of(body), &error);
        if (error.retry_after_ms != bodies[i].ms)
            fail_msg("%s: %lld", body, (long long)error.retry_after_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_shape),
        cmocka_unit_test(what_has_no_words_explains_nothing),
        cmocka_unit_test(what_is_long_is_cut),
        cmocka_unit_test(an_event_is_an_error_by_its_labels),
        cmocka_unit_test(a_wait_may_stand_in_the_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
