/* What a request asks for beside plain tokens: every form is found, named and bounded, and none
 * hides behind a type, a spelling or a second member. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "dialect/kept_objects.h"
#include "dialect/paid_features.h"
#include "dialect/parsed.h"
#include "dialect/request_members.h"

static bool read(struct paid_features *found, const char *name, const char *value,
                 struct request_fault *fault)
{
    struct json_value parsed_value = parsed(value);
    *fault = (struct request_fault){0};
    return paid_features_read(found, slice_of(name), &parsed_value, fault);
}

/* Appends "name (param) " of each feature. */
static void show(const struct paid_features *found, struct buffer *out)
{
    char name[PAID_FEATURE_NAME_BYTES];
    char param[PAID_FEATURE_PARAM_BYTES];
    for (size_t i = 0; i < found->count; i++)
        buffer_printf(out, "%s (%s) ", paid_features_name(&found->list[i], name),
                      paid_features_param(&found->list[i], param));
}

static const struct {
    const char *member;
    const char *value;
    const char *found;
} forms[] = {
    {"service_tier", "null", ""},
    {"service_tier", "\"auto\"", ""},
    {"service_tier", "\"\\u0061uto\"", ""},
    {"service_tier", "\"default\"", ""},
    {"service_tier", "\"standard\"", ""},
    {"service_tier", "\"on_demand\"", ""},     /* Groq's */
    {"service_tier", "\"standard_only\"", ""}, /* Anthropic's */
    {"service_tier", "\"priority\"", "service_tier.priority (service_tier) "},
    {"service_tier", "\"flex\"", "service_tier.flex (service_tier) "},
    {"service_tier", "\"Default\"", "service_tier.Default (service_tier) "},
    {"service_tier", "\"of-2031.x\"", "service_tier.of-2031.x (service_tier) "},
    {"web_search_options", "null", ""},
    {"web_search_options", "{}", "web_search (web_search_options) "},
    {"search_parameters", "{\"mode\":\"on\"}", "web_search (search_parameters) "},
    {"search_parameters", "{\"mode\":\"off\",\"sources\":[]}", ""},
    {"search_parameters", "{\"mode\":null}", "web_search (search_parameters) "},
    {"search_parameters", "{}", "web_search (search_parameters) "}, /* its mode is then "auto" */
    {"search_parameters", "\"off\"", "web_search (search_parameters) "},
    {"enable_search", "true", "web_search (enable_search) "},
    {"enable_search", "false", ""},
    /* tools */
    {"tools", "null", ""},
    {"tools", "[]", ""},
    {"tools", "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"type\":\"web_search\"}}]",
     ""},
    {"tools", "[{\"type\":\"custom\",\"custom\":{}},{\"type\":\"f\\u0075nction\"}]", ""},
    {"tools", "[{\"type\":\"web_search\"}]", "tools.web_search (tools[0].type) "},
    {"tools", "[{\"type\":\"function\"},{\"x\":{\"type\":\"function\"},\"type\":\"mcp\"}]",
     "tools.mcp (tools[1].type) "},
    {"tools", "[{\"t\\u0079pe\":\"mcp\"}]", "tools.mcp (tools[0].type) "},
    {"tools", "[{\"type\":\"mcp\"},{\"type\":\"mcp\"},{\"type\":\"shell\"},{\"type\":\"mcp\"}]",
     "tools.mcp (tools[0].type) tools.shell (tools[2].type) "},
    {"tools", "[{\"type\":\"Function\"}]", "tools.Function (tools[0].type) "},
    /* without a type: functions in several forms, and Gemini's own tools */
    {"tools", "[{\"function\":{\"name\":\"f\"}},{\"name\":\"f\",\"input_schema\":{}}]", ""},
    {"tools", "[{\"type\":null,\"function\":{}},{\"type\":5,\"name\":\"f\",\"parameters\":{}}]",
     ""},
    {"tools", "[{}]", ""},
    {"tools",
     "[{\"name\":\"f\",\"input_schema\":{},\"defer_loading\":true,\"strict\":true,"
     "\"eager_input_streaming\":true,\"input_examples\":[],\"cache_control\":null}]",
     ""},
    {"tools",
     "[{\"name\":\"f\",\"title\":\"F\",\"inputSchema\":{},\"outputSchema\":{},"
     "\"annotations\":{}}]",
     ""}, /* MCP's */
    {"tools", "[{\"functionDeclarations\":[],\"googleSearch\":{}}]",
     "tools.googleSearch (tools[0].googleSearch) "},
    {"tools", "[{\"type\":[\"function\"],\"url_context\":{}}]",
     "tools.url_context (tools[0].url_context) "},
    {"plugins", "[{\"id\":\"web\",\"max_results\":1},{\"id\":\"file-parser\"}]",
     "plugins.web (plugins[0].id) plugins.file-parser (plugins[1].id) "},
    {"plugins", "[]", ""},
    {"plugins", "[{\"id\":\"web\",\"enabled\":false},{\"enabled\":true,\"id\":\"a\"}]",
     "plugins.a (plugins[1].id) "},
    {"plugins", "[{\"id\":\"web\",\"enabled\":null},{\"id\":\"a\",\"enabled\":0}]",
     "plugins.web (plugins[0].id) plugins.a (plugins[1].id) "},
    /* output and caches */
    {"modalities", "null", ""},
    {"modalities", "[\"text\"]", ""},
    {"modalities", "[\"text\",\"audio\",\"image\",\"audio\"]",
     "modalities.audio (modalities[1]) modalities.image (modalities[2]) "},
    {"audio", "null", ""},
    {"audio", "{\"voice\":\"alloy\"}", "modalities.audio (audio) "},
    {"prompt_cache_retention", "\"in_memory\"", ""},
    {"prompt_cache_retention", "\"in-memory\"", ""},
    {"prompt_cache_retention", "\"24h\"", "prompt_cache_retention.24h (prompt_cache_retention) "},
    {"prompt_cache_options", "{}", ""},
    {"prompt_cache_options", "{\"ttl\":null,\"mode\":\"implicit\"}", ""},
    {"prompt_cache_options", "{\"ttl\":\"12h\"}",
     "prompt_cache_options.ttl.12h (prompt_cache_options.ttl) "},
    {"prompt_cache_options", "{\"ttl\":\"30m\"}", ""},
    {"prompt_cache_options", "{\"ttl\":\"24h\"}",
     "prompt_cache_options.ttl.24h (prompt_cache_options.ttl) "},
    {"prompt_cache_options", "{\"ttl\":3600}",
     "prompt_cache_options.ttl.3600 (prompt_cache_options.ttl) "},
    /* switches: some servers take 1 or "true" for true */
    {"moderation", "null", ""},
    {"moderation", "false", ""},
    {"moderation", "true", "moderation (moderation) "},
    {"moderation", "{}", "moderation (moderation) "},
    {"background", "false", ""},
    {"background", "true", "background (background) "},
    {"background", "1", "background (background) "},
    {"speed", "\"standard\"", ""},
    {"speed", "\"fast\"", "speed.fast (speed) "},
    {"inference_geo", "\"global\"", ""},
    {"inference_geo", "\"us\"", "inference_geo.us (inference_geo) "},
    {"inference_geo", "\"\"", ""},
    {"speed", "\"\"", ""},
    {"access_programs", "[ ]", ""},
    {"access_programs", "{ }", ""},
    {"access_programs", "\"\"", ""},
    {"access_programs", "[\"a\"]", "access_programs (access_programs) "},
    {"mcp_servers", "[]", ""},
    {"mcp_servers", "[{}]", "mcp_servers (mcp_servers) "},
    {"models", "[\"m\"]", "models (models) "},
    {"fallbacks", "[{}]", "fallbacks (fallbacks) "},
    {"bill_to", "\"me\"", "bill_to (bill_to) "},
    /* input that the body does not show */
    {"data_sources", "[{}]", "data_sources (data_sources) "},
    {"data_sources", "[]", ""},
    {"compound_custom", "{\"tools\":{}}", "compound_custom (compound_custom) "},
    {"compound_custom", "{}", ""},
    {"extra_body", "{\"a\":1}", "extra_body (extra_body) "},
    {"extra_body", "{}", ""},
    {"preset", "\"p\"", "preset (preset) "},
    {"preset", "\"\"", ""},
    {"prompt", "{}", ""},
    {"bill_to", "\"\"", ""},
    {"prompt", "{\"id\":\"pmpt_1\"}", "prompt (prompt) "},
    {"prompt", "\"text\"", ""},
    {"cachedContent", "\"c\"", "cached_content (cachedContent) "},
    {"cached_content", "\"c\"", "cached_content (cached_content) "},
    {"container", "\"c\"", "container (container) "},
    {"container", "\"\"", ""},
    {"container", "{}", ""},
    {"context_management", "{\"edits\":[]}", ""},
    {"context_management",
     "{\"edits\":[{\"type\":\"clear_thinking_20251015\"},{\"type\":\"clear_tool_uses_20250919\"}]}",
     ""},
    {"context_management", "{\"edits\":[{\"type\":\"clear_x\"},{\"type\":\"compact_20260112\"}]}",
     "context_management (context_management) "},
    {"context_management", "{\"edits\":[],\"x\":1}", "context_management (context_management) "},
    {"context_management", "{\"edits\":[{\"type\":\"clear_x\",\"type\":\"compact\"}]}",
     "context_management (context_management) "},
    {"context_management", "[{\"type\":\"compaction\"}]",
     "context_management (context_management) "},
    {"reasoning", "{\"effort\":\"high\"}", ""},
    {"reasoning", "{\"mode\":\"standard\"}", ""},
    {"reasoning", "{\"mode\":\"pro\"}", "reasoning.mode.pro (reasoning.mode) "},
    {"reasoning", "true", ""},
    {"thread", "{\"type\":\"continue\"}", "thread (thread) "},
    {"billing_policy", "{\"bill_to\":\"self\"}", ""},
    {"billing_policy", "{\"bill_to\":\"user_profile\"}", "billing_policy (billing_policy) "},
    {"fallback_credit_token", "\"t\"", "fallback_credit_token (fallback_credit_token) "},
    {"continuation_token", "\"QUJD\"", "continuation_token (continuation_token) "},
    {"modelArmorConfig", "{\"a\":1}", "model_armor_config (modelArmorConfig) "},
    {"context_management", "{}", ""},
    {"context_management", "[]", ""},
    /* in camel case, as some servers read them */
    {"promptCacheRetention", "\"24h\"", "prompt_cache_retention.24h (promptCacheRetention) "},
    {"serviceTier", "\"auto\"", ""},
    {"webSearchOptions", "{}", "web_search (webSearchOptions) "},
    {"promptCacheRetention", "\"24h\"", "prompt_cache_retention.24h (promptCacheRetention) "},
    {"promptCacheOptions", "{\"ttl\":\"12h\"}",
     "prompt_cache_options.ttl.12h (promptCacheOptions.ttl) "},
    {"dataSources", "[{}]", "data_sources (dataSources) "},
    {"extraBody", "{\"a\":1}", "extra_body (extraBody) "},
    /* how long a cache keeps */
    {"cache_control", "{\"type\":\"ephemeral\"}", ""},
    {"cache_control", "{\"type\":\"ephemeral\",\"ttl\":\"5m\"}", ""},
    {"cache_control", "{\"ttl\":\"1h\"}", "cache_control.ttl.1h (cache_control.ttl) "},
    {"cacheControl", "{\"ttl\":\"1h\"}", "cache_control.ttl.1h (cacheControl.ttl) "},
    {"tools", "[{\"name\":\"f\",\"cache_control\":{\"ttl\":\"5m\"}}]", ""},
    {"tools", "[{},{\"name\":\"f\",\"cache_control\":{\"ttl\":\"1h\"}}]",
     "cache_control.ttl.1h (tools[1].cache_control.ttl) "},
    {"tools", "[{\"type\":\"custom\",\"CacheControl\":{\"t\\u0074l\":\"1h\"}}]",
     "cache_control.ttl.1h (tools[0].cache_control.ttl) "},
    {"tools", "[{\"type\":\"custom\",\"cache\\u005fcontrol\":{\"ttl\":\"1h\"}}]",
     "cache_control.ttl.1h (tools[0].cache_control.ttl) "},
    {"tools", "[{\"type\":\"function\",\"cache_control\":{},\"cache_control\":{\"ttl\":\"1h\"}}]",
     "cache_control.ttl.1h (tools[0].cache_control.ttl) "},
    {"tools",
     "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"cache_control\":{\"ttl\":7}}}]",
     "cache_control.ttl.7 (tools[0].function.cache_control.ttl) "},
    {"tools",
     "[{\"type\":\"function\",\"function\":{\"parameters\":{\"properties\":"
     "{\"cache_control\":{\"ttl\":\"1h\"}}}}}]",
     ""},
    {"system", "\"text\"", ""},
    {"system", "[{\"text\":\"a\",\"cache_control\":{\"ttl\":\"1h\"}}]",
     "cache_control.ttl.1h (system[0].cache_control.ttl) "},
    /* billed as plain tokens, or free */
    {"prediction", "{\"type\":\"content\",\"content\":\"a\"}", ""},
    {"n", "2", ""},
    {"store", "true", ""},
    {"logprobs", "true", ""},
    {"", "true", ""},
    {"tool", "[{\"type\":\"mcp\"}]", ""},
    {"toolset", "[{\"type\":\"mcp\"}]", ""},
    {"_tools", "[{\"type\":\"mcp\"}]", ""},
    {"service_tier_of_a_name_that_is_longer_than_any_name_of_ours_may_be", "\"flex\"", ""},
};

