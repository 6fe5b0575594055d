/* What a request brings: each kind is counted once, and what cannot be foreseen is told apart. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "dialect/parsed.h"
#include "dialect/prompt.h"

enum { BODY_BYTES = 100000 };

typedef const char *adder(struct prompt *, const struct json_value *);

static struct prompt add_by(adder *by, const char *message)
{
    struct prompt prompt = {.bytes_most = BODY_BYTES};
    struct json_value value = parsed(message);
    const char *twice = by(&prompt, &value);
    if (twice != NULL)
        fail_msg("%s: %s", twice, message);
    return prompt;
}

static struct prompt add(const char *message)
{
    return add_by(prompt_add_message, message);
}

#define PART(members) "{\"role\":\"user\",\"content\":[{" members "}]}"
#define URL(url) PART("\"type\":\"image_url\",\"image_url\":{\"url\":\"" url "\"}")

struct kinds {
    const char *message;
    int64_t images, audios, files, opaques;
};

static const struct kinds kinds[] = {
    {"{\"role\":\"user\",\"content\":\"hello\"}", 0, 0, 0, 0},
    {PART("\"type\":\"text\",\"text\":\"hello\""), 0, 0, 0, 0},
    {PART("\"type\":\"thinking\",\"thinking\":\"hm\""), 0, 0, 0, 0},
    {URL("https://x.example/a.png"), 1, 0, 0, 0},
    {URL("data:image/png;base64,QUJD"), 1, 0, 0, 0},
    {URL("DATA:IMAGE/png;base64,QUJD"), 1, 0, 0, 0},
    {URL("data:image\\/png;base64,QUJD"), 1, 0, 0, 0},
    {PART("\"type\":\"image_url\",\"image_url\":\"https://x.example\""), 1, 0, 0, 0},
    {PART("\"type\":\"input_image\",\"file_id\":\"f\""), 1, 0, 0, 0},
    /* a film, a file in a picture's place; a picture that is none */
    {URL("data:video/mp4;base64,QUJD"), 1, 0, 0, 1},
    {URL("data:application/pdf;base64,QUJD"), 1, 0, 0, 1},
    {PART("\"type\":\"image_url\",\"image_url\":{\"file\":\"f\"}"), 1, 0, 0, 1},
    {PART("\"type\":\"image_url\",\"image_url\":5"), 1, 0, 0, 1},
    {PART("\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QUJD\"}"), 0, 1, 0, 0},
    {PART("\"type\":\"audio_url\",\"audio_url\":{\"url\":\"https://x.example\"}"), 0, 1, 0, 1},
    {PART("\"type\":\"file\",\"file\":{\"file_id\":\"f\"}"), 0, 0, 1, 1},
    {PART("\"type\":\"document\",\"source\":{\"data\":\"x\"}"), 0, 0, 1, 1},
    {PART("\"type\":\"video_url\",\"video_url\":{\"url\":\"https://x.example\"}"), 0, 0, 0, 1},
    /* without a type: by the media type of its data */
    {PART("\"inline_data\":{\"mime_type\":\"image/png\",\"data\":\"QUJD\"}"), 1, 0, 0, 0},
    {PART("\"inlineData\":{\"mimeType\":\"audio/wav\",\"data\":\"QUJD\"}"), 0, 1, 0, 1},
    {PART("\"inline_data\":{\"mime_type\":\"application/pdf\"}"), 0, 0, 1, 1},
    {PART("\"x\":\"image/png\""), 0, 0, 0, 1},
    {"{\"content\":[5]}", 0, 0, 0, 1},
    /* beside the text */
    {"{\"content\":\"a\",\"images\":[\"QUJD\",\"QUJD\"]}", 2, 0, 0, 0},
    {"{\"role\":\"assistant\",\"audio\":{\"id\":\"a\"}}", 0, 0, 0, 1},
};

