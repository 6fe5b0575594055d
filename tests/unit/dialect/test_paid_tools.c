/* Tools: what the client runs is free of a price of its own, and nothing that has one hides in what
 * holds tools or brings them with it. */
#include "base/support.h"

#include <stdio.h>

#include "base/buffer.h"
#include "dialect/paid_features.h"
#include "dialect/parsed.h"

/* "name (param) " of each feature, or "refused: param". */
static const char *shown(const struct paid_features *found, bool good,
                         const struct request_fault *fault)
{
    static char out[512];
    char name[PAID_FEATURE_NAME_BYTES];
    char param[PAID_FEATURE_PARAM_BYTES];
    size_t bytes = 0;
    out[0] = '\0';
    if (!good)
        snprintf(out, sizeof out, "refused: %s", fault->param != NULL ? fault->param : "");
    for (size_t i = 0; good && i < found->count; i++)
        bytes += (size_t)snprintf(out + bytes, sizeof out - bytes, "%s (%s) ",
                                  paid_features_name(&found->list[i], name),
                                  paid_features_param(&found->list[i], param));
    return out;
}

static const char *tools(const char *value)
{
    struct paid_features found = {0};
    struct request_fault fault = {0};
    struct json_value read = parsed(value);
    bool good = paid_features_read(&found, slice_of("tools"), &read, &fault);
    return shown(&found, good, &fault);
}

static const char *added(const char *name, const char *messages)
{
    struct paid_features found = {0};
    struct request_fault fault = {0};
    struct json_value read = parsed(messages);
    bool good = paid_features_read_added(&found, name, &read, &fault);
    return shown(&found, good, &fault);
}

struct pair {
    const char *value, *found;
};