static void finds_each_form(void **state)
{
    (void)state;
    struct buffer shown;
    buffer_init(&shown, 4096);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct paid_features found = {0};
        struct request_fault fault;
        if (!read(&found, forms[i].member, forms[i].value, &fault))
            fail_msg("%s: %s: %s", fault.message, forms[i].member, forms[i].value);
        show(&found, &shown);
        buffer_append_char(&shown, '\0');
        if (strcmp(shown.data, forms[i].found) != 0)
            fail_msg("%s: %s: '%s'", forms[i].member, forms[i].value, shown.data);
        shown.bytes = 0;
    }
    buffer_fini(&shown);
}

static const struct {
    const char *member;
    const char *value;
    const char *param;
} wrongs[] = {
    {"Tools", "[]", NULL},
    {"\xc5\xbf"
     "ervice_tier",
     "\"flex\"", NULL},
    {"CachedContent", "\"c\"", NULL},
    {"SERVICE_TIER", "\"flex\"", NULL},
    {"ServiceTier", "\"flex\"", NULL},
    {"servicetier", "\"flex\"", NULL},
    {"service_Tier", "\"flex\"", NULL},
    {"\xc5\xbf"
     "erviceTier",
     "\"flex\"", NULL},
    {"cache_control", "5", "cache_control"},
    {"cache_control", "{\"ttl\":\"5m\",\"ttl\":\"1h\"}", "cache_control"},
    {"tools", "[{\"name\":\"f\",\"cache_control\":{\"TTL\":\"1h\"}}]", "tools"},
    {"tools", "[{\"name\":\"f\",\"cache_control\":{\"ttl\":[]}}]", "tools"},
    {"search_parameters", "{\"mode\":\"off\",\"mode\":\"on\"}", "search_parameters"},
    {"search_parameters", "{\"mode\":\"off\",\"Mode\":\"on\"}", "search_parameters"},
    {"plugins", "[{\"id\":\"a\",\"enabled\":true,\"enabled\":false}]", "plugins"},
    {"service_tier", "5", "service_tier"},
    {"service_tier", "[\"flex\"]", "service_tier"},
    {"service_tier", "\"\"", "service_tier"},
    {"service_tier", "\"a b\"", "service_tier"},
    {"service_tier", "\"fl\\u0065x\"", "service_tier"},
    {"service_tier", "\"a\\nb\"", "service_tier"},
    {"service_tier", "\"\xc3\xa9\"", "service_tier"},
    {"service_tier", "\"\x7f\"", "service_tier"},
    {"tools", "{\"type\":\"web_search\"}", "tools"},
    {"tools", "\"web_search\"", "tools"},
    {"tools", "[\"web_search\"]", "tools"},
    {"tools", "[null]", "tools"},
    {"tools", "[{\"type\":\"function\",\"type\":\"web_search\"}]", "tools"},
    {"tools", "[{\"type\":\"web_search\",\"type\":\"function\"}]", "tools"},
    {"tools", "[{\"type\":\"function\",\"t\\u0079pe\":\"web_search\"}]", "tools"},
    {"tools", "[{\"type\":null,\"type\":\"web_search\"}]", "tools"},
    {"tools", "[{\"type\":\"function\",\"Type\":\"web_search\"}]", "tools"},
    {"tools", "[{\"type\":\"function\",\"\\u0054ype\":\"web_search\"}]", "tools"},
    {"tools", "[{\"TYPE\":\"web_search\",\"function\":{}}]", "tools"},
    {"tools", "[{\"type\":\"\"}]", "tools"},
    {"tools", "[{\"google\\u0053earch\":{}}]", "tools"},
    {"tools", "[{\"\":{}}]", "tools"},
    {"plugins", "{\"id\":\"web\"}", "plugins"},
    {"plugins", "[{\"id\":\"a\",\"id\":\"b\"}]", "plugins"},
    {"modalities", "\"audio\"", "modalities"},
    {"modalities", "{\"audio\":1}", "modalities"},
    {"modalities", "[[\"audio\"]]", "modalities"},
    {"prompt_cache_retention", "86400", "prompt_cache_retention"},
    {"prompt_cache_options", "\"24h\"", "prompt_cache_options"},
    {"prompt_cache_options", "{\"ttl\":{}}", "prompt_cache_options"},
    {"prompt_cache_options", "{\"ttl\":\"12h\",\"ttl\":null}", "prompt_cache_options"},
    {"prompt_cache_options", "{\"TTL\":\"12h\"}", "prompt_cache_options"},
};

