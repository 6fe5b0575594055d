/* What a request brings: each kind is counted once, and what cannot be foreseen is told apart. */
#include "base/support.h"

#include <string.h>

#include "dialect/parsed.h"
#include "dialect/prompt.h"

enum { BODY_BYTES = 100000 };

static struct prompt add(const char *message)
{
    struct prompt prompt = {.bytes_most = BODY_BYTES};
    struct json_value value = parsed(message);
    const char *twice = prompt_add_message(&prompt, &value);
    if (twice != NULL)
        fail_msg("%s: %s", twice, message);
    return prompt;
}

#define PART(members) "{\"role\":\"user\",\"content\":[{" members "}]}"
#define URL(url) PART("\"type\":\"image_url\",\"image_url\":{\"url\":\"" url "\"}")

static const struct {
    const char *message;
    int64_t images, audios, files, opaques;
} kinds[] = {
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

static void tells_kinds_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct prompt prompt = add(kinds[i].message);
        if (prompt.image_count != kinds[i].images || prompt.audio_count != kinds[i].audios ||
            prompt.file_count != kinds[i].files || prompt.opaque_count != kinds[i].opaques)
            fail_msg("%lld pictures, %lld sounds, %lld files, %lld opaque: %s",
                     (long long)prompt.image_count, (long long)prompt.audio_count,
                     (long long)prompt.file_count, (long long)prompt.opaque_count,
                     kinds[i].message);
    }
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
    };
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_kinds_apart),
        cmocka_unit_test(text_is_the_strings_of_a_message),
        cmocka_unit_test(data_is_no_text),
        cmocka_unit_test(what_is_opaque_keeps_its_words),
        cmocka_unit_test(a_member_that_is_there_twice_is_named),
        cmocka_unit_test(tells_where_a_cache_may_be_marked),
        cmocka_unit_test(members_beside_the_messages_count_as_sent),
        cmocka_unit_test(a_template_has_tokens_for_each_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
