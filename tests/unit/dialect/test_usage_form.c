/* The counts that providers report, in their forms: one that cannot be true costs that one. */
#include "base/support.h"

#include "base/money.h"
#include "dialect/parsed.h"
#include "dialect/usage_find.h"
#include "dialect/usage_form.h"

#define COUNTS "\"prompt_tokens\":10,\"completion_tokens\":5"
#define CACHED(n) "{" COUNTS ",\"prompt_tokens_details\":{\"cached_tokens\":" n "}}"
#define REASONED(n) "{" COUNTS ",\"completion_tokens_details\":{\"reasoning_tokens\":" n "}}"

#define TURN(type, input, output)                                                                  \
    "{\"type\":\"" type "\",\"input_tokens\":" input ",\"output_tokens\":" output "}"

/* -1: that count is not said, or cannot be true. */
static const struct {
    const char *usage;
    int64_t prompt, cached, completion, reasoning;
    bool flawed;
} usables[] = {
    {"{" COUNTS "}", 10, -1, 5, -1, false},
    {"{" COUNTS ",\"total_tokens\":15}", 10, -1, 5, -1, false},
    {"{" COUNTS ",\"total_tokens\":\"many\"}", 10, -1, 5, -1, true},
    {" { \"completion_tokens\" : 5 , \"x\" : [ ] , \"prompt_tokens\" : 10 } ", 10, -1, 5, -1,
     false},
    {"{\"prompt_tok\\u0065ns\":10,\"completion_tokens\":5}", 10, -1, 5, -1, false},
    {"{\"prompt_tokens\":0,\"completion_tokens\":0}", 0, -1, 0, -1, false},
    {"{\"prompt_tokens\":-0,\"completion_tokens\":5}", 0, -1, 5, -1, false},
    {"{\"prompt_tokens\":10.0,\"completion_tokens\":5e0}", 10, -1, 5, -1, false},
    {"{\"prompt_tokens\":1e3,\"completion_tokens\":50e-1}", 1000, -1, 5, -1, false},
    {"{\"prompt_tokens\":1000000000000,\"completion_tokens\":1000000000000}", MONEY_TOKENS_MAX, -1,
     MONEY_TOKENS_MAX, -1, false},
    {CACHED("0"), 10, 0, 5, -1, false},
    {CACHED("4"), 10, 4, 5, -1, false},
    {CACHED("10"), 10, 10, 5, -1, false},
    {CACHED("null"), 10, -1, 5, -1, false},
    {CACHED("4.0,\"audio_tokens\":-1"), 10, 4, 5, -1, false},
    {"{" COUNTS ",\"prompt_tokens_details\":null}", 10, -1, 5, -1, false},
    {"{" COUNTS ",\"prompt_tokens_details\":{}}", 10, -1, 5, -1, false},
    {"{" COUNTS ",\"prompt_tokens_details\":[]}", 10, -1, 5, -1, false},
    {REASONED("3"), 10, -1, 5, 3, false},
    {REASONED("5"), 10, -1, 5, 5, false},
    {REASONED("null"), 10, -1, 5, -1, false},
    {"{" COUNTS ",\"completion_tokens_details\":null}", 10, -1, 5, -1, false},
    /* one count that cannot be true costs that one */
    {CACHED("11"), 10, -1, 5, -1, true},
    {CACHED("-1"), 10, -1, 5, -1, true},
    {CACHED("0.5"), 10, -1, 5, -1, true},
    {CACHED("\"4\""), 10, -1, 5, -1, true},
    {CACHED("1e400"), 10, -1, 5, -1, true},
    {CACHED("[]"), 10, -1, 5, -1, true},
    {REASONED("-1"), 10, -1, 5, -1, true},
    {REASONED("0.5"), 10, -1, 5, -1, true},
    {REASONED("1000000000001"), 10, -1, 5, -1, true},
    {"{\"prompt_tokens\":10}", 10, -1, -1, -1, false},
    {"{\"completion_tokens\":5}", -1, -1, 5, -1, false},
    {"{\"prompt_tokens\":null,\"completion_tokens\":5}", -1, -1, 5, -1, false},
    {"{\"prompt_tokens\":\"10\",\"completion_tokens\":5}", -1, -1, 5, -1, true},
    {"{\"prompt_tokens\":10,\"completion_tokens\":true}", 10, -1, -1, -1, true},
    {"{\"prompt_tokens\":-1,\"completion_tokens\":5}", -1, -1, 5, -1, true},
    {"{\"prompt_tokens\":10,\"completion_tokens\":-5}", 10, -1, -1, -1, true},
    {"{\"prompt_tokens\":10.5,\"completion_tokens\":5}", -1, -1, 5, -1, true},
    {"{\"prompt_tokens\":10,\"completion_tokens\":1000000000001}", 10, -1, -1, -1, true},
    {"{\"prompt_tokens\":18446744073709551626,\"completion_tokens\":5}", -1, -1, 5, -1, true},
    {"{\"prompt_tokens\":10,\"completion_tokens\":-1e400}", 10, -1, -1, -1, true},
    /* the total says what stands beside what */
    {"{" COUNTS ",\"total_tokens\":18,\"completion_tokens_details\":{\"reasoning_tokens\":3}}", 10,
     -1, 8, 3, false},
    {"{" COUNTS ",\"total_tokens\":15,\"completion_tokens_details\":{\"reasoning_tokens\":3}}", 10,
     -1, 5, 3, false},
    {REASONED("6"), 10, -1, 11, 6, false},
    {"{" COUNTS ",\"total_tokens\":115,\"prompt_tokens_details\":{\"cached_tokens\":100}}", 110,
     100, 5, -1, false},
    {"{\"prompt_tokens\":10,\"total_tokens\":15}", 10, -1, 5, -1, false},
    {"{\"prompt_tokens\":10,\"total_tokens\":10}", 10, -1, -1, -1, false},
    {"{\"completion_tokens\":5,\"total_tokens\":15}", 10, -1, 5, -1, false},
    {"{\"completion_tokens\":5,\"total_tokens\":5}", -1, -1, 5, -1, false},
    /* a prompt that only the total gives is judged like one that is reported */
    {"{\"completion_tokens\":5,\"total_tokens\":15,"
     "\"prompt_tokens_details\":{\"cached_tokens\":10}}",
     10, 10, 5, -1, false},
    {"{\"completion_tokens\":5,\"total_tokens\":15,"
     "\"prompt_tokens_details\":{\"cached_tokens\":11}}",
     10, -1, 5, -1, true},
    {"{\"promptTokenCount\":10,\"thoughtsTokenCount\":7,\"totalTokenCount\":17}", 10, -1, 7, 7,
     false},
    {"{" COUNTS ",\"total_tokens\":715}", 10, -1, 705, 700, false},
    {"{" COUNTS ",\"total_tokens\":715,\"prompt_tokens_details\":{\"cached_tokens\":4}}", 10, 4,
     705, 700, false},
    {"{" COUNTS ",\"total_tokens\":915,\"cache_creation_input_tokens\":900}", 910, -1, 5, -1,
     false},
    {"{" COUNTS ",\"total_tokens\":915,\"cache_creation_input_tokens\":900,"
     "\"prompt_tokens_details\":{\"cached_tokens\":0}}",
     910, 0, 5, -1, false},
    {"{" COUNTS
     ",\"total_tokens\":24,\"cache_read_input_tokens\":4,\"cache_creation_input_tokens\":5}",
     19, 4, 5, -1, false},
    {"{" COUNTS ",\"total_tokens\":12}", 10, -1, 5, -1, false},
    /* the names of others */
    {"{" COUNTS ",\"cached_tokens\":4}", 10, 4, 5, -1, false},
    {"{" COUNTS ",\"prompt_cache_hit_tokens\":4,\"prompt_cache_miss_tokens\":6}", 10, 4, 5, -1,
     false},
    {"{" COUNTS ",\"total_tokens\":22,\"reasoning_tokens\":7}", 10, -1, 12, 7, false},
    {"{" COUNTS ",\"cache_read_input_tokens\":4}", 10, 4, 5, -1, false},
    {"{" COUNTS ",\"cache_creation_input_tokens\":4}", 10, -1, 5, -1, false},
    {"{\"input_tokens\":10,\"output_tokens\":5}", 10, -1, 5, -1, false},
    {"{\"input_tokens\":10,\"output_tokens\":5,\"input_tokens_details\":{\"cached_tokens\":4},"
     "\"output_tokens_details\":{\"reasoning_tokens\":2}}",
     10, 4, 5, 2, false},
    {"{\"input_tokens\":10,\"cache_read_input_tokens\":100,\"cache_creation_input_tokens\":50,"
     "\"output_tokens\":5}",
     160, 100, 5, -1, false},
    {"{\"promptTokenCount\":10,\"cachedContentTokenCount\":4,\"candidatesTokenCount\":5,"
     "\"thoughtsTokenCount\":7,\"toolUsePromptTokenCount\":3,\"totalTokenCount\":25}",
     13, 4, 12, 7, false},
    {"{\"inputTokens\":10,\"outputTokens\":5,\"totalTokens\":15}", 10, -1, 5, -1, false},
    {"{\"prompt_eval_count\":10,\"eval_count\":5}", 10, -1, 5, -1, false},
    {"{\"billed_units\":{\"input_tokens\":10.0,\"output_tokens\":5.0},\"cached_tokens\":4.0,"
     "\"tokens\":{\"input_tokens\":99,\"output_tokens\":99}}",
     10, 4, 5, -1, false},
    {"{\"type\":\"tokens\",\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15,"
     "\"input_token_details\":{\"audio_tokens\":8,\"text_tokens\":2}}",
     10, -1, 5, -1, false},
    {"{" COUNTS ",\"completion_tokens_details\":{\"rejected_prediction_tokens\":3}}", 10, -1, 5, -1,
     false},
    /* Perplexity's deep research: neither citations nor reasoning are in the total */
    {"{" COUNTS ",\"total_tokens\":15,\"citation_tokens\":100,\"reasoning_tokens\":4}", 110, -1, 9,
     4, false},
    {"{" COUNTS ",\"total_tokens\":15,\"citation_tokens\":0,\"reasoning_tokens\":40}", 10, -1, 45,
     40, false},
    /* Anthropic's turns: a compaction and an adviser are billed in addition */
    {"{\"input_tokens\":10,\"output_tokens\":5,\"iterations\":[" TURN("message", "10", "5") "]}",
     10, -1, 5, -1, false},
    {"{\"input_tokens\":10,\"output_tokens\":5,\"iterations\":null}", 10, -1, 5, -1, false},
    {"{\"iterations\":[" TURN("compaction", "1000", "200") "," TURN(
         "message", "10", "5") "],"
                               "\"input_tokens\":10,\"output_tokens\":5}",
     1010, 0, 205, -1, false},
    {"{\"input_tokens\":10,\"output_tokens\":5,\"iterations\":[" TURN(
         "message", "10", "5") "," TURN("advisor_message", "3", "2") "," TURN("fallback_message",
                                                                              "0", "0") "]}",
     13, 0, 7, -1, false},
    /* ... also where the usual counts are missing */
    {"{\"iterations\":[" TURN("compaction", "1000", "200") "," TURN("message", "10", "5") "," TURN(
         "message", "20", "6") "]}",
     1030, 0, 211, -1, false},
    {"{\"input_tokens\":10,\"output_tokens\":5,\"iterations\":[{\"type\":\"compaction\","
     "\"input_tokens\":1,\"cache_read_input_tokens\":20,\"cache_creation_input_tokens\":300,"
     "\"output_tokens\":4}]}",
     331, 20, 9, -1, false},
    /* tokens of a turn that cannot be true are lost, so the rest is no whole */
    {"{\"input_tokens\":10,\"output_tokens\":5,\"iterations\":[" TURN("compaction", "-1", "2") "]}",
     10, 0, 7, -1, true},
    {"{\"input_tokens\":1000000000000,\"output_tokens\":5,\"iterations\":[" TURN("compaction", "1",
                                                                                 "2") "]}",
     -1, 0, 7, -1, true},
    /* alone they are no whole */
    {"{\"output_tokens\":5,\"iterations\":[" TURN("compaction", "1000", "2") "]}", -1, -1, 7, -1,
     true},
    {"{\"input_tokens\":\"10\",\"output_tokens\":5,\"iterations\":[" TURN("compaction", "1000",
                                                                          "2") "]}",
     -1, -1, 7, -1, true},
    /* what a fallback credit changes has no count */
    {"{\"input_tokens\":10,\"output_tokens\":5,"
     "\"fallback_credit\":{\"status\":{\"type\":\"redeemed\"}}}",
     10, -1, 5, -1, false},
};

