/* What stands beside the usual counts: whole usage objects, as the official SDKs write those of
 * their types (anthropic 2.14.0, openai 3.57.0, google-genai 3.6.1, mistralai 3.7.0), and what an
 * answer counts outside of its usage. */
#include "base/support.h"

#include "dialect/parsed.h"
#include "dialect/usage_beside.h"
#include "dialect/usage_find.h"
#include "dialect/usage_form.h"

/* A usage, the answer around it, and what both come to. A part that is 0 was not told. */
struct answer {
    const char *usage;  /* "": none */
    const char *answer; /* "{}": nothing beside */
    int64_t prompt, cached, completion;
    struct unit_counts parts;
};

#define SHELL(environment)                                                                         \
    "{\"type\":\"shell_call\",\"environment\":{\"type\":\"" environment "\"}}"
#define COUNTS "\"input_tokens\":10,\"output_tokens\":5"
#define DRAWING                                                                                    \
    "{\"input_tokens\":30,\"input_tokens_details\":{\"image_tokens\":20,\"text_tokens\":10},"      \
    "\"output_tokens\":400,\"total_tokens\":430,\"cached_tokens\":8,"                              \
    "\"cached_tokens_details\":{\"cached_image_tokens\":6,\"cached_text_tokens\":2},"              \
    "\"output_tokens_details\":{\"image_tokens\":390,\"text_tokens\":10}}"

