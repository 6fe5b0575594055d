/* Anthropic's requests, as Claude Code sends them: what is read, and what the copy changes. */
#include "base/support.h"

#include <stdio.h>

#include "dialect/forms.h"

#define DIALECT DIALECT_ANTHROPIC
#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define BODY(members) "{\"model\":\"m\",\"max_tokens\":100," MESSAGES members "}"

static void reads_the_facts(void **state)
{
    (void)state;
    struct model_request request = form_request(
        DIALECT,
        "{\"model\":\"claude\",\"max_tokens\":128000,\"stream\":true,\"system\":["
        "{\"type\":\"text\",\"text\":\"x-anthropic-billing-header\"},"
        "{\"type\":\"text\",\"text\":\"You are\",\"cache_control\":{\"type\":\"ephemeral\"}}],"
        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\","
        "\"signature\":\"QUJD\"},{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\","
        "\"input\":{}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\","
        "\"content\":["
        "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"data\":\"QUJD\"}}]}]}],"
        "\"tools\":[{\"name\":\"f\",\"input_schema\":{},\"defer_loading\":true}],"
        "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"high\"},"
        "\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\"}]},"
        "\"metadata\":{\"user_id\":\"u\"}}");
    assert_string_equal(request.model, "claude");
    assert_true(request.streamed);
    assert_int_equal(request.output_tokens, 128000);
    assert_int_equal(request.choices, 1);
    assert_int_equal(request.prompt.message_count, 3);
    assert_int_equal(request.prompt.image_count, 1);
    assert_int_equal(request.prompt.opaque_count, 0);
    assert_int_equal(request.paid.count, 0);
}

static void finds_what_is_billed_apart(void **state)
{
    (void)state;
    static const struct {
        const char *members, *feature;
    } cases[] = {
        {",\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]",
         "tools.web_search_20250305"},
        {",\"speed\":\"fast\"", "speed.fast"},
        {",\"service_tier\":\"priority\"", "service_tier.priority"},
        {",\"inference_geo\":\"us\"", "inference_geo.us"},
        {",\"container\":{\"skills\":[{}]}", "container"},
        {",\"mcp_servers\":[{}]", "mcp_servers"},
        {",\"context_management\":{\"edits\":[{\"type\":\"compact_20260112\"}]}",
         "context_management"},
        {",\"system\":[{\"type\":\"text\",\"cache_control\":{\"ttl\":\"1h\"}}]",
         "cache_control.ttl.1h"},
        {",\"cache_control\":{\"ttl\":\"1h\"}", "cache_control.ttl.1h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        snprintf(body, sizeof body, BODY("%s"), cases[i].members);
        struct model_request request = form_request(DIALECT, body);
        if (!paid_features_use(&request.paid, cases[i].feature))
            fail_msg("%s", body);
        assert_int_equal(request.paid.count, 1);
    }
}

/* In a message they are only looked for where a part may have one. */
static void finds_what_messages_bring(void **state)
{
    (void)state;
    static const struct {
        const char *block, *feature;
    } cases[] = {
        {"\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"ttl\":\"1h\"}",
         "cache_control.ttl.1h"},
        {"\"type\":\"tool_result\",\"content\":[{\"type\":\"text\",\"cache_control\":{"
         "\"ttl\":\"1h\"}}]",
         "cache_control.ttl.1h"},
        {"\"type\":\"tool_addition\",\"tool\":{\"type\":\"tool_definition\",\"definition\":"
         "{\"type\":\"web_search_20250305\"}}",
         "tools.web_search_20250305"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        snprintf(body, sizeof body,
                 "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\","
                 "\"content\":[{%s}]}]}",
                 cases[i].block);
        struct model_request request = form_request(DIALECT, body);
        if (!paid_features_use(&request.paid, cases[i].feature))
            fail_msg("%s", body);
    }
}

static void refuses_what_cannot_be_priced(void **state)
{
    (void)state;
    static const struct {
        const char *body, *param;
    } cases[] = {
        {"{\"model\":\"m\"," MESSAGES "}", "max_tokens"},
        {"{\"model\":\"m\",\"max_tokens\":null," MESSAGES "}", "max_tokens"},
        {"{\"model\":\"m\",\"max_tokens\":0," MESSAGES "}", "max_tokens"},
        {"{\"max_tokens\":1," MESSAGES "}", "model"},
        {"{\"model\":\"m\",\"max_tokens\":1}", "messages"},
        {"{\"model\":\"m\",\"max_tokens\":1,\"messages\":[]}", "messages"},
        {"{\"model\":\"m\",\"max_tokens\":1,\"messages\":\"hi\"}", "messages"},
        {BODY(",\"max_tokens\":5"), ""},
        {BODY(",\"Max_Tokens\":5"), ""},
        {BODY(",\"stream\":\"yes\""), "stream"},
        {"[]", ""},
        {"{", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(form_refused(DIALECT, cases[i].body), cases[i].param);
}

static void the_copy_has_model_and_limit(void **state)
{
    (void)state;
    const struct request_changes lower = {.model = "theirs", .output_tokens_max = 50};
    const struct request_changes same = {.model = "m", .output_tokens_max = 100};
    const struct request_changes none = {.model = "m"};
    form_assert_copy(DIALECT, BODY(",\"x-unknown\":[1 , 2]"), &lower,
                     "{\"model\":\"theirs\",\"max_tokens\":50," MESSAGES ",\"x-unknown\":[1 , 2]}");
    form_assert_copy(DIALECT, BODY(""), &same, BODY(""));
    form_assert_copy(DIALECT, BODY(""), &none, BODY(""));
}

#define THINKS(limit, budget)                                                                      \
    "{\"model\":\"m\",\"thinking\":{\"budget_tokens\":" budget ",\"type\":\"enabled\"}," MESSAGES  \
    ",\"max_tokens\":" limit "}"

/* The API wants at least 1,024, and less than max_tokens. */
static void thoughts_shrink_with_the_limit(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t most;
        const char *copy;
    } cases[] = {
        {THINKS("20000", "10000"), 15000, THINKS("15000", "10000")},
        {THINKS("20000", "10000"), 10000, THINKS("10000", "5000")},
        {THINKS("20000", "10000"), 2000, THINKS("2000", "1024")},
        {THINKS("20000", "19999"), 2000, THINKS("2000", "1999")},
        {THINKS("20000", "19999"), 1025, THINKS("1025", "1024")},
        {THINKS("20000", "30000"), 5000, THINKS("5000", "4999")}, /* interleaved */
        {THINKS("20000", "30000"), 30000, THINKS("20000", "30000")},
        {THINKS("20000", "19999"), 1024,
         "{\"model\":\"m\",\"thinking\":{\"type\":\"disabled\"}," MESSAGES ",\"max_tokens\":1024}"},
        {THINKS("20000", "\"many\""), 1024, THINKS("1024", "\"many\"")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct request_changes changes = {.model = "m", .output_tokens_max = cases[i].most};
        form_assert_copy(DIALECT, cases[i].body, &changes, cases[i].copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_facts),
        cmocka_unit_test(finds_what_is_billed_apart),
        cmocka_unit_test(finds_what_messages_bring),
        cmocka_unit_test(refuses_what_cannot_be_priced),
        cmocka_unit_test(the_copy_has_model_and_limit),
        cmocka_unit_test(thoughts_shrink_with_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