static void reads_usage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof usables / sizeof *usables; i++) {
        struct json_value usage = parsed(usables[i].usage);
        struct usage_form form;
        if (!usage_form_read(&usage, &form))
            fail_msg("not usable: %s", usables[i].usage);
        if (form.prompt != usables[i].prompt || form.cached != usables[i].cached ||
            form.completion != usables[i].completion || form.reasoning != usables[i].reasoning ||
            form.flawed != usables[i].flawed)
            fail_msg("%lld in, %lld of them cached, %lld out, %lld reasoning%s: %s",
                     (long long)form.prompt, (long long)form.cached, (long long)form.completion,
                     (long long)form.reasoning, form.flawed ? ", flawed" : "", usables[i].usage);
    }
}

#define DETAILS(members) "{" COUNTS ",\"prompt_tokens_details\":{" members "}}"
#define CREATION "\"cache_creation_input_tokens\":50,\"cache_creation\":{"

/* What has a price of its own; 0: not told, or told as 0. The long-lived writes are part of the
 * writes. */
static const struct {
    const char *usage;
    struct unit_counts parts;
} parted[] = {
    {"{" COUNTS "}", {.input = 0}},
    {DETAILS("\"cached_tokens\":0,\"audio_tokens\":0"), {.input = 0}},
    {"{" COUNTS ",\"prompt_tokens_details\":{\"cached_tokens\":4,\"audio_tokens\":3,"
     "\"image_tokens\":2,\"cache_write_tokens\":1},\"completion_tokens_details\":"
     "{\"reasoning_tokens\":1,\"audio_tokens\":4,\"image_tokens\":5}}",
     {.audio_input = 3, .image_input = 2, .cache_write = 1, .audio_output = 4, .image_output = 5}},
    {DETAILS("\"cache_write_tokens\":9,\"cache_write_tokens_details\":{\"ttl_30m_tokens\":5,"
             "\"ttl_12h_tokens\":4}"),
     {.cache_write = 9, .cache_write_long = 4}},
    {DETAILS("\"cache_creation_tokens\":9,\"cache_creation_token_details\":"
             "{\"ephemeral_5m_input_tokens\":5,\"ephemeral_1h_input_tokens\":4},"
             "\"web_search_requests\":2"),
     {.cache_write = 9, .cache_write_long = 4, .web_search = 2}}, /* LiteLLM */
    {"{\"input_tokens\":10,\"output_tokens\":5,\"input_tokens_details\":"
     "{\"cached_tokens\":4,\"cache_write_tokens\":6}}",
     {.cache_write = 6}},
    {"{\"input_tokens\":10,\"output_tokens\":5," CREATION
     "\"ephemeral_5m_input_tokens\":20,\"ephemeral_1h_input_tokens\":30},"
     "\"server_tool_use\":{\"web_search_requests\":3}}",
     {.cache_write = 50, .cache_write_long = 30, .web_search = 3}},
    /* beside all usual counts */
    {"{" COUNTS ",\"prompt_tokens_details\":{\"cached_tokens\":0}," CREATION
     "\"ephemeral_1h_input_tokens\":30},\"server_tool_use\":{\"web_search_requests\":2}}",
     {.cache_write = 50, .cache_write_long = 30, .web_search = 2}},
    {"{" COUNTS ",\"cache_creation_input_tokens\":4}", {.cache_write = 4}},
    {"{\"promptTokenCount\":10,\"candidatesTokenCount\":5,\"promptTokensDetails\":["
     "{\"modality\":\"TEXT\",\"tokenCount\":3},{\"modality\":\"AUDIO\",\"tokenCount\":4},"
     "{\"tokenCount\":1},{\"modality\":\"AUDIO\",\"tokenCount\":1},"
     "{\"modality\":\"IMAGE\",\"tokenCount\":2}],"
     "\"candidatesTokensDetails\":[{\"modality\":\"IMAGE\",\"tokenCount\":4}]}",
     {.audio_input = 5, .image_input = 2, .image_output = 4}},
    /* sound that a cache has read is not paid twice */
    {DETAILS("\"cached_tokens\":6,\"audio_tokens\":5,\"cached_tokens_details\":"
             "{\"audio_tokens\":4}"),
     {.audio_input = 1, .cached_audio_input = 4}},
    {DETAILS("\"cached_tokens\":6,\"image_tokens\":3,\"cached_tokens_details\":"
             "{\"image_tokens\":4,\"text_tokens\":2}"),
     {.cached_image_input = 4}},
    {"{\"promptTokenCount\":10,\"cachedContentTokenCount\":6,\"candidatesTokenCount\":5,"
     "\"promptTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":5}],"
     "\"cacheTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":5},"
     "{\"modality\":\"IMAGE\",\"tokenCount\":1}]}",
     {.cached_audio_input = 5, .cached_image_input = 1}},
    /* a life time without its sum; parts that cannot be true */
    {"{" COUNTS ",\"cache_creation\":{\"ephemeral_1h_input_tokens\":3}}",
     {.cache_write = 3, .cache_write_long = 3}},
    {"{\"input_tokens\":10,\"output_tokens\":5,\"cache_creation\":"
     "{\"ephemeral_5m_input_tokens\":4,\"ephemeral_1h_input_tokens\":3}}",
     {.cache_write = 7, .cache_write_long = 3}},
    {DETAILS("\"audio_tokens\":-1,\"cache_write_tokens\":\"9\",\"image_tokens\":0.5"),
     {.input = 0}},
    /* Bedrock */
    {"{\"inputTokens\":10,\"outputTokens\":5,\"totalTokens\":45,\"cacheWriteInputTokens\":30,"
     "\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":20},{\"ttl\":\"1h\",\"inputTokens\":9},"
     "{\"ttl\":\"1h\",\"inputTokens\":1}]}",
     {.cache_write = 30, .cache_write_long = 10}},
    {"{\"inputTokens\":10,\"outputTokens\":5,"
     "\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":20}]}",
     {.cache_write = 20}},
    /* Perplexity, xAI, OpenRouter */
    {"{" COUNTS ",\"num_search_queries\":18,\"citation_tokens\":7}", {.web_search = 18}},
    {"{" COUNTS ",\"num_sources_used\":3,\"server_side_tool_usage_details\":null}",
     {.web_search = 3}},
    {"{" COUNTS ",\"num_sources_used\":9,\"server_side_tool_usage_details\":{"
     "\"web_search_calls\":2,\"x_search_calls\":1,\"code_interpreter_calls\":4,"
     "\"file_search_calls\":5,\"document_search_calls\":1,\"mcp_calls\":7}}",
     {.web_search = 3, .session = 4, .file_search = 6}},
    {"{" COUNTS ",\"num_sources_used\":0,\"server_side_tool_usage_details\":{"
     "\"web_search_calls\":0,\"x_search_calls\":0}}",
     {.input = 0}},
    {"{" COUNTS ",\"server_tool_use_details\":{\"web_search_requests\":2,"
     "\"tool_calls_executed\":2}}",
     {.web_search = 2}},
    /* Cohere */
    {"{\"billed_units\":{\"input_tokens\":10.0,\"output_tokens\":5.0,\"search_units\":2,"
     "\"images\":3,\"pages\":4},\"tokens\":{\"input_tokens\":99,\"output_tokens\":99}}",
     {.web_search = 2, .image = 3, .page = 4}},
    /* predictions that were rejected are in the completion already */
    {"{" COUNTS ",\"completion_tokens_details\":{\"accepted_prediction_tokens\":1,"
     "\"rejected_prediction_tokens\":3}}",
     {.input = 0}},
};