#define PICTURE "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"data\":\"QUJD\"}}"
#define RESULT(content) PART("\"type\":\"tool_result\",\"content\":" content)
#define DOCUMENT(source) "{\"type\":\"document\",\"source\":{" source "}}"
#define PDF DOCUMENT("\"type\":\"base64\",\"media_type\":\"application/pdf\",\"data\":\"QUJD\"")

/* What Claude Code and its like send. */
static const struct kinds anthropic_kinds[] = {
    {PART("\"type\":\"tool_use\",\"id\":\"t\",\"input\":{\"type\":\"image\"}"), 0, 0, 0, 0},
    {PART("\"type\":\"server_tool_use\",\"input\":{}"), 0, 0, 0, 0},
    {PART("\"type\":\"mcp_tool_use\",\"input\":{}"), 0, 0, 0, 0},
    {PART("\"type\":\"redacted_thinking\",\"data\":\"QUJD\""), 0, 0, 0, 0},
    {PART("\"type\":\"compaction\",\"content\":\"so far\""), 0, 0, 0, 0},
    {RESULT("\"text\""), 0, 0, 0, 0},
    {RESULT("null"), 0, 0, 0, 0},
    {RESULT("[{\"type\":\"text\",\"text\":\"a\"}," PICTURE "," PICTURE "]"), 2, 0, 0, 0},
    {RESULT("[" PDF "]"), 0, 0, 1, 1},
    {RESULT("[{\"type\":\"search_result\",\"content\":[{\"type\":\"text\"}]}]"), 0, 0, 0, 0},
    {RESULT("[{\"type\":\"tool_reference\"},{\"type\":\"tomorrow\"}]"), 0, 0, 0, 1},
    {PART("\"type\":\"mcp_tool_result\",\"content\":[" PICTURE "]"), 1, 0, 0, 0},
    {PART("\"type\":\"web_search_tool_result\",\"content\":[{\"type\":\"web_search_result\","
          "\"encrypted_content\":\"QUJD\"}]"),
     0, 0, 0, 0},
    {PART("\"type\":\"web_search_tool_result\",\"content\":"
          "{\"type\":\"web_search_tool_result_error\"}"),
     0, 0, 0, 0},
    {PART("\"type\":\"web_fetch_tool_result\",\"content\":"
          "{\"type\":\"web_fetch_result\",\"content\":" PDF "}"),
     0, 0, 1, 1},
    {PART("\"type\":\"container_upload\",\"file_id\":\"f\""), 0, 0, 0, 1},
    /* documents: of text, of parts, of what a file has */
    {RESULT("[" DOCUMENT("\"type\":\"text\",\"data\":\"plain\"") "]"), 0, 0, 0, 0},
    {RESULT("[" DOCUMENT("\"type\":\"content\",\"content\":\"plain\"") "]"), 0, 0, 0, 0},
    {RESULT("[" DOCUMENT("\"type\":\"content\",\"content\":[" PICTURE "]") "]"), 1, 0, 0, 0},
    {RESULT("[" DOCUMENT("\"type\":\"url\",\"url\":\"https://x.example\"") "]"), 0, 0, 1, 1},
    {RESULT("[" DOCUMENT("\"type\":\"text\",\"type\":\"url\"") "]"), 0, 0, 1, 1},
};

