/* Errors in the form of each dialect, as its SDKs read them. */
#include "base/support.h"

#include "dialect/error_body.h"
#include "dialect/parsed.h"

static void written(enum dialect dialect, const struct error_body *error, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 4096);
    error_body_write(dialect, error, &out);
    assert_written(&out, expected);
    buffer_fini(&out);
}

static void each_dialect_has_its_form(void **state)
{
    (void)state;
    const struct error_body error = {.status = 404,
                                     .code = "model_not_found",
                                     .message = "No \"m\".",
                                     .param = "model",
                                     .metadata = "{\"a\":1}",
                                     .request_id = "req_1"};
    static const char openai[] =
        "{\"error\":{\"message\":\"No \\\"m\\\".\",\"type\":\"invalid_request_error\","
        "\"param\":\"model\",\"code\":\"model_not_found\",\"metadata\":{\"a\":1}}}";
    written(DIALECT_CHAT, &error, openai);
    written(DIALECT_RESPONSES, &error, openai);
    written(
        DIALECT_ANTHROPIC, &error,
        "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"No \\\"m\\\".\","
        "\"details\":{\"error_code\":\"model_not_found\"},\"param\":\"model\","
        "\"code\":\"model_not_found\",\"metadata\":{\"a\":1}},\"request_id\":\"req_1\"}");
    written(
        DIALECT_GEMINI, &error,
        "{\"error\":{\"code\":404,\"message\":\"No \\\"m\\\".\",\"status\":\"NOT_FOUND\","
        "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
        "\"domain\":\"llm-gateway\",\"reason\":\"MODEL_NOT_FOUND\",\"metadata\":{\"a\":\"1\"}}]}}");
}

/* google.rpc.ErrorInfo: map<string, string>. */
static void google_has_only_texts_in_its_metadata(void **state)
{
    (void)state;
    const struct error_body error = {
        .status = 429,
        .code = "quota_exceeded",
        .message = "m",
        .metadata = "{\"limit\":5,\"left\":\"0.5\",\"models\":[\"a\",\"b\"],\"none\":null,"
                    "\"deep\":{\"x\":true}}"};
    written(DIALECT_GEMINI, &error,
            "{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\","
            "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
            "\"domain\":\"llm-gateway\",\"reason\":\"QUOTA_EXCEEDED\",\"metadata\":{"
            "\"limit\":\"5\",\"left\":\"0.5\",\"models\":\"[\\\"a\\\",\\\"b\\\"]\","
            "\"deep\":\"{\\\"x\\\":true}\"}}]}}");
}

/* A code of a policy is any text; a reason never is. */
static void google_has_its_reasons_in_capitals(void **state)
{
    (void)state;
    const struct error_body error = {.status = 403, .code = "no-Plan 9 \"\xc3\xa9", .message = "m"};
    written(DIALECT_GEMINI, &error,
            "{\"error\":{\"code\":403,\"message\":\"m\",\"status\":\"PERMISSION_DENIED\","
            "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
            "\"domain\":\"llm-gateway\",\"reason\":\"NO_PLAN_9____\",\"metadata\":{}}]}}");
}

static void what_is_not_told_is_left_out(void **state)
{
    (void)state;
    const struct error_body error = {.status = 500, .code = "c", .message = "m"};
    written(
        DIALECT_CHAT, &error,
        "{\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,\"code\":\"c\"}}");
    written(DIALECT_ANTHROPIC, &error,
            "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\","
            "\"details\":{\"error_code\":\"c\"},\"param\":null,\"code\":\"c\"}}");
}

/* Codex ends at once for one code alone. */
static void money_has_the_code_that_codex_knows(void **state)
{
    (void)state;
    const struct error_body error = {.status = 402, .code = "insufficient_credits", .message = "m"};
    written(DIALECT_RESPONSES, &error,
            "{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"param\":null,"
            "\"code\":\"insufficient_quota\"}}");
    written(DIALECT_CHAT, &error,
            "{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"param\":null,"
            "\"code\":\"insufficient_credits\"}}");
    assert_int_equal(error_body_status(DIALECT_RESPONSES, 402), 429);
    assert_int_equal(error_body_status(DIALECT_RESPONSES, 400), 400);
    assert_int_equal(error_body_status(DIALECT_CHAT, 402), 402);
    assert_int_equal(error_body_status(DIALECT_ANTHROPIC, 402), 402);
    assert_int_equal(error_body_status(DIALECT_GEMINI, 402), 402);
}

/* Google's clients read no Retry-After; whole seconds, for less would be none. */
static void google_tells_when_to_come_back(void **state)
{
    (void)state;
    const struct error_body error = {
        .status = 429, .code = "c", .message = "m", .retry_after_ms = 1001};
    written(DIALECT_GEMINI, &error,
            "{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\","
            "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
            "\"domain\":\"llm-gateway\",\"reason\":\"C\",\"metadata\":{}},"
            "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"2s\"}]}}");
}

static void a_status_has_a_kind(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *openai, *anthropic;
    } cases[] = {
        {400, "invalid_request_error", "invalid_request_error"},
        {401, "authentication_error", "authentication_error"},
        {402, "insufficient_quota", "billing_error"},
        {403, "permission_error", "permission_error"},
        {404, "invalid_request_error", "not_found_error"},
        {409, "invalid_request_error", "conflict_error"},
        {413, "invalid_request_error", "request_too_large"},
        {429, "rate_limit_error", "rate_limit_error"},
        {500, "server_error", "api_error"},
        {502, "server_error", "api_error"},
        {503, "server_error", "overloaded_error"},
        {504, "server_error", "timeout_error"},
        {529, "server_error", "overloaded_error"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(error_body_type(DIALECT_CHAT, cases[i].status), cases[i].openai);
        assert_string_equal(error_body_type(DIALECT_RESPONSES, cases[i].status), cases[i].openai);
        assert_string_equal(error_body_type(DIALECT_ANTHROPIC, cases[i].status),
                            cases[i].anthropic);
    }
}

static void google_has_words_for_a_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *word;
    } cases[] = {
        {400, "INVALID_ARGUMENT"},  {401, "UNAUTHENTICATED"},    {402, "RESOURCE_EXHAUSTED"},
        {403, "PERMISSION_DENIED"}, {404, "NOT_FOUND"},          {409, "ABORTED"},
        {413, "INVALID_ARGUMENT"},  {429, "RESOURCE_EXHAUSTED"}, {499, "CANCELLED"},
        {500, "INTERNAL"},          {502, "INTERNAL"},           {503, "UNAVAILABLE"},
        {504, "DEADLINE_EXCEEDED"}, {529, "UNAVAILABLE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct error_body error = {.status = cases[i].status, .code = "c", .message = "m"};
        struct buffer out;
        struct json_value inner;
        struct json_value status;
        buffer_init(&out, 4096);
        error_body_write(DIALECT_GEMINI, &error, &out);
        buffer_append_char(&out, '\0');
        struct json_value root = parsed(out.data);
        assert_int_equal(json_find(&root, "error", &inner), 1);
        assert_int_equal(json_find(&inner, "status", &status), 1);
        assert_true(json_string_is(&status, cases[i].word));
        buffer_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_dialect_has_its_form),
        cmocka_unit_test(what_is_not_told_is_left_out),
        cmocka_unit_test(money_has_the_code_that_codex_knows),
        cmocka_unit_test(google_has_only_texts_in_its_metadata),
        cmocka_unit_test(google_has_its_reasons_in_capitals),
        cmocka_unit_test(google_tells_when_to_come_back),
        cmocka_unit_test(a_status_has_a_kind),
        cmocka_unit_test(google_has_words_for_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
