/* What a provider's error means: whose fault it is, and that nothing of ours is told on. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/attempt.h"
#include "exchange/attempt_refusal.h"

#define KEY "sk-proj-Qm3xTf9hV2LkP7aZ"

/* What it tells: of the last attempt that was judged. */
static struct provider_refusal told_last;

static enum attempt_outcome classify(int status, const char *api_key, const char *body,
                                     struct attempt *out)
{
    size_t bytes = strlen(body);
    char *copy = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(copy);
    memcpy(copy, body, bytes);
    memset(out, 0, sizeof *out);
    memset(&told_last, 0, sizeof told_last);
    out->refusal = &told_last;
    const struct candidate_terms terms = {.provider = "",
                                          .headers = "",
                                          .answers_as = "",
                                          .choice = "",
                                          .sold_features = "",
                                          .model = "",
                                          .base_url = "",
                                          .query = "",
                                          .map_path = "",
                                          .key_header = "",
                                          .api_key = api_key,
                                          .ca_file = "",
                                          .max_tokens_field = ""};
    out->candidate = candidate_new(&terms);
    enum attempt_outcome outcome =
        attempt_classify(out, "sold-as", status, (struct slice){copy, bytes});
    candidate_unref(out->candidate);
    free(copy);
    assert_true(memchr(out->refusal->message, '\0', sizeof out->refusal->message) != NULL);
    assert_true(memchr(out->refusal->code, '\0', sizeof out->refusal->code) != NULL);
    assert_true(memchr(out->refusal->param, '\0', sizeof out->refusal->param) != NULL);
    assert_true(strlen(out->refusal->message) > 0 && strlen(out->refusal->code) > 0);
    return outcome;
}

/* ---- whose fault ---- */

#define SAYS(message) "{\"error\":{\"message\":\"" message "\"}}"
#define ERROR(members) "{\"error\":{\"message\":\"m\"" members "}}"