/* What Codex and its like send. */
static const struct kinds item_kinds[] = {
    {"{\"role\":\"user\",\"content\":\"hello\"}", 0, 0, 0, 0},
    {"{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}", 1, 0, 0,
     0},
    {"{\"role\":\"user\",\"content\":[{\"type\":\"input_file\",\"file_id\":\"f\"}]}", 0, 0, 1, 1},
    {"{\"type\":\"function_call\",\"arguments\":\"{}\"}", 0, 0, 0, 0},
    {"{\"type\":\"function_call_output\",\"output\":\"done\"}", 0, 0, 0, 0},
    {"{\"type\":\"function_call_output\",\"output\":[{\"type\":\"input_text\",\"text\":\"a\"},"
     "{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,QUJD\"}]}",
     1, 0, 0, 0},
    {"{\"type\":\"custom_tool_call\",\"input\":\"ls\"}", 0, 0, 0, 0},
    {"{\"type\":\"custom_tool_call_output\",\"output\":[{\"type\":\"input_file\"}]}", 0, 0, 1, 1},
    {"{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"a\"}],"
     "\"encrypted_content\":\"QUJD\"}",
     0, 0, 0, 0},
    {"{\"type\":\"web_search_call\",\"action\":{\"type\":\"search\"}}", 0, 0, 0, 0},
    {"{\"type\":\"local_shell_call\",\"action\":{\"type\":\"exec\"}}", 0, 0, 0, 0},
    {"{\"type\":\"shell_call_output\",\"output\":[{\"stdout\":\"a\"}]}", 0, 0, 0, 0},
    {"{\"type\":\"apply_patch_call\",\"operation\":{\"type\":\"update_file\"}}", 0, 0, 0, 0},
    {"{\"type\":\"mcp_call\",\"output\":\"a\"}", 0, 0, 0, 0},
    {"{\"type\":\"compaction\",\"encrypted_content\":\"QUJD\"}", 0, 0, 0, 0},
    {"{\"type\":\"image_generation_call\",\"result\":\"QUJD\"}", 1, 0, 0, 0},
    {"{\"type\":\"computer_call_output\",\"output\":{\"type\":\"computer_screenshot\","
     "\"file_id\":\"f\"}}",
     1, 0, 0, 0},
    {"{\"type\":\"code_interpreter_call\",\"outputs\":[{\"type\":\"logs\",\"logs\":\"a\"},"
     "{\"type\":\"image\",\"url\":\"https://x.example\"}]}",
     1, 0, 0, 0},
    {"{\"type\":\"code_interpreter_call\",\"outputs\":null}", 0, 0, 0, 0},
    {"{\"type\":\"item_reference\",\"id\":\"rs_1\"}", 0, 0, 0, 0},
    {"{\"id\":\"rs_1\"}", 0, 0, 0, 0},
    {"{\"id\":null}", 0, 0, 0, 1},
    {"{\"type\":\"tomorrow\"}", 0, 0, 0, 1},
};

#define PARTS(members) "{\"role\":\"user\",\"parts\":[{" members "}]}"
#define INLINE(type) "\"inlineData\":{\"mimeType\":\"" type "\",\"data\":\"QUJD\"}"

/* What Gemini CLI and its like send. */
static const struct kinds content_kinds[] = {
    {PARTS("\"text\":\"hello\""), 0, 0, 0, 0},
    {"{\"parts\":{\"text\":\"hello\"}}", 0, 0, 0, 0},
    {"{\"role\":\"user\"}", 0, 0, 0, 0},
    {PARTS("\"text\":\"hm\",\"thought\":true,\"thoughtSignature\":\"QUJD\""), 0, 0, 0, 0},
    {PARTS(INLINE("image/png")), 1, 0, 0, 0},
    {PARTS("\"inline_data\":{\"mime_type\":\"image/png\",\"data\":\"QUJD\"}"), 1, 0, 0, 0},
    {PARTS(INLINE("application/pdf")), 0, 0, 1, 1},
    {PARTS(INLINE("video/mp4") ",\"videoMetadata\":{\"fps\":1}"), 0, 0, 0, 1},
    {PARTS("\"inlineData\":{\"mimeType\":\"image/png\",\"mime_type\":\"video/mp4\"}"), 0, 0, 0, 1},
    {PARTS(INLINE("image/png") ",\"inline_data\":{\"mime_type\":\"video/mp4\"}"), 1, 0, 0, 1},
    {PARTS("\"fileData\":{\"fileUri\":\"https://x.example\"}"), 0, 0, 0, 1},
    {PARTS("\"functionCall\":{\"name\":\"f\",\"args\":{\"mimeType\":\"image/png\"}}"), 0, 0, 0, 0},
    {PARTS("\"functionResponse\":{\"name\":\"f\",\"response\":{\"output\":\"a\"}}"), 0, 0, 0, 0},
    {PARTS("\"functionResponse\":{\"name\":\"f\",\"parts\":[{" INLINE("image/png") "},{" INLINE(
         "application/pdf") "}]}"),
     1, 0, 1, 1},
    {PARTS("\"function_response\":{\"parts\":{" INLINE("image/png") "}}"), 1, 0, 0, 0},
    {PARTS("\"executableCode\":{\"code\":\"1\"}"), 0, 0, 0, 0},
    {PARTS("\"code_execution_result\":{\"output\":\"1\"}"), 0, 0, 0, 0},
    {PARTS("\"tomorrow\":{}"), 0, 0, 0, 1},
    {"{\"parts\":[\"text\"]}", 0, 0, 0, 1},
};