static const struct answer answers[] = {
    {.usage = /* anthropic: BetaUsage */
     "{\"cache_creation\":{\"ephemeral_1h_input_tokens\":10,\"ephemeral_5m_input_tokens\":20},"
     "\"cache_creation_input_tokens\":30,\"cache_read_input_tokens\":40,\"inference_geo\":\"us\","
     "\"input_tokens\":100,\"iterations\":[{\"cache_creation\":{\"ephemeral_1h_input_tokens\":3,"
     "\"ephemeral_5m_input_tokens\":4},\"cache_creation_input_tokens\":7,"
     "\"cache_read_input_tokens\":5,\"input_tokens\":1000,\"output_tokens\":200,"
     "\"type\":\"compaction\"},{\"cache_creation_input_tokens\":30,\"cache_read_input_tokens\":40,"
     "\"input_tokens\":100,\"output_tokens\":50,\"type\":\"message\"}],\"output_tokens\":50,"
     "\"server_tool_use\":{\"web_fetch_requests\":1,\"web_search_requests\":2},"
     "\"service_tier\":\"standard\",\"speed\":\"standard\"}",
     .answer = "{}",
     .prompt = 100 + 30 + 40 + 1000 + 7 + 5,
     .cached = 45,
     .completion = 250,
     .parts = {.cache_write = 37, .cache_write_long = 13, .web_search = 2}},
    {.usage = "{" COUNTS "}", /* openai: ToolUsage */
     .answer = "{\"tool_usage\":{\"image_gen\":" DRAWING ",\"web_search\":{\"num_requests\":3}}}",
     .prompt = 40,
     .cached = 8,
     .completion = 405,
     .parts = {.image_input = 14, .cached_image_input = 6, .image_output = 390, .web_search = 3}},
    {.usage = "{" COUNTS "}", /* what it does not tell apart is pictures */
     .answer = "{\"tool_usage\":{\"image_gen\":{\"input_tokens\":30,\"output_tokens\":400}}}",
     .prompt = 40,
     .cached = -1,
     .completion = 405,
     .parts = {.image_output = 400}},
    {.usage = "{" COUNTS "}",
     .answer = "{\"tool_usage\":{\"image_gen\":null,\"web_search\":{\"num_requests\":0}}}",
     .prompt = 10,
     .cached = -1,
     .completion = 5},
    /* the calls of a response; those that the tools have reported are not counted again */
    {.usage = "{" COUNTS "}",
     .answer = "{\"output\":[{\"type\":\"web_search_call\"},{\"type\":\"message\"},"
               "{\"type\":\"web_search_call\"},{\"type\":\"file_search_call\"},"
               "{\"type\":\"code_interpreter_call\"},{\"type\":\"code_interpreter_call\"}]}",
     .prompt = 10,
     .cached = -1,
     .completion = 5,
     .parts = {.web_search = 2, .file_search = 1, .session = 1}},
    {.usage = "{" COUNTS "}",
     .answer = "{\"output\":[" SHELL("container_reference") "," SHELL("container_reference") "]}",
     .prompt = 10,
     .cached = -1,
     .completion = 5,
     .parts = {.session = 1}},
    {.usage = "{" COUNTS "}",
     .answer = "{\"output\":[" SHELL("local") ",{\"type\":\"shell_call\",\"environment\":null},"
                                              "{\"type\":\"shell_call\"}]}",
     .prompt = 10,
     .cached = -1,
     .completion = 5},
    {.usage = "{" COUNTS "}",
     .answer = "{\"output\":[{\"type\":\"web_search_call\"},{\"type\":\"web_search_call\"}],"
               "\"tool_usage\":{\"web_search\":{\"num_requests\":1}}}",
     .prompt = 10,
     .cached = -1,
     .completion = 5,
     .parts = {.web_search = 1}},
    /* openai: ImageGenerationCall.svg_usage, of each picture; actions of a search */
    {.usage = "{" COUNTS "}",
     .answer =
         "{\"output\":[{\"type\":\"image_generation_call\",\"svg_usage\":{\"input_tokens\":70,"
         "\"model\":\"m\",\"output_tokens\":200,\"reasoning_tokens\":40,\"total_tokens\":270}},"
         "{\"type\":\"image_generation_call\",\"svg_usage\":null},"
         "{\"type\":\"image_generation_call\",\"svg_usage\":{\"input_tokens\":1,"
         "\"output_tokens\":2,\"reasoning_tokens\":0,\"total_tokens\":3}}]}",
     .prompt = 81,
     .cached = -1,
     .completion = 207},
    {.usage = "{" COUNTS "}",
     .answer = "{\"output\":[{\"type\":\"web_search_call\",\"action\":{\"type\":\"search\"}},"
               "{\"type\":\"web_search_call\",\"action\":{\"type\":\"open_page\"}},"
               "{\"type\":\"web_search_call\",\"action\":{\"type\":\"find_in_page\"}}]}",
     .prompt = 10,
     .cached = -1,
     .completion = 5,
     .parts = {.web_search = 1}},
    /* google-genai: GroundingMetadata */
    {.usage = "{\"promptTokenCount\":10,\"candidatesTokenCount\":5,\"totalTokenCount\":15}",
     .answer = "{\"candidates\":[{\"groundingMetadata\":{\"webSearchQueries\":[\"a\",\"\",\"b\"],"
               "\"imageSearchQueries\":[\"c\"],\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}}]}}]}",
     .prompt = 10,
     .cached = -1,
     .completion = 5,
     .parts = {.web_search = 3}},
    {.usage = "{\"promptTokenCount\":10,\"candidatesTokenCount\":5}",
     .answer = "{\"candidates\":[{\"grounding_metadata\":{\"grounding_chunks\":["
               "{\"maps\":{\"uri\":\"u\"}},{\"maps\":{\"uri\":\"v\"}}]}}]}",
     .prompt = 10,
     .cached = -1,
     .completion = 5,
     .parts = {.maps_search = 1}},
    /* openai: UsageDuration and UsageTokens of a transcription */
    {.usage = "{\"seconds\":9.2,\"type\":\"duration\"}",
     .answer = "{}",
     .prompt = -1,
     .cached = -1,
     .completion = -1,
     .parts = {.second = 10}},
    {.usage = "{\"seconds\":9,\"type\":\"duration\"}",
     .answer = "{}",
     .prompt = -1,
     .cached = -1,
     .completion = -1,
     .parts = {.second = 9}},
    {.usage = "{\"seconds\":-9,\"type\":\"duration\"}",
     .answer = "{}",
     .prompt = -1,
     .cached = -1,
     .completion = -1},
    {.usage = "{\"input_tokens\":14,\"output_tokens\":101,\"total_tokens\":115,\"type\":\"tokens\","
              "\"input_token_details\":{\"audio_tokens\":12,\"text_tokens\":2}}",
     .answer = "{}",
     .prompt = 14,
     .cached = -1,
     .completion = 101,
     .parts = {.audio_input = 12}},
    /* mistralai: UsageInfo, OCRUsageInfo */
    {.usage = "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15,"
              "\"prompt_audio_seconds\":203}",
     .answer = "{}",
     .prompt = 10,
     .cached = -1,
     .completion = 5,
     .parts = {.second = 203}},
    {.usage = "{\"pages_processed\":29,\"doc_size_bytes\":1002594}",
     .answer = "{}",
     .prompt = -1,
     .cached = -1,
     .completion = -1,
     .parts = {.page = 29}},
};

static void assert_parts(const struct usage_form *form, const struct answer *wanted)
{
    for (enum unit unit = UNIT_INPUT; unit < UNIT_COUNT; unit++) {
        int64_t count = form->parts.of[unit] > 0 ? form->parts.of[unit] : 0;
        if (count != wanted->parts.of[unit])
            fail_msg("%lld of %s, not %lld: %s %s", (long long)count, unit_name(unit),
                     (long long)wanted->parts.of[unit], wanted->usage, wanted->answer);
    }
}