static void reads_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parted / sizeof *parted; i++) {
        struct json_value usage = parsed(parted[i].usage);
        struct usage_form form;
        bool any = false;
        assert_true(usage_form_read(&usage, &form));
        for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
            int64_t count = form.parts.of[unit] > 0 ? form.parts.of[unit] : 0;
            any = any || count > 0;
            if (count != parted[i].parts.of[unit])
                fail_msg("%lld of %s: %s", (long long)count, unit_name(unit), parted[i].usage);
        }
        assert_int_equal(form.has_parts, any);
        assert_false(form.flawed);
    }
}

/* Searches may come alone, in a chunk of their own. */
static void parts_without_counts_are_told(void **state)
{
    (void)state;
    struct json_value usage = parsed("{\"server_tool_use\":{\"web_search_requests\":2}}");
    struct usage_form form;
    assert_false(usage_form_read(&usage, &form));
    assert_true(form.has_parts);
    assert_int_equal(form.parts.web_search, 2);
    assert_int_equal(form.parts.cache_write, -1);
}

static void what_has_no_counts_is_no_usage(void **state)
{
    (void)state;
    static const char *const none[] = {"null",
                                       "{}",
                                       "[10,5]",
                                       "{\"usage\":{" COUNTS "}}",
                                       "{\"Prompt_tokens\":10}",
                                       "{\"prompt_tokens\":null}"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct json_value usage = parsed(none[i]);
        struct usage_form form;
        if (usage_form_read(&usage, &form))
            fail_msg("usable: %s", none[i]);
    }
}