static void check_kinds(adder *by, const struct kinds *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct prompt prompt = add_by(by, list[i].message);
        if (prompt.image_count != list[i].images || prompt.audio_count != list[i].audios ||
            prompt.file_count != list[i].files || prompt.opaque_count != list[i].opaques)
            fail_msg("%lld pictures, %lld sounds, %lld files, %lld opaque: %s",
                     (long long)prompt.image_count, (long long)prompt.audio_count,
                     (long long)prompt.file_count, (long long)prompt.opaque_count, list[i].message);
        assert_int_equal(prompt.message_count, 1);
    }
}

static void tells_kinds_apart(void **state)
{
    (void)state;
    check_kinds(prompt_add_message, kinds, sizeof kinds / sizeof *kinds);
    check_kinds(prompt_add_message, anthropic_kinds,
                sizeof anthropic_kinds / sizeof *anthropic_kinds);
    check_kinds(prompt_add_item, item_kinds, sizeof item_kinds / sizeof *item_kinds);
    check_kinds(prompt_add_content, content_kinds, sizeof content_kinds / sizeof *content_kinds);
}

/* Wherever a picture stands, the length of its base64 is neither text nor a bound of it. */
static void nested_data_is_no_text(void **state)
{
    (void)state;
    static const struct {
        adder *by;
        const char *before, *after;
    } cases[] = {
        {prompt_add_message,
         "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"content\":["
         "{\"type\":\"image\","
         "\"source\":{\"type\":\"base64\",\"data\":",
         "}}]}]}"},
        {prompt_add_item,
         "{\"type\":\"function_call_output\",\"output\":[{\"type\":\"input_image\",\"image_url\":",
         "}]}"},
        {prompt_add_item, "{\"type\":\"image_generation_call\",\"result\":", "}"},
        {prompt_add_content,
         "{\"parts\":[{\"functionResponse\":{\"parts\":[{\"inlineData\":"
         "{\"mimeType\":\"image/png\","
         "\"data\":",
         "}}]}}]}"},
    };
    char data[1000];
    char text[2000];
    memset(data, 'A', sizeof data - 1);
    data[sizeof data - 1] = '\0';
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "%s\"%s\"%s", cases[i].before, data, cases[i].after);
        struct prompt prompt = add_by(cases[i].by, text);
        assert_int_equal(prompt.bytes_most, BODY_BYTES - sizeof data - 1);
        assert_in_range(prompt.text_bytes, 0, 60);
        assert_int_equal(prompt.image_count, 1);
    }
}

/* What is encrypted is at most as many tokens as it has bytes. */
static void encrypted_reasoning_counts_as_text(void **state)
{
    (void)state;
    struct prompt prompt =
        add_by(prompt_add_item, "{\"type\":\"reasoning\",\"encrypted_content\":\"QUJDQUJD\"}");
    assert_int_equal(prompt.bytes_most, BODY_BYTES);
    assert_int_equal(prompt.text_bytes, strlen("reasoningQUJDQUJD"));
    assert_true(text_mix_bytes(&prompt.mix) >= (int64_t)strlen("QUJDQUJD"));
}