static const struct {
    int status;
    const char *body;
    enum attempt_outcome outcome;
} outcomes[] = {
    /* by status */
    {400, ERROR(""), ATTEMPT_REFUSED},
    {404, ERROR(",\"code\":\"model_not_found\""), ATTEMPT_UNKNOWN},
    {409, ERROR(""), ATTEMPT_REFUSED},
    {413, ERROR(""), ATTEMPT_REFUSED},
    {415, ERROR(""), ATTEMPT_REFUSED},
    {418, ERROR(""), ATTEMPT_REFUSED},
    {422, ERROR(",\"type\":\"invalid_request_error\""), ATTEMPT_REFUSED},
    {401, ERROR(""), ATTEMPT_DENIED},
    {402, ERROR(""), ATTEMPT_DENIED},
    {403, ERROR(""), ATTEMPT_DENIED},
    {408, ERROR(""), ATTEMPT_TIMED_OUT},
    {429, ERROR(""), ATTEMPT_OVERLOADED},
    {503, ERROR(""), ATTEMPT_OVERLOADED},
    {529, ERROR(""), ATTEMPT_OVERLOADED},
    {500, ERROR(""), ATTEMPT_FAILED},
    {501, ERROR(""), ATTEMPT_FAILED},
    {502, ERROR(""), ATTEMPT_FAILED},
    {504, ERROR(""), ATTEMPT_FAILED},
    {599, ERROR(""), ATTEMPT_FAILED},
    {302, "", ATTEMPT_FAILED},
    {301, ERROR(""), ATTEMPT_FAILED},
    /* an empty account of ours, however it is said */
    {429, ERROR(",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\""),
     ATTEMPT_DENIED},
    {429, ERROR(",\"type\":\"insufficient_quota\",\"code\":null"), ATTEMPT_DENIED},
    {429, ERROR(",\"type\":\"requests\",\"code\":\"insufficient_quota\""), ATTEMPT_DENIED},
    {429, ERROR(",\"code\":\"insufficient\\u005fquota\""), ATTEMPT_DENIED},
    {429, ERROR(",\"code\":\"billing_hard_limit_reached\""), ATTEMPT_DENIED},
    {400, ERROR(",\"type\":\"insufficient_quota\""), ATTEMPT_DENIED},
    {500, ERROR(",\"code\":\"insufficient_quota\""), ATTEMPT_DENIED},
    {503, ERROR(",\"code\":\"insufficient_quota\""), ATTEMPT_DENIED},
    {400, ERROR(",\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\""),
     ATTEMPT_DENIED},
    {400, ERROR(",\"type\":\"authentication_error\""), ATTEMPT_DENIED},
    {404, ERROR(",\"code\":\"account_deactivated\""), ATTEMPT_DENIED},
    {429, ERROR(",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\""), ATTEMPT_OVERLOADED},
    {429, ERROR(",\"code\":\"insufficient_quotas\""), ATTEMPT_OVERLOADED},
    {429, "{\"error\":{\"message\":\"insufficient_quota\"}}", ATTEMPT_OVERLOADED},
    {429, "{\"error\":{\"code\":{\"x\":\"insufficient_quota\"}}}", ATTEMPT_OVERLOADED},
    /* an error in a stream has no status of its own: 500 stands for it */
    {500, ERROR(",\"type\":\"overloaded_error\""), ATTEMPT_OVERLOADED},
    {500, ERROR(",\"code\":\"rate_limit_exceeded\""), ATTEMPT_OVERLOADED},
    {500, ERROR(",\"type\":\"invalid_request_error\""), ATTEMPT_REFUSED},
    {500, ERROR(",\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\""),
     ATTEMPT_REFUSED},
    {500, ERROR(",\"type\":\"server_error\",\"code\":null"), ATTEMPT_FAILED},
    {500, ERROR(",\"type\":5,\"code\":500"), ATTEMPT_FAILED},
    /* an error without a status names one */
    {0, ERROR(",\"code\":503"), ATTEMPT_OVERLOADED},
    {0, ERROR(",\"code\":\"429\""), ATTEMPT_OVERLOADED},
    {0, ERROR(",\"status\":401"), ATTEMPT_DENIED},
    {0, ERROR(",\"code\":400"), ATTEMPT_REFUSED},
    {0, ERROR(",\"code\":7"), ATTEMPT_FAILED},
    /* what only we can have caused */
    {404, "", ATTEMPT_UNKNOWN},
    {404, "{\"detail\":\"Not Found\"}", ATTEMPT_UNKNOWN},
    {405, "{\"detail\":\"Method Not Allowed\"}", ATTEMPT_UNKNOWN},
    {410, ERROR(""), ATTEMPT_UNKNOWN},
    {424, ERROR(""), ATTEMPT_FAILED},
    {400, SAYS("The model `x` does not exist or you do not have access to it."), ATTEMPT_UNKNOWN},
    {400, SAYS("Invalid model name passed in model=x"), ATTEMPT_UNKNOWN},
    {400, SAYS("x is not a valid model ID"), ATTEMPT_UNKNOWN},
    {400, SAYS("The provided model identifier is invalid."), ATTEMPT_UNKNOWN},
    {400, SAYS("The model `x` has been decommissioned and is no longer supported."),
     ATTEMPT_UNKNOWN},
    {400, SAYS("API key not valid. Please pass a valid API key."), ATTEMPT_DENIED},
    {400, SAYS("Your credit balance is too low to access the API."), ATTEMPT_DENIED},
    {400, "{\"error\":{\"code\":400,\"status\":\"UNAUTHENTICATED\"}}", ATTEMPT_DENIED},
    {413, ERROR(",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\""), ATTEMPT_OVERLOADED},
    /* what only the customer can mend */
    {400, SAYS("Unsupported parameter: 'x' is not supported with this model."), ATTEMPT_REFUSED},
    {400, SAYS("This model does not support image input."), ATTEMPT_REFUSED},
    {400, SAYS("This model's maximum context length is 4096 tokens."), ATTEMPT_REFUSED},
    {400, "{\"error\":{\"message\":\"'api_key' is not valid here\",\"param\":\"tools[0]\"}}",
     ATTEMPT_REFUSED},
    {403, SAYS("Your input was flagged by moderation."), ATTEMPT_REFUSED},
    {404, "{\"error\":{\"message\":\"No such file\",\"param\":\"file_id\"}}", ATTEMPT_REFUSED},
    {400, "[{\"error\":{\"code\":400,\"message\":\"Unknown name\"}}]", ATTEMPT_REFUSED},
    {400, "{\"object\":\"error\",\"message\":\"m\",\"code\":400}", ATTEMPT_REFUSED},
    {422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\"}]}", ATTEMPT_REFUSED},
    {400, "\"no\"", ATTEMPT_REFUSED},
    {400, "temperature must be below 2", ATTEMPT_REFUSED},
    {400, "event: error\ndata: {\"error\":\"no\"}\n\n", ATTEMPT_REFUSED},
    {413, "<html>", ATTEMPT_REFUSED},
    /* no words: from something between */
    {400, "", ATTEMPT_GARBLED},
    {400, " \n", ATTEMPT_GARBLED},
    {400, "{}", ATTEMPT_GARBLED},
    {422, "[]", ATTEMPT_GARBLED},
    {400, "<html>Bad Request</html>", ATTEMPT_GARBLED},
    {400, "{\"error\":null}", ATTEMPT_GARBLED},
    {400, "{\"error\":{\"message\":\"m\"}", ATTEMPT_GARBLED},
    {400, "{\"error\":\"no\"}", ATTEMPT_REFUSED},
    {401, "<html>", ATTEMPT_DENIED},
    {429, "<html>", ATTEMPT_OVERLOADED},
    {502, "<html>", ATTEMPT_FAILED},
    {500, "", ATTEMPT_FAILED},
};