static void answers_are_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct answer *wanted = &answers[i];
        struct json_value usage = parsed(wanted->usage);
        struct json_value answer = parsed(wanted->answer);
        struct usage_form form;
        (void)usage_form_read(&usage, &form);
        (void)usage_beside_add(&answer, &form);
        if (form.prompt != wanted->prompt || form.cached != wanted->cached ||
            form.completion != wanted->completion || form.flawed)
            fail_msg("%lld in, %lld of them cached, %lld out%s: %s", (long long)form.prompt,
                     (long long)form.cached, (long long)form.completion,
                     form.flawed ? ", flawed" : "", wanted->usage);
        assert_parts(&form, wanted);
    }
}

/* A response in an event about it; a document that was read. */
static void they_are_found_in_events(void **state)
{
    (void)state;
    struct usage_form form;
    struct json_value root =
        parsed("{\"type\":\"response.completed\",\"response\":{\"usage\":{" COUNTS "},"
               "\"tool_usage\":{\"image_gen\":" DRAWING ",\"web_search\":{\"num_requests\":3}}}}");
    assert_true(usage_find(&root, &form));
    assert_int_equal(form.prompt, 40);
    assert_int_equal(form.completion, 405);
    assert_int_equal(form.parts.web_search, 3);
    root = parsed("{\"candidates\":[{\"groundingMetadata\":{\"webSearchQueries\":[\"a\"]}}],"
                  "\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":5}}");
    assert_true(usage_find(&root, &form));
    assert_int_equal(form.parts.web_search, 1);
    root = parsed("{\"pages\":[],\"usage_info\":{\"pages_processed\":29}}");
    assert_true(usage_find(&root, &form));
    assert_int_equal(form.parts.page, 29);
    root = parsed("{\"results\":[],\"meta\":{\"billed_units\":{\"search_units\":2}}}");
    assert_true(usage_find(&root, &form));
    assert_int_equal(form.parts.web_search, 2);
}

/* Forms that are not as expected cost only themselves. */
static void odd_forms_are_ignored(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "{}",
        "{\"tool_usage\":null,\"output\":null,\"candidates\":null}",
        "{\"tool_usage\":[1],\"output\":\"text\",\"candidates\":{}}",
        "{\"tool_usage\":{\"image_gen\":[],\"web_search\":7}}",
        "{\"tool_usage\":{\"web_search\":{\"num_requests\":-1}}}",
        "{\"tool_usage\":{\"web_search\":{\"num_requests\":1e300}}}",
        "{\"output\":[1,null,[],{\"type\":7},{}]}",
        "{\"candidates\":[1,{\"groundingMetadata\":7},{\"groundingMetadata\":"
        "{\"webSearchQueries\":\"a\",\"groundingChunks\":[{\"maps\":null},7]}}]}",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct json_value usage = parsed("{" COUNTS "}");
        struct json_value answer = parsed(odd[i]);
        struct usage_form form;
        assert_true(usage_form_read(&usage, &form));
        if (usage_beside_add(&answer, &form) || form.has_parts || form.flawed || form.prompt != 10)
            fail_msg("%s", odd[i]);
    }
}

/* Sums stay within their bounds. */
static void a_sum_above_every_bound_is_a_flaw(void **state)
{
    (void)state;
    struct json_value usage = parsed("{\"input_tokens\":1000000000000,\"output_tokens\":5}");
    struct json_value answer = parsed("{\"tool_usage\":{\"image_gen\":" DRAWING "}}");
    struct usage_form form;
    assert_true(usage_form_read(&usage, &form));
    assert_true(usage_beside_add(&answer, &form));
    assert_int_equal(form.prompt, INT64_C(1000000000000));
    assert_int_equal(form.completion, 405);
    assert_true(form.flawed);
}

/* A tool's tokens alone are not what the answer used. */
static void they_alone_are_no_whole(void **state)
{
    (void)state;
    struct json_value usage = parsed("{\"output_tokens\":5}");
    struct json_value answer = parsed("{\"tool_usage\":{\"image_gen\":" DRAWING "}}");
    struct usage_form form;
    assert_true(usage_form_read(&usage, &form));
    assert_true(usage_beside_add(&answer, &form));
    assert_int_equal(form.prompt, -1);
    assert_int_equal(form.cached, -1);
    assert_int_equal(form.completion, 405);
    assert_true(form.flawed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_counted),
        cmocka_unit_test(they_are_found_in_events),
        cmocka_unit_test(odd_forms_are_ignored),
        cmocka_unit_test(a_sum_above_every_bound_is_a_flaw),
        cmocka_unit_test(they_alone_are_no_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