static void text_is_the_strings_of_a_message(void **state)
{
    (void)state;
    struct prompt prompt = add("{\"role\":\"user\",\"content\":\"\\u00e9llo\"}");
    assert_int_equal(prompt.text_bytes, 4 + 5);
    assert_int_equal(prompt.bytes_most, BODY_BYTES);
    assert_int_equal(prompt.message_count, 1);
    assert_true(text_mix_bytes(&prompt.mix) > 0);
}

/* What is counted otherwise is neither text nor among the bytes that may be tokens. */
static void data_is_no_text(void **state)
{
    (void)state;
    static const char sound[] = "\"UklGRiQAAABXQVZF\"";
    struct prompt prompt =
        add(PART("\"type\":\"input_audio\",\"input_audio\":{\"data\":\"UklGRiQAAABXQVZF\"}"));
    assert_int_equal(prompt.audio_bytes, strlen(sound));
    assert_int_equal(prompt.bytes_most, BODY_BYTES - strlen(sound));
    assert_int_equal(prompt.text_bytes, strlen("userinput_audio"));
    prompt = add(URL("https://x.example/a.png"));
    assert_int_equal(prompt.bytes_most, BODY_BYTES - strlen("{'url':'https://x.example/a.png'}"));
    assert_int_equal(prompt.text_bytes, strlen("userimage_url"));
    prompt = add("{\"role\":\"user\",\"images\":[\"QUJD\"]}");
    assert_int_equal(prompt.text_bytes, strlen("user"));
    assert_int_equal(prompt.bytes_most, BODY_BYTES - strlen("['QUJD']"));
}

/* An address is as long as it is: what it stands for is not known, but its text is still paid. */
static void what_is_opaque_keeps_its_words(void **state)
{
    (void)state;
    struct prompt prompt = add(PART("\"type\":\"file\",\"file\":{\"file_id\":\"file-abc\"}"));
    assert_int_equal(prompt.bytes_most, BODY_BYTES);
    assert_int_equal(prompt.text_bytes, strlen("userfilefile-abc"));
}

static void a_member_that_is_there_twice_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *message, *name;
    } cases[] = {
        {"{\"content\":\"a\",\"c\\u006fntent\":\"b\"}", "content"},
        {"{\"images\":[],\"images\":[]}", "images"},
        {"{\"audio\":{},\"audio\":{}}", "audio"},
        {PART("\"type\":\"text\",\"type\":\"image_url\""), "type"},
        {PART("\"type\":\"image_url\",\"image_url\":\"a\",\"image_url\":\"b\""), "image_url"},
        {RESULT("\"a\",\"content\":[]"), "content"},
        {RESULT("[{\"type\":\"text\",\"type\":\"image\"}]"), "type"},
    };
    static const struct {
        adder *by;
        const char *message, *name;
    } others[] = {
        {prompt_add_item, "{\"type\":\"reasoning\",\"type\":\"item_reference\"}", "type"},
        {prompt_add_item, "{\"type\":\"function_call_output\",\"output\":[],\"output\":[]}",
         "output"},
        {prompt_add_item, "{\"type\":\"image_generation_call\",\"result\":\"a\",\"result\":\"b\"}",
         "result"},
        {prompt_add_content, "{\"parts\":[],\"parts\":[]}", "parts"},
        {prompt_add_content, "{\"parts\":[{\"functionResponse\":{\"parts\":[],\"parts\":[]}}]}",
         "parts"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct prompt prompt = {.bytes_most = BODY_BYTES};
        struct json_value value = parsed(others[i].message);
        const char *twice = others[i].by(&prompt, &value);
        assert_non_null(twice);
        assert_string_equal(twice, others[i].name);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prompt prompt = {.bytes_most = BODY_BYTES};
        struct json_value value = parsed(cases[i].message);
        const char *twice = prompt_add_message(&prompt, &value);
        assert_non_null(twice);
        assert_string_equal(twice, cases[i].name);
    }
}

