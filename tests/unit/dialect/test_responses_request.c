/* Requests of the Responses API: an input that is a text or a list. */
#include "base/support.h"

#include <stdio.h>

#include "dialect/forms.h"

#define HI "\"model\":\"m\",\"input\":\"hi\""
#define DIALECT DIALECT_RESPONSES

static void reads_the_facts(void **state)
{
    (void)state;
    struct model_request request = form_request(
        DIALECT,
        "{\"model\":\"gpt\",\"stream\":true,\"max_output_tokens\":50,\"instructions\":\"a\","
        "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"b\"}]},"
        "{\"type\":\"function_call_output\",\"output\":[{\"type\":\"input_image\"}]}],"
        "\"store\":false,\"include\":[\"reasoning.encrypted_content\"],"
        "\"tools\":[{\"type\":\"namespace\",\"name\":\"n\",\"tools\":["
        "{\"type\":\"function\",\"name\":\"f\"}]},{\"type\":\"custom\",\"name\":\"g\"}]}");
    assert_string_equal(request.model, "gpt");
    assert_true(request.streamed);
    assert_int_equal(request.output_tokens, 50);
    assert_int_equal(request.choices, 1);
    assert_int_equal(request.prompt.message_count, 2);
    assert_int_equal(request.prompt.image_count, 1);
    assert_int_equal(request.prompt.opaque_count, 0);
    assert_int_equal(request.paid.count, 0);
}

static void what_is_absent_has_its_defaults(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{" HI "}",
        "{" HI ",\"stream\":false,\"max_output_tokens\":null}",
        "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":null}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct model_request request = form_request(DIALECT, bodies[i]);
        assert_false(request.streamed);
        assert_int_equal(request.output_tokens, -1);
        assert_int_equal(request.prompt.message_count, 1);
        assert_true(request.prompt.text_bytes >= 2);
    }
}