static void sorts_errors(void **state)
{
    (void)state;
    struct attempt attempt;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        enum attempt_outcome outcome =
            classify(outcomes[i].status, KEY, outcomes[i].body, &attempt);
        if (outcome != outcomes[i].outcome)
            fail_msg("%d, not %d: %d %s", (int)outcome, (int)outcomes[i].outcome,
                     outcomes[i].status, outcomes[i].body);
    }
}

/* ---- what is told ---- */

static const struct {
    const char *body;
    const char *message, *code, *param;
} told[] = {
    {"{\"error\":{\"message\":\"Too long.\",\"type\":\"invalid_request_error\","
     "\"param\":\"messages\",\"code\":\"context_length_exceeded\"}}",
     "Too long.", "context_length_exceeded", "messages"},
    {"{\"error\":{\"message\":\"Bad.\",\"type\":\"invalid_request_error\",\"param\":null,"
     "\"code\":null}}",
     "Bad.", "invalid_request_error", ""},
    {"{\"error\":{\"message\":\"Bad.\",\"code\":400}}", "Bad.", "provider_refused", ""},
    {"{\"error\":{\"message\":\"\",\"code\":\"\"}}",
     "The model's provider refuses this request (status 400).", "provider_refused", ""},
    {"{\"error\":{\"message\":5,\"code\":[],\"param\":{}}}",
     "The model's provider refuses this request (status 400).", "provider_refused", ""},
    {"{\"error\":\"Bad.\"}", "Bad.", "provider_refused", ""},
    {"{\"error\":\"Bad.\",\"code\":\"x\",\"param\":\"y\"}", "Bad.", "x", "y"},
    {"{\"error\":[1]}", "The model's provider refuses this request (status 400).",
     "provider_refused", ""},
    {"{\"error\":{\"message\":\"\\u00e9 \\\"q\\\"\"}}", "\xc3\xa9 \"q\"", "provider_refused", ""},
    {"<html>", "The model's provider refuses this request (status 400).", "provider_refused", ""},
};

static void tells_what_helps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct attempt attempt;
        classify(400, KEY, told[i].body, &attempt);
        assert_string_equal(attempt.refusal->message, told[i].message);
        assert_string_equal(attempt.refusal->code, told[i].code);
        assert_string_equal(attempt.refusal->param, told[i].param);
    }
}

/* As long as there is room, whatever is longer is cut. */
static void cuts_what_is_long(void **state)
{
    (void)state;
    char body[8192];
    char words[1024];
    struct attempt attempt;
    memset(words, 'w', sizeof words);
    words[sizeof words - 1] = '\0';
    snprintf(body, sizeof body,
             "{\"error\":{\"message\":\"%s\",\"code\":\"%s\",\"param\":\"%s\",\"type\":\"%s\"}}",
             words, words, words, words);
    assert_int_equal(classify(400, KEY, body, &attempt), ATTEMPT_REFUSED);
    assert_int_equal(strlen(attempt.refusal->message),
                     sizeof((struct provider_refusal *)NULL)->message - 1);
    assert_int_equal(strlen(attempt.refusal->code),
                     sizeof((struct provider_refusal *)NULL)->code - 1);
    assert_int_equal(strlen(attempt.refusal->param),
                     sizeof((struct provider_refusal *)NULL)->param - 1);
    snprintf(body, sizeof body, "{\"error\":{\"message\":\"m\",\"type\":\"%s\"}}", words);
    classify(400, KEY, body, &attempt);
    assert_true(strspn(attempt.refusal->code, "w") ==
                sizeof((struct provider_refusal *)NULL)->code - 1);
}

/* ---- what is not told ---- */