static void finds_usage_in_other_places(void **state)
{
    (void)state;
    static const char *const places[] = {
        "{\"choices\":[],\"x_groq\":{\"id\":\"r\",\"usage\":{" COUNTS "}}}",
        "{\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":5}}",
        "{\"usage_metadata\":{\"prompt_token_count\":10,\"candidates_token_count\":5}}",
        "{\"message\":{\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}}",
        "{\"response\":{\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}}",
        "{\"meta\":{\"billed_units\":{\"input_tokens\":10,\"output_tokens\":5}}}",
        "{\"usage_info\":{\"prompt_tokens\":10,\"completion_tokens\":5}}",
        "{\"prompt_eval_count\":10,\"eval_count\":5,\"done\":true}",
        "{\"timings\":{\"prompt_n\":7,\"cache_n\":3,\"predicted_n\":5,\"predicted_ms\":1.5}}",
    };
    static const char *const none[] = {"{}", "{\"choices\":[]}", "{\"x_groq\":{\"id\":\"r\"}}",
                                       "{\"timings\":{\"prompt_ms\":1}}", "{\"message\":{}}"};
    struct usage_form form;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct json_value root = parsed(places[i]);
        if (!usage_find(&root, &form))
            fail_msg("not found: %s", places[i]);
        assert_int_equal(form.prompt, 10);
        assert_int_equal(form.completion, 5);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct json_value root = parsed(none[i]);
        assert_false(usage_find(&root, &form));
    }
}