static void refuses_what_may_hide_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct paid_features found = {0};
        struct request_fault fault;
        if (read(&found, wrongs[i].member, wrongs[i].value, &fault))
            fail_msg("accepted: %s: %s", wrongs[i].member, wrongs[i].value);
        assert_string_equal(fault.code, "invalid_value");
        assert_true(strlen(fault.message) > 0);
        if (wrongs[i].param == NULL)
            assert_null(fault.param);
        else
            assert_string_equal(fault.param, wrongs[i].param);
    }
}

static void refuses_a_member_twice(void **state)
{
    (void)state;
    struct paid_features found = {0};
    struct request_fault fault;
    assert_true(read(&found, "service_tier", "null", &fault));
    assert_true(read(&found, "audio", "null", &fault));
    assert_false(read(&found, "service_tier", "\"auto\"", &fault));
    assert_string_equal(fault.param, "service_tier");
    assert_false(read(&found, "serviceTier", "\"auto\"", &fault));
    assert_string_equal(fault.param, "service_tier");
}

/* The text names the entry at fault, or the name to write. */
static void says_where(void **state)
{
    (void)state;
    static const struct {
        const char *member, *value, *message;
    } cases[] = {
        {"tools", "[{},{},{},{\"type\":\"a b\"}]",
         "'tools[3].type' has a value that is not 1 to 58 printable ASCII characters without "
         "spaces and backslashes."},
        {"tools", "[{},{\"a b\":1}]",
         "'tools[1]' has a member whose name is not 1 to 58 printable ASCII characters without "
         "spaces and backslashes."},
        {"tools", "[{},5]", "'tools[1]' must be an object."},
        {"modalities", "[\"text\",5]", "'modalities[1]' must be a string."},
        {"serviceTier", "5", "'serviceTier' must be a string."},
        {"serviceTier", "\"flex\"", "The member 'serviceTier' must be written 'service_tier'."},
        {"ServiceTier", "5", "The member 'ServiceTier' must be written 'service_tier'."},
        {"tools", "[{},{\"cache_control\":{\"ttl\":{}}}]",
         "'tools[1].cache_control.ttl' has a value that is not 1 to 46 printable ASCII characters "
         "without spaces and backslashes."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct paid_features found = {0};
        struct request_fault fault;
        assert_false(read(&found, cases[i].member, cases[i].value, &fault));
        assert_string_equal(fault.message, cases[i].message);
    }
}

/* At any of its usual depths; what a client's tool is given is no mark. */
static void finds_marks_of_caches_in_messages(void **state)
{
    (void)state;
    static const struct {
        const char *messages, *found;
    } cases[] = {
        {"[]", ""},
        {"[{\"content\":[{\"cache_control\":{\"ttl\":\"5m\"}},{\"cache_control\":null}]}]", ""},
        {"[{},{\"content\":[{},{\"cache_control\":{\"ttl\":\"1h\"}}]}]",
         "cache_control.ttl.1h (messages[1]) "},
        {"[{\"content\":\"a\",\"cache_control\":{\"ttl\":\"1h\"}}]",
         "cache_control.ttl.1h (messages[0]) "},
        {"[{\"content\":[{\"cache_control\":{\"ttl\":\"1h\"},\"cache_control\":{}}]}]",
         "cache_control.ttl.1h (messages[0]) "},
        {"[{\"content\":[{\"\\u0063acheControl\":{\"ttl\":\"2h\"}}]}]",
         "cache_control.ttl.2h (messages[0]) "},
        {"[{\"content\":[{\"content\":[{\"source\":{\"content\":[{\"cache_control\":"
         "{\"ttl\":\"1h\"}}]}}]}]}]",
         "cache_control.ttl.1h (messages[0]) "},
        {"[{\"content\":[{\"content\":[{\"cache_control\":{\"ttl\":\"1h\"}}]}]}]",
         "cache_control.ttl.1h (messages[0]) "},
    };
    struct buffer shown;
    buffer_init(&shown, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct paid_features found = {0};
        struct request_fault fault;
        struct json_value messages = parsed(cases[i].messages);
        assert_true(paid_features_read_marks(&found, "messages", &messages, &fault));
        show(&found, &shown);
        buffer_append_char(&shown, '\0');
        assert_string_equal(shown.data, cases[i].found);
        shown.bytes = 0;
    }
    buffer_fini(&shown);
}

static void refuses_marks_that_may_hide_one(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "[{\"content\":[{\"cache_control\":{\"ttl\":\"1h\",\"ttl\":\"5m\"}}]}]",
        "[{\"content\":[{\"cache_control\":{\"Ttl\":\"1h\"}}]}]",
        "[{\"content\":[{\"cache_control\":{\"ttl\":\"\\u0031h\"}}]}]",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct paid_features found = {0};
        struct request_fault fault = {0};
        struct json_value messages = parsed(cases[i]);
        assert_false(paid_features_read_marks(&found, "messages", &messages, &fault));
        assert_string_equal(fault.param, "messages");
    }
}