/* The message with what must not be in it; `key` NULL: KEY. */
static const struct {
    const char *key;
    const char *message;
    const char *secret;
} secrets[] = {
    {NULL, "Incorrect API key provided: " KEY ". You can find yours at x.", "Qm3x"},
    {NULL, KEY, "Qm3x"},
    {NULL, "key=" KEY "," KEY ";(" KEY ")", "Qm3x"},
    {NULL, "Incorrect API key provided: sk-proj-********7aZ.", "7aZ"},
    {NULL, "Incorrect API key provided: sk-pr...P7aZ", "P7aZ"},
    {NULL, "a key of another: sk-ant-api03-AbCdEf123 (and sk-Zyx987)", "AbCdEf123"},
    {NULL, "a key of another: sk-ant-api03-AbCdEf123 (and sk-Zyx987)", "Zyx987"},
    {NULL, "Authorization: Bearer abc.def-123", "def"},
    {NULL, "Authorization: bearer abc.def-123", "def"},
    {NULL, "Authorization: BEARER abc.def-123", "def"},
    {NULL, "Bearer QWxhZGRpbjpvcGVu/IHNl+c2FtZQ==", "IHNl"},
    {NULL, "Bearer QWxhZGRpbjpvcGVu/IHNl+c2FtZQ==", "c2FtZQ"},
    {NULL, "Organization org-AbCdEf123 is disabled", "AbCdEf123"},
    {NULL, "for project proj_AbCdEf123.", "AbCdEf123"},
    {NULL, "API key not valid: AIzaSyAbC-123_x", "SyAbC"},
    {NULL, "connect to http://10.0.0.5:8080/v1/secret?token=abc failed", "10.0.0.5"},
    {NULL, "connect to http://10.0.0.5:8080/v1/secret?token=abc failed", "8080"},
    {NULL, "connect to http://10.0.0.5:8080/v1/secret?token=abc failed", "token"},
    {NULL, "see https://user:pass@inner.example/x", "pass"},
    {NULL, "see HTTPS://user:pass@inner.example/x", "inner"},
    /* keys of every form, whole and as they are abbreviated */
    {"gsk_AbCdEf123456", "Invalid key gsk_AbCdEf123456", "AbCdEf"},
    {"gsk_AbCdEf123456", "Invalid key gsk_A****3456.", "3456"},
    {"xai-AbCdEf123456", "Invalid key: xai-Ab...456", "456"},
    {"0123456789abcdef0123456789abcdef", "Invalid key 0123456789abcdef0123456789abcdef!", "4567"},
    {"0123456789abcdef0123456789abcdef", "Invalid key 0123********cdef", "cdef"},
    {"a+b/c=d|e f", "Invalid key a+b/c=d|e f", "c=d"},
};

static void tells_no_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        const char *key = secrets[i].key != NULL ? secrets[i].key : KEY;
        char body[1024];
        struct attempt attempt;
        snprintf(body, sizeof body, "{\"error\":{\"message\":\"%s\"}}", secrets[i].message);
        classify(400, key, body, &attempt);
        if (strstr(attempt.refusal->message, secrets[i].secret) != NULL)
            fail_msg("told '%s' of: %s", attempt.refusal->message, secrets[i].message);
        /* Wherever the client may read it. */
        snprintf(body, sizeof body,
                 "{\"error\":{\"message\":\"m\",\"code\":\"%s\",\"param\":\"%s\",\"type\":\"x\"}}",
                 secrets[i].message, secrets[i].message);
        classify(400, key, body, &attempt);
        if (strstr(attempt.refusal->code, secrets[i].secret) != NULL ||
            strstr(attempt.refusal->param, secrets[i].secret) != NULL)
            fail_msg("code '%s', param '%s'", attempt.refusal->code, attempt.refusal->param);
        snprintf(body, sizeof body, "{\"error\":{\"message\":\"m\",\"type\":\"%s\"}}",
                 secrets[i].message);
        classify(400, key, body, &attempt);
        if (strstr(attempt.refusal->code, secrets[i].secret) != NULL)
            fail_msg("code '%s'", attempt.refusal->code);
    }
}

/* The key of ours lies across the place where the message is cut. */
static void tells_no_part_of_a_secret(void **state)
{
    (void)state;
    static const char key[] = "0123456789abcdef0123456789abcdef";
    for (size_t before = sizeof((struct provider_refusal *)NULL)->message - sizeof key - 2;
         before < sizeof((struct provider_refusal *)NULL)->message; before++) {
        char words[1024];
        char body[2048];
        struct attempt attempt;
        memset(words, ' ', before);
        strcpy(words + before, key);
        snprintf(body, sizeof body, "{\"error\":{\"message\":\"%s\"}}", words);
        classify(400, key, body, &attempt);
        assert_int_equal(strspn(attempt.refusal->message, " *"), strlen(attempt.refusal->message));
    }
}

/* What looks like no secret stays readable. */
static void keeps_what_is_harmless(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "This model's maximum context length is 128000 tokens. However, your messages resulted in "
        "130001 tokens.",
        "Invalid value for 'temperature': must be <= 2.",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "a risk-free, task-based and desk-bound ... answer",
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        char body[512];
        struct attempt attempt;
        snprintf(body, sizeof body, "{\"error\":{\"message\":\"%s\"}}", messages[i]);
        classify(400, KEY, body, &attempt);
        assert_string_equal(attempt.refusal->message, messages[i]);
        classify(400, "", body, &attempt); /* a provider without a key */
        assert_string_equal(attempt.refusal->message, messages[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_errors),
        cmocka_unit_test(tells_what_helps),
        cmocka_unit_test(cuts_what_is_long),
        cmocka_unit_test(tells_no_secrets),
        cmocka_unit_test(tells_no_part_of_a_secret),
        cmocka_unit_test(keeps_what_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