/* What llama.cpp has read of a prompt is not the whole of it unless it says what its cache had. */
static void timings_without_a_cache_have_no_prompt(void **state)
{
    (void)state;
    struct json_value root = parsed("{\"timings\":{\"prompt_n\":7,\"predicted_n\":5}}");
    struct usage_form form;
    assert_true(usage_find(&root, &form));
    assert_int_equal(form.prompt, -1);
    assert_int_equal(form.completion, 5);
}

/* Each is within the bound of a count, and their sum is not: then the prompt is not known. */
static void timings_above_the_bound_are_no_count(void **state)
{
    (void)state;
    struct usage_form form;
    struct json_value root = parsed("{\"timings\":{\"prompt_n\":600000000000,"
                                    "\"cache_n\":400000000001,\"predicted_n\":5}}");
    assert_true(usage_find(&root, &form));
    assert_int_equal(form.prompt, -1);
    assert_int_equal(form.cached, -1);
    assert_true(form.flawed);
    root = parsed("{\"timings\":{\"prompt_n\":600000000000,\"cache_n\":400000000000,"
                  "\"predicted_n\":5}}");
    assert_true(usage_find(&root, &form));
    assert_int_equal(form.prompt, 1000000000000);
    assert_false(form.flawed);
    root = parsed("{\"timings\":{\"prompt_n\":-7,\"cache_n\":3,\"predicted_n\":5}}");
    assert_true(usage_find(&root, &form));
    assert_true(form.flawed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_usage),
        cmocka_unit_test(reads_parts),
        cmocka_unit_test(parts_without_counts_are_told),
        cmocka_unit_test(what_has_no_counts_is_no_usage),
        cmocka_unit_test(finds_usage_in_other_places),
        cmocka_unit_test(timings_without_a_cache_have_no_prompt),
        cmocka_unit_test(timings_above_the_bound_are_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