/* The longest name; one byte more is refused. */
static void bounds_the_name(void **state)
{
    (void)state;
    enum { MOST = PAID_FEATURE_NAME_BYTES - 1 - (sizeof "tools." - 1) };
    char type[MOST + 1];
    char value[MOST + 64];
    char name[PAID_FEATURE_NAME_BYTES];
    char param[PAID_FEATURE_PARAM_BYTES];
    memset(type, 't', sizeof type);
    for (int extra = 0; extra <= 1; extra++) {
        struct paid_features found = {0};
        struct request_fault fault;
        snprintf(value, sizeof value, "[{\"%.*s\":1}]", MOST + extra, type);
        assert_int_equal(read(&found, "tools", value, &fault), extra == 0);
        snprintf(value, sizeof value, "[{\"type\":\"%.*s\"}]", MOST + extra, type);
        found = (struct paid_features){0};
        assert_int_equal(read(&found, "tools", value, &fault), extra == 0);
        if (extra == 0)
            assert_int_equal(strlen(paid_features_name(&found.list[0], name)), sizeof name - 1);
    }
    struct paid_features found = {0};
    struct request_fault fault;
    snprintf(value, sizeof value, "[{\"%.*s\":1}]", MOST, type);
    assert_true(read(&found, "tools", value, &fault));
    found.list[0].place = INT32_MAX;
    assert_true(strlen(paid_features_param(&found.list[0], param)) < sizeof param - 1);
}