/* Only what may hold one is searched. */
static void tells_where_a_cache_may_be_marked(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        bool marked;
    } cases[] = {
        {"{\"role\":\"user\",\"content\":\"cache_control\"}", false},
        {PART("\"type\":\"text\",\"text\":\"cache_control\""), false},
        {URL("https://x.example/cache_control"), false},
        {"{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"a\"}", false},
        {PART("\"type\":\"text\",\"citations\":[]"), false},
        {PART("\"type\":\"text\",\"cache_control\":{}"), true},
        {PART("\"type\":\"text\",\"CacheControl\":{}"), true},
        {PART("\"type\":\"text\",\"c\\u0061che_control\":{}"), true},
        {PART("\"type\":\"text\",\"\\u0063ache_control\":{}"), true},
        {PART("\"type\":\"tool_result\",\"x\":[]"), true},
        {"{\"tool_calls\":[{\"id\":\"c\",\"function\":{}}]}", false},
        {"{\"tool_calls\":[{\"id\":\"c\"},{\"cache_control\":{}}]}", true},
        {"{\"content\":\"a\",\"cache_control\":{}}", true},
        {"{\"role\":\"user\",\"content\":\"a\",\"CacheControl\":{}}", true},
        {"{\"content\":\"a\",\"cache\\u005fcontrol\":{}}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (add(cases[i].message).may_mark_caches != cases[i].marked)
            fail_msg("%s", cases[i].message);
    }
}

static void members_beside_the_messages_count_as_sent(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        bool counts;
    } members[] = {
        {"tools", "[{\"type\":\"function\"}]", true},
        {"response_format", "{\"a\":1}", true},
        {"prompt", "\"text\"", true},
        {"tools", "[]", false},
        {"tools", "{}", false},
        {"stop", "\"\"", false},
        {"temperature", "0.123", false},
        {"logprobs", "true", false},
        {"metadata", "{\"a\":\"b\"}", false},
        {"logit_bias", "{\"1\":2}", false},
        {"user", "\"someone\"", false},
        {"us\\u0065r", "\"someone\"", false},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct prompt prompt = {.bytes_most = BODY_BYTES};
        struct json_value value = parsed(members[i].value);
        prompt_add_member(&prompt, slice_of(members[i].key), &value);
        size_t bytes = members[i].counts ? strlen(members[i].value) : 0;
        if (prompt.text_bytes != (int64_t)bytes || text_mix_bytes(&prompt.mix) != (int64_t)bytes)
            fail_msg("%s: %lld", members[i].key, (long long)prompt.text_bytes);
    }
}

static void a_template_has_tokens_for_each_message(void **state)
{
    (void)state;
    struct prompt prompt = {.message_count = 0};
    assert_int_equal(prompt_template_tokens(&prompt), 3);
    prompt.message_count = 5;
    assert_int_equal(prompt_template_tokens(&prompt), 23);
}

static void many_messages_have_tokens_though_they_are_empty(void **state)
{
    (void)state;
    struct prompt prompt = {.message_count = 16};
    assert_int_equal(prompt_least_tokens(&prompt), 0);
    prompt.message_count = 116;
    assert_int_equal(prompt_least_tokens(&prompt), 400);
    prompt.input_count = 116; /* no template stands around these */
    assert_int_equal(prompt_least_tokens(&prompt), 116);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_kinds_apart),
        cmocka_unit_test(nested_data_is_no_text),
        cmocka_unit_test(encrypted_reasoning_counts_as_text),
        cmocka_unit_test(text_is_the_strings_of_a_message),
        cmocka_unit_test(data_is_no_text),
        cmocka_unit_test(what_is_opaque_keeps_its_words),
        cmocka_unit_test(a_member_that_is_there_twice_is_named),
        cmocka_unit_test(tells_where_a_cache_may_be_marked),
        cmocka_unit_test(members_beside_the_messages_count_as_sent),
        cmocka_unit_test(a_template_has_tokens_for_each_message),
        cmocka_unit_test(many_messages_have_tokens_though_they_are_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