/* Its commands and patches are text that the client obeys; the provider only writes it. */
static void what_the_client_runs_is_plain(void **state)
{
    (void)state;
    static const struct pair cases[] = {
        {"[{\"type\":\"local_shell\"},{\"type\":\"apply_patch\"},{\"type\":\"custom\"}]", ""},
        {"[{\"type\":\"tool_search\",\"execution\":\"server\"}]", ""},
        {"[{\"type\":\"shell\",\"environment\":{\"type\":\"local\"}}]", ""},
        {"[{\"type\":\"shell\"}]", "tools.shell (tools[0].type) "},
        {"[{\"type\":\"shell\",\"environment\":null}]", "tools.shell (tools[0].type) "},
        {"[{\"type\":\"shell\",\"environment\":\"local\"}]", "tools.shell (tools[0].type) "},
        {"[{\"type\":\"shell\",\"environment\":{\"type\":\"container_auto\"}}]",
         "tools.shell (tools[0].type) "},
        {"[{\"type\":\"shell\",\"environment\":{\"type\":\"container_reference\"}}]",
         "tools.shell (tools[0].type) "},
        {"[{\"type\":\"computer\"}]", "tools.computer (tools[0].type) "},
        {"[{\"type\":\"programmatic_tool_calling\"}]",
         "tools.programmatic_tool_calling (tools[0].type) "},
        {"[{\"type\":\"code_interpreter\",\"container\":\"c\"}]",
         "tools.code_interpreter (tools[0].type) "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(tools(cases[i].value), cases[i].found);
}

/* Two environments, or one that only some servers read. */
static void a_shell_has_one_place(void **state)
{
    (void)state;
    assert_string_equal(tools("[{\"type\":\"shell\",\"environment\":{\"type\":\"local\"},"
                              "\"environment\":{\"type\":\"container_auto\"}}]"),
                        "refused: tools");
    assert_string_equal(
        tools("[{\"type\":\"shell\",\"environment\":{\"type\":\"local\",\"Type\":\"x\"}}]"),
        "refused: tools");
}

static void a_namespace_is_looked_into(void **state)
{
    (void)state;
    static const struct pair cases[] = {
        {"[{\"type\":\"namespace\",\"name\":\"a\",\"tools\":["
         "{\"type\":\"function\"},{\"type\":\"custom\"}]}]",
         ""},
        {"[{\"type\":\"namespace\",\"tools\":[]},{\"type\":\"namespace\"}]", ""},
        {"[{},{\"type\":\"namespace\",\"tools\":[{\"type\":\"web_search\"}]}]",
         "tools.web_search (tools[1].tools.type) "},
        {"[{\"type\":\"namespace\",\"tools\":["
         "{\"type\":\"namespace\",\"tools\":[{\"type\":\"mcp\"}]}]}]",
         "tools.mcp (tools[0].tools.type) "},
        {"[{\"type\":\"namespace\",\"tools\":[{\"type\":\"shell\"}]}]",
         "tools.shell (tools[0].tools.type) "},
        {"[{\"type\":\"namespace\",\"tools\":{}}]", "refused: tools"},
        {"[{\"type\":\"namespace\",\"tools\":[5]}]", "refused: tools"},
        {"[{\"type\":\"namespace\",\"tools\":[],"
         "\"tools\":[{\"type\":\"mcp\"}]}]",
         "refused: tools"},
        {"[{\"type\":\"namespace\",\"Tools\":[{\"type\":\"mcp\"}]}]", "refused: tools"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(tools(cases[i].value), cases[i].found);
}

static void items_may_bring_tools(void **state)
{
    (void)state;
    static const struct pair cases[] = {
        {"\"text\"", ""},
        {"[{\"role\":\"user\",\"content\":\"a\"}]", ""},
        {"[{\"type\":\"tool_search_output\",\"tools\":["
         "{\"type\":\"namespace\",\"tools\":[{\"type\":\"function\"}]}]}]",
         ""},
        {"[{},{\"type\":\"additional_tools\",\"tools\":[{\"type\":\"web_search\"}]}]",
         "tools.web_search (input[1].tools.type) "},
        {"[{\"type\":\"tomorrow\",\"tools\":[{\"type\":\"mcp\"}]}]",
         "tools.mcp (input[0].tools.type) "},
        {"[{\"type\":\"mcp_list_tools\",\"tools\":[{\"name\":\"a\",\"icons\":[]}]}]", ""},
        {"[{\"type\":\"additional_tools\",\"tools\":[],"
         "\"tools\":[{\"type\":\"mcp\"}]}]",
         "refused: input"},
        {"[{\"type\":\"additional_tools\",\"Tools\":[{\"type\":\"mcp\"}]}]", "refused: input"},
        {"[{\"type\":\"additional_tools\",\"tools\":{\"type\":\"mcp\"}}]", "refused: input"},
        {"[{\"type\":\"mcp_list_tools\",\"type\":\"additional_tools\","
         "\"tools\":[{\"type\":\"mcp\"}]}]",
         "refused: input"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(added("input", cases[i].value), cases[i].found);
}

#define BLOCK(members) "[{\"content\":[{" members "}]}]"
#define DEFINED(type)                                                                              \
    "\"tool\":{\"type\":\"tool_definition\",\"definition\":{\"type\":\"" type "\"}}"

#define FETCH "tools.web_fetch_1 (messages[0].content.tool.type) "

static void blocks_may_add_tools(void **state)
{
    (void)state;
    static const struct pair cases[] = {
        {"[{\"content\":\"a\"}]", ""},
        {BLOCK("\"type\":\"tool_addition\",\"tool\":{\"type\":\"tool_reference\",\"name\":\"a\"}"),
         ""},
        {BLOCK("\"type\":\"tool_addition\"," DEFINED("custom")), ""},
        {BLOCK("\"type\":\"tool_addition\"," DEFINED("web_search_20250305")),
         "tools.web_search_20250305 (messages[0].content.tool.type) "},
        {BLOCK("\"type\":\"compaction\",\"tool_changes\":[{" DEFINED("custom") "},{" DEFINED(
             "web_fetch_1") "}]"),
         FETCH},
        {BLOCK(DEFINED("custom") "," DEFINED("web_fetch_1")), FETCH},
        {BLOCK(DEFINED("web_fetch_1") ",\"tool_changes\":[]"), FETCH},
        {BLOCK("\"tool_changes\":{" DEFINED("web_fetch_1") "}"), FETCH},
        {BLOCK("\"Tool\":{\"definition\":{\"type\":\"web_fetch_1\"}}"), FETCH},
        {BLOCK("\"type\":\"tool_result\",\"content\":[{" DEFINED("web_fetch_1") "}]"), FETCH},
        {"[{\"content\":{" DEFINED("web_fetch_1") "}}]", FETCH},
        {"[{\"content\":[{" DEFINED("web_fetch_1") "}],\"content\":\"a\"}]", FETCH},
        {BLOCK("\"tool\":{\"Definition\":{\"type\":\"web_fetch_1\"}}"), "refused: messages"},
        {BLOCK("\"tool\":{\"definition\":{},\"definition\":{}}"), "refused: messages"},
        {BLOCK("\"type\":\"tool_use\",\"input\":{" DEFINED("web_fetch_1") "}"), ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(added("messages", cases[i].value), cases[i].found);
}

/* OpenAI's marks have prices of their own, too. */
static void finds_the_marks_of_openai(void **state)
{
    (void)state;
    static const struct {
        const char *name, *messages, *found;
    } cases[] = {
        {"input", "[{\"content\":[{\"prompt_cache_breakpoint\":{\"mode\":\"explicit\"}}]}]", ""},
        {"input", "[{\"content\":[{\"prompt_cache_breakpoint\":{\"ttl\":\"30m\"}}]}]", ""},
        {"input", "[{},{\"content\":[{\"prompt_cache_breakpoint\":{\"ttl\":\"12h\"}}]}]",
         "prompt_cache_options.ttl.12h (input[1]) "},
        {"messages", "[{\"content\":[{\"promptCacheBreakpoint\":{\"ttl\":\"12h\"}}]}]",
         "prompt_cache_options.ttl.12h (messages[0]) "},
        {"input", "[{\"content\":[{\"cache_control\":{\"ttl\":\"1h\"}}]}]",
         "cache_control.ttl.1h (input[0]) "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct paid_features found = {0};
        struct request_fault fault = {0};
        struct json_value messages = parsed(cases[i].messages);
        bool good = paid_features_read_marks(&found, cases[i].name, &messages, &fault);
        assert_string_equal(shown(&found, good, &fault), cases[i].found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_client_runs_is_plain),
        cmocka_unit_test(a_shell_has_one_place),
        cmocka_unit_test(a_namespace_is_looked_into),
        cmocka_unit_test(items_may_bring_tools),
        cmocka_unit_test(blocks_may_add_tools),
        cmocka_unit_test(finds_the_marks_of_openai),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