/* Many different features are refused; the same one may be used any number of times. */
static void bounds_their_number(void **state)
{
    (void)state;
    for (int kinds = PAID_FEATURES_MAX; kinds <= PAID_FEATURES_MAX + 1; kinds++) {
        struct paid_features found = {0};
        struct request_fault fault;
        struct buffer tools;
        buffer_init(&tools, 1 << 16);
        for (int i = 0; i < 1000; i++)
            buffer_printf(&tools, "%s{\"type\":\"t%d\"}", i == 0 ? "[" : ",", i % kinds);
        buffer_append(&tools, "]", 2);
        assert_int_equal(read(&found, "tools", tools.data, &fault), kinds == PAID_FEATURES_MAX);
        assert_int_equal(found.count, PAID_FEATURES_MAX);
        buffer_fini(&tools);
    }
}

/* ---- what is sold ---- */

static void says_what_is_not_sold(void **state)
{
    (void)state;
    static const struct {
        const char *sold;
        const char *unsold; /* the first one; NULL: all are sold */
    } cases[] = {
        {"", "tools.web_search"},
        {" ", "tools.web_search"},
        {"tools.mcp", "tools.web_search"},
        {"tools.web_search", "tools.mcp"},
        {"tools.web_searc tools.mcp", "tools.web_search"},
        {"tools.web_search2 tools.mcp", "tools.web_search"},
        {"web_search mcp", "tools.web_search"},
        {"tools tools.", "tools.web_search"},
        {"tools.web* service_tier.*", "tools.mcp"},
        {"service_tier.*", "tools.web_search"},
        {"tools.mcp tools.web_search", NULL},
        {"service_tier.flex  tools.*", NULL},
        {"tools.web* tools.mcp", NULL},
    };
    char name[PAID_FEATURE_NAME_BYTES];
    struct paid_features found = {0};
    struct request_fault fault;
    assert_null(paid_features_unsold(&found, "", ""));
    assert_true(read(&found, "tools", "[{\"type\":\"web_search\"},{\"type\":\"mcp\"}]", &fault));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct paid_feature *unsold = paid_features_unsold(&found, cases[i].sold, "");
        if (cases[i].unsold == NULL && unsold != NULL)
            fail_msg("%s: not sold", cases[i].sold);
        if (cases[i].unsold == NULL)
            continue;
        assert_non_null(unsold);
        assert_string_equal(paid_features_name(unsold, name), cases[i].unsold);
    }
}