static void refuses_what_cannot_be_priced(void **state)
{
    (void)state;
    static const struct {
        const char *body, *param;
    } cases[] = {
        {"{\"model\":\"m\"}", "input"},
        {"{\"model\":\"m\",\"previous_response_id\":null}", "input"},
        {"{\"model\":\"m\",\"input\":[]}", "input"},
        {"{\"model\":\"m\",\"input\":5}", "input"},
        {"{\"model\":\"m\",\"input\":[\"hi\"]}", "input"},
        {"{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"type\":\"message\"}]}", "type"},
        {"{\"input\":\"hi\"}", "model"},
        {"{" HI ",\"Input\":\"b\"}", ""},
        {"{" HI ",\"max_output_tokens\":0}", "max_output_tokens"},
        {"{" HI ",\"max_output_tokens\":5,\"max_output_tokens\":50}", ""},
        {"{" HI ",\"Max_Output_Tokens\":5}", ""},
        {"{" HI ",\"stream\":1}", "stream"},
        {"{\"model\":\"m\",\"input\":[{\"type\":\"additional_tools\",\"tools\":[],\"tools\":[]}]}",
         "input"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(form_refused(DIALECT, cases[i].body), cases[i].param);
}

static void finds_what_is_billed_apart(void **state)
{
    (void)state;
    static const struct {
        const char *members, *feature;
    } cases[] = {
        {HI ",\"tools\":[{\"type\":\"web_search\"}]", "tools.web_search"},
        {HI ",\"tools\":[{\"type\":\"file_search\"}]", "tools.file_search"},
        {HI ",\"tools\":[{\"type\":\"code_interpreter\"}]", "tools.code_interpreter"},
        {HI ",\"tools\":[{\"type\":\"image_generation\"}]", "tools.image_generation"},
        {HI ",\"tools\":[{\"type\":\"mcp\"}]", "tools.mcp"},
        {HI ",\"tools\":[{\"type\":\"shell\"}]", "tools.shell"},
        {HI ",\"tools\":[{\"type\":\"tomorrow\"}]", "tools.tomorrow"},
        {HI ",\"stream\":true,\"background\":true", "background"},
        {HI ",\"service_tier\":\"flex\"", "service_tier.flex"},
        {HI ",\"reasoning\":{\"mode\":\"pro\"}", "reasoning.mode.pro"},
        {"\"model\":\"m\",\"input\":[{\"type\":\"additional_tools\",\"tools\":[{"
         "\"type\":\"mcp\"}]}]",
         "tools.mcp"},
        {"\"model\":\"m\",\"input\":[{\"type\":\"tomorrow\",\"tools\":[{\"type\":\"mcp\"}]}]",
         "tools.mcp"},
        {"\"model\":\"m\",\"input\":[{\"type\":\"tool_search_output\",\"tools\":[{"
         "\"type\":\"namespace\","
         "\"tools\":[{\"type\":\"web_search\"}]}]}]",
         "tools.web_search"},
        {"\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
         "\"text\":\"a\",\"prompt_cache_breakpoint\":{\"ttl\":\"12h\"}}]}]",
         "prompt_cache_options.ttl.12h"},
        {"\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":{\"type\":\"input_text\","
         "\"text\":\"a\",\"prompt_cache_breakpoint\":{\"ttl\":\"12h\"}}}]",
         "prompt_cache_options.ttl.12h"},
        {"\"model\":\"m\",\"input\":[{\"type\":\"tomorrow\",\"content\":[{"
         "\"prompt_cache_breakpoint\":{\"ttl\":\"12h\"}}]}]",
         "prompt_cache_options.ttl.12h"},
        {HI ",\"instructions\":[{\"role\":\"user\",\"content\":[{"
            "\"prompt_cache_breakpoint\":{\"ttl\":\"12h\"}}]}]",
         "prompt_cache_options.ttl.12h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        snprintf(body, sizeof body, "{%s}", cases[i].members);
        struct model_request request = form_request(DIALECT, body);
        if (!paid_features_use(&request.paid, cases[i].feature))
            fail_msg("%s", body);
        assert_int_equal(request.paid.count, 1);
    }
}

static void notes_what_decides_prices_of_tools(void **state)
{
    (void)state;
    struct model_request request = form_request(
        DIALECT, "{" HI ",\"tools\":[{\"type\":\"function\",\"size\":\"x\"},"
                 "{\"type\":\"web_search\",\"search_context_size\":\"high\"},"
                 "{\"type\":\"image_generation\",\"size\":\"1024x1024\",\"quality\":\"low\"}]}");
    form_assert_slice(request.asked.search_context, "high");
    form_assert_slice(request.asked.size, "1024x1024");
    form_assert_slice(request.asked.quality, "low");
    assert_string_equal(
        form_refused(DIALECT, "{" HI ",\"tools\":["
                              "{\"type\":\"web_search\",\"search_context_size\":\"low\"},"
                              "{\"type\":\"web_search\",\"search_context_size\":\"high\"}]}"),
        "tools");
}

static void the_copy_has_model_and_limit(void **state)
{
    (void)state;
    static const struct {
        const char *body, *copy;
    } cases[] = {
        {"{" HI "}", "{\"max_output_tokens\":90,\"model\":\"theirs\",\"input\":\"hi\"}"},
        {"{" HI ",\"max_output_tokens\":100}",
         "{\"model\":\"theirs\",\"input\":\"hi\",\"max_output_tokens\":90}"},
        {"{" HI ",\"max_output_tokens\":null}",
         "{\"model\":\"theirs\",\"input\":\"hi\",\"max_output_tokens\":90}"},
        {"{" HI ",\"max_output_tokens\":80}",
         "{\"model\":\"theirs\",\"input\":\"hi\",\"max_output_tokens\":80}"},
    };
    const struct request_changes changes = {.model = "theirs", .output_tokens_max = 90};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        form_assert_copy(DIALECT, cases[i].body, &changes, cases[i].copy);
    const struct request_changes none = {.model = "m"};
    form_assert_copy(DIALECT, "{" HI "}", &none, "{" HI "}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_facts),
        cmocka_unit_test(what_is_absent_has_its_defaults),
        cmocka_unit_test(refuses_what_cannot_be_priced),
        cmocka_unit_test(finds_what_is_billed_apart),
        cmocka_unit_test(notes_what_decides_prices_of_tools),
        cmocka_unit_test(the_copy_has_model_and_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