/* What a client calls its tool is never a pattern. */
static void a_star_of_the_client_is_a_letter(void **state)
{
    (void)state;
    struct paid_features found = {0};
    struct request_fault fault;
    assert_true(read(&found, "tools", "[{\"type\":\"*\"}]", &fault));
    assert_non_null(paid_features_unsold(&found, "tools.mcp", ""));
    assert_null(paid_features_unsold(&found, "tools.*", ""));
}

static void lists_what_is_known(void **state)
{
    (void)state;
    size_t count = 0;
    bool tiers = false;
    for (; paid_features_known(count) != NULL; count++)
        tiers = tiers || strcmp(paid_features_known(count), "service_tier.") == 0;
    assert_true(tiers);
    assert_true(count > 20);
    assert_null(paid_features_known(count + 1));
}

/* The names that are not compared with ours: no guard looks for them, whatever they hold. */
static void plain_names_are_no_guards(void **state)
{
    (void)state;
    static const char *const values[] = {"\"a\"", "true", "[\"a\"]",
                                         "{\"id\":\"a\",\"type\":\"a\",\"file_id\":\"a\","
                                         "\"image_size\":\"a\",\"search_context_size\":\"a\"}"};
    struct slice name;
    for (size_t i = 0; (name = request_plain_name(i)).bytes > 0; i++) {
        assert_int_equal(name.bytes, strlen(name.data));
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            struct paid_features found = {0};
            struct asked_words asked = {0};
            struct request_fault fault = {0};
            const struct json_item item = {name, parsed(values[j])};
            assert_true(paid_features_read(&found, name, &item.value, &fault));
            assert_true(kept_objects_allow(name, &item.value, NULL, &fault));
            assert_true(asked_words_note(&asked, &item, name, &fault));
            assert_int_equal(found.count + (found.seen != 0), 0);
            assert_int_equal(asked.size.bytes + asked.quality.bytes + asked.resolution.bytes +
                                 asked.search_context.bytes,
                             0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_names_are_no_guards),
        cmocka_unit_test(finds_each_form),
        cmocka_unit_test(refuses_what_may_hide_one),
        cmocka_unit_test(refuses_a_member_twice),
        cmocka_unit_test(says_where),
        cmocka_unit_test(finds_marks_of_caches_in_messages),
        cmocka_unit_test(refuses_marks_that_may_hide_one),
        cmocka_unit_test(bounds_the_name),
        cmocka_unit_test(bounds_their_number),
        cmocka_unit_test(says_what_is_not_sold),
        cmocka_unit_test(a_star_of_the_client_is_a_letter),
        cmocka_unit_test(lists_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
