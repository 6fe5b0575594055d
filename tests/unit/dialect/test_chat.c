/* What is read from a chat completion request, and what is refused: whatever has a say in the
 * price is there once and of its type. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/chat.h"

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define BODY(members) "{\"model\":\"m\"," MESSAGES members "}"

/* A copy with nothing behind it, for the sanitizer. */
static struct slice copy_of(const char *text)
{
    size_t bytes = strlen(text);
    char *copy = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(copy);
    memcpy(copy, text, bytes);
    return (struct slice){copy, bytes};
}

static void free_slice(struct slice slice)
{
    free((void *)(uintptr_t)slice.data);
}

static void assert_refused(const char *text, const char *code, const char *param)
{
    struct slice body = copy_of(text);
    struct model_request request;
    struct request_fault fault = {0};
    if (chat_read(body, 0, &request, &fault))
        fail_msg("accepted: %s", text);
    if (strcmp(fault.code, code) != 0)
        fail_msg("%s, not %s: %s", fault.code, code, text);
    if ((param == NULL) != (fault.param == NULL) ||
        (param != NULL && strcmp(fault.param, param) != 0))
        fail_msg("param %s, not %s: %s", fault.param, param, text);
    assert_true(strlen(fault.message) > 0);
    free_slice(body);
}

/* `out` points into memory that is gone: only its numbers and names may be looked at. */
static void read_into(const char *text, struct model_request *out)
{
    struct slice body = copy_of(text);
    struct request_fault fault = {0};
    if (!chat_read(body, 0, out, &fault))
        fail_msg("%s (%s): %s", fault.message, fault.code, text);
    free_slice(body);
}

/* ---- wrong types and values ---- */

#define STREAMED ",\"stream\":true"

/* Each member with what it must not be; %s stands for the value. */
static const struct {
    const char *param;
    const char *body;
    const char *values[24];
} wrongs[] = {
    {"model",
     "{\"model\":%s," MESSAGES "}",
     {"1", "1.5", "true", "false", "[]", "{}", "[\"m\"]", "{\"name\":\"m\"}", "\"\"",
      "\"m\\u0000\"", "\"\\u0000m\""}},
    {"messages",
     "{\"model\":\"m\",\"messages\":%s}",
     {"1", "true", "\"hi\"", "{}", "{\"0\":{}}", "[]", "[ ]", "[1]", "[\"hi\"]", "[null]", "[[]]",
      "[{},null]", "[{\"role\":\"user\",\"content\":\"x\"},true]"}},
    {"stream", BODY(",\"stream\":%s"), {"1", "0", "\"true\"", "\"\"", "[]", "{}", "[true]"}},
    {"stream_options",
     BODY(STREAMED ",\"stream_options\":%s"),
     {"1", "true", "false", "\"include_usage\"", "[]", "[{\"include_usage\":true}]"}},
    {"stream_options",
     BODY(",\"stream_options\":%s"),
     {"{}", "{\"include_usage\":true}", "{\"include_usage\":false}", "{\"x\":1}", "[]", "true"}},
    {"stream_options",
     BODY(",\"stream\":false,\"stream_options\":%s"),
     {"{}", "{\"include_usage\":true}"}},
    {"stream_options", BODY(",\"stream\":null,\"stream_options\":%s"), {"{}"}},
    {"include_usage",
     BODY(STREAMED ",\"stream_options\":{\"include_usage\":%s}"),
     {"1", "0", "\"true\"", "[]", "{}"}},
    {"max_tokens",
     BODY(",\"max_tokens\":%s"),
     {"0",
      "-1",
      "-0",
      "0.5",
      "1.5",
      "1e-1",
      "2147483648",
      "4294967297",
      "9223372036854775807",
      "9223372036854775808",
      "18446744073709551617",
      "1e10",
      "1e400",
      "-1e400",
      "\"5\"",
      "true",
      "false",
      "[]",
      "[5]",
      "{}"}},
    {"max_completion_tokens",
     BODY(",\"max_completion_tokens\":%s"),
     {"0",
      "-1",
      "-0",
      "0.5",
      "1.5",
      "1e-1",
      "2147483648",
      "4294967297",
      "9223372036854775807",
      "9223372036854775808",
      "18446744073709551617",
      "1e10",
      "1e400",
      "-1e400",
      "\"5\"",
      "true",
      "false",
      "[]",
      "[5]",
      "{}"}},
    {"n",
     BODY(",\"n\":%s"),
     {"0", "-1", "129", "1.5", "0.5", "4294967297", "1e3", "1e400", "\"1\"", "true", "[]", "{}"}},
};

static void refuses_wrong_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        for (const char *const *value = wrongs[i].values; *value != NULL; value++) {
            char body[512];
            const char *place = strstr(wrongs[i].body, "%s");
            snprintf(body, sizeof body, "%.*s%s%s", (int)(place - wrongs[i].body), wrongs[i].body,
                     *value, place + 2);
            assert_refused(body, "invalid_value", wrongs[i].param);
        }
    }
}

static void refuses_missing_members(void **state)
{
    (void)state;
    assert_refused("{}", "missing_field", "model");
    assert_refused("{" MESSAGES "}", "missing_field", "model");
    assert_refused("{\"model\":null," MESSAGES "}", "missing_field", "model");
    assert_refused("{\"Model\":\"m\"," MESSAGES "}", "invalid_value", NULL);
    assert_refused("{\"model\":\"m\",\"\\u004dodel\":\"x\"," MESSAGES "}", "invalid_value", NULL);
    assert_refused("{\"model \":\"m\"," MESSAGES "}", "missing_field", "model");
    assert_refused("{\"x\":{\"model\":\"m\"}," MESSAGES "}", "missing_field", "model");
    assert_refused("{\"model\":\"m\"}", "missing_field", "messages");
    assert_refused("{\"model\":\"m\",\"messages\":null}", "missing_field", "messages");
}

/* As Go's encoding/json folds names: U+017F is an s, U+212A a k. */
static void refuses_names_that_fold_to_ours(void **state)
{
    static const char *const bodies[] = {
        BODY(",\"max_to\xe2\x84\xaa"
             "ens\":9"),
        BODY(",\"max_token\\u017f\":9"),
        BODY(",\"MAX_COMPLETION_TO\\u212aEN\xc5\xbf\":9"),
        BODY(",\"\xc5\xbftream\":true"),
        BODY(",\"\\u017fervice_tier\":\"priority\""),
        BODY(STREAMED ",\"stream_options\":{\"include_usage\":true,\"Include_usage\":false}"),
        BODY(STREAMED ",\"stream_options\":{\"include_u\xc5\xbf"
                      "age\":false}"),
        BODY(STREAMED ",\"stream_options\":{\"include\\u005fu\\u017fage\":false}"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        bool inner = strstr(bodies[i], "stream_options") != NULL;
        assert_refused(bodies[i], "invalid_value", inner ? "include_usage" : NULL);
    }
    struct model_request request;
    read_into(BODY(",\"max_token\xc5\xbe\":9,\"max_to\xe2\x84\xab"
                   "ens\":9"),
              &request);
}

static void refuses_what_is_no_object(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        " ",
        "null",
        "true",
        "1",
        "\"model\"",
        "[]",
        "[{\"model\":\"m\"," MESSAGES "}]",
        BODY("") "x",
        BODY("") "{}",
        BODY(","),
        BODY(",\"n\":01"),
        BODY(",\"n\":NaN"),
        BODY(",\"user\":\"\xff\""),
        BODY(",\"user\":\"\n\""),
        BODY(",'n':1"),
        "\xef\xbb\xbf" BODY(""),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i], "invalid_json", NULL);
    /* cut anywhere */
    const char *whole = BODY(STREAMED ",\"stream_options\":{\"include_usage\":true}");
    for (size_t bytes = 0; bytes < strlen(whole); bytes++)
        assert_refused(strndupa(whole, bytes), "invalid_json", NULL);
}

static void bounds_the_model_s_name(void **state)
{
    (void)state;
    char name[LIMIT_MODEL_NAME_BYTES + 1];
    char body[512];
    struct model_request request;
    memset(name, 'm', sizeof name);
    snprintf(body, sizeof body, "{\"model\":\"%.*s\"," MESSAGES "}", LIMIT_MODEL_NAME_BYTES - 1,
             name);
    read_into(body, &request);
    assert_int_equal(strlen(request.model), LIMIT_MODEL_NAME_BYTES - 1);
    snprintf(body, sizeof body, "{\"model\":\"%.*s\"," MESSAGES "}", LIMIT_MODEL_NAME_BYTES, name);
    assert_refused(body, "invalid_value", "model");
}

/* ---- twice ---- */

/* Members that decide what is paid. Each twice: as it stands, or with a letter escaped in one of
 * the two or in both; the values equal, or not, or null. */
static const struct {
    const char *name;
    const char *escaped;
    const char *value;
} once[] = {
    {"model", "mod\\u0065l", "\"m\""},
    {"messages", "\\u006dessages", "[{\"role\":\"user\",\"content\":\"hi\"}]"},
    {"stream", "strea\\u006d", "true"},
    {"stream_options", "stream\\u005Foptions", "{}"},
    {"max_tokens", "max\\u005ftokens", "5"},
    {"max_completion_tokens", "max_completion_token\\u0073", "5"},
    {"n", "\\u006E", "1"},
    {"service_tier", "service\\u005ftier", "\"auto\""},
    {"tools", "t\\u006fols", "[]"},
};

static void refuses_members_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        const char *keys[] = {once[i].name, once[i].escaped};
        const char *values[] = {once[i].value, "null"};
        for (int way = 0; way < 16; way++) {
            struct buffer body;
            buffer_init(&body, 4096);
            buffer_append_char(&body, '{');
            for (size_t other = 0; other < sizeof once / sizeof *once; other++) {
                if (other != i)
                    buffer_printf(&body, "\"%s\":%s,", once[other].name, once[other].value);
            }
            buffer_printf(&body, "\"%s\":%s,\"x\":0,\"%s\":%s}", keys[way & 1],
                          values[way >> 1 & 1], keys[way >> 2 & 1], values[way >> 3 & 1]);
            buffer_append_char(&body, '\0');
            struct model_request request;
            struct request_fault fault = {0};
            struct slice text = {body.data, body.bytes - 1};
            if (chat_read(text, 0, &request, &fault))
                fail_msg("accepted: %s", body.data);
            assert_string_equal(fault.code, "invalid_value");
            buffer_fini(&body);
        }
    }
}

static void refuses_inner_members_twice(void **state)
{
    (void)state;
    assert_refused(BODY(STREAMED ",\"stream_options\":{\"include_usage\":true,\"x\":1,"
                                 "\"include_usage\":false}"),
                   "invalid_value", "include_usage");
    assert_refused(BODY(STREAMED ",\"stream_options\":{\"include_usage\":true,"
                                 "\"include\\u005fusage\":true}"),
                   "invalid_value", "include_usage");
#define MESSAGE(members) "{\"model\":\"m\",\"messages\":[{\"role\":\"user\"," members "}]}"
#define IMAGE "\"image_url\":{\"url\":\"data:image/png;base64,AAAA\"}"
    /* Images are counted by number and not by their bytes: one must not be hidden. */
    assert_refused(MESSAGE("\"content\":[{\"type\":\"image_url\"," IMAGE "}],\"content\":\"x\""),
                   "invalid_value", "content");
    assert_refused(MESSAGE("\"content\":\"x\",\"c\\u006fntent\":[]"), "invalid_value", "content");
    assert_refused(MESSAGE("\"content\":[{\"type\":\"image_url\",\"type\":\"text\"," IMAGE "}]"),
                   "invalid_value", "type");
    assert_refused(
        MESSAGE("\"content\":[{\"type\":\"image_url\"," IMAGE ",\"image\\u005furl\":1}]"),
        "invalid_value", "image_url");
    /* What we do not read is the provider's to judge. */
    struct model_request request;
    read_into(MESSAGE("\"name\":1,\"name\":2,\"content\":[{\"type\":\"text\",\"text\":\"a\"}]"),
              &request);
}

static void refuses_other_members_twice(void **state)
{
    (void)state;
    assert_refused(BODY(",\"user\":1,\"user\":2"), "invalid_value", NULL);
    assert_refused(BODY(",\"\":1,\"\":2"), "invalid_value", NULL);
    struct model_request request;
    read_into(BODY(",\"user\":1,\"User\":2,\"users\":3,\"use\":4"), &request);
    struct buffer body; /* so many members that comparing all with all would take long */
    buffer_init(&body, 1 << 20);
    buffer_append_text(&body, "{\"model\":\"m\"," MESSAGES);
    for (int i = 0; i < 10000; i++)
        buffer_printf(&body, ",\"x%d\":%d", i, i);
    buffer_append_text(&body, "}");
    buffer_append_char(&body, '\0');
    assert_refused(body.data, "invalid_json", NULL);
    buffer_fini(&body);
}

/* ---- what is read ---- */

static const struct {
    const char *body;
    bool streamed, usage_asked;
    int64_t output_tokens;
    int64_t choices;
} reads[] = {
    {BODY(""), false, false, -1, 1},
    {" \r\n\t" BODY("") " \n", false, false, -1, 1},
    {BODY(",\"stream\":false"), false, false, -1, 1},
    {BODY(",\"stream\":null"), false, false, -1, 1},
    {BODY(",\"stream\":null,\"stream_options\":null,\"max_tokens\":null,\"n\":null,"
          "\"max_completion_tokens\":null"),
     false, false, -1, 1},
    {BODY(STREAMED), true, false, -1, 1},
    {BODY(STREAMED ",\"stream_options\":null"), true, false, -1, 1},
    {BODY(STREAMED ",\"stream_options\":{}"), true, false, -1, 1},
    {BODY(STREAMED ",\"stream_options\":{\"include_usage\":null}"), true, false, -1, 1},
    {BODY(STREAMED ",\"stream_options\":{\"include_usage\":false}"), true, false, -1, 1},
    {BODY(STREAMED ",\"stream_options\":{\"include_usage\":true}"), true, true, -1, 1},
    {BODY(",\"stream_options\":{\"x\":[],\"include\\u005fusage\":true}" STREAMED), true, true, -1,
     1},
    {BODY(",\"str\\u0065am\":true"), true, false, -1, 1},
    {BODY(",\"max_tokens\":1"), false, false, 1, 1},
    {BODY(",\"max_tokens\":5.0"), false, false, 5, 1},
    {BODY(",\"max_tokens\":5e2"), false, false, 500, 1},
    {BODY(",\"max_tokens\":2147483647"), false, false, INT32_MAX, 1},
    {BODY(",\"m\\u0061x_tokens\":7"), false, false, 7, 1},
    {BODY(",\"max_completion_tokens\":9"), false, false, 9, 1},
    {BODY(",\"max_completion_tokens\":9,\"max_tokens\":5"), false, false, 9, 1},
    {BODY(",\"max_completion_tokens\":5,\"max_tokens\":9"), false, false, 9, 1},
    {BODY(",\"max_completion_tokens\":null,\"max_tokens\":9"), false, false, 9, 1},
    {BODY(",\"max_completion_tokens\":9,\"max_tokens\":null"), false, false, 9, 1},
    {BODY(",\"n\":1"), false, false, -1, 1},
    {BODY(",\"n\":128"), false, false, -1, 128},
    {BODY(",\"n\":2,\"tools\":[],\"seed\":9007199254740993"), false, false, -1, 2},
};

static void reads_what_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        struct model_request request;
        read_into(reads[i].body, &request);
        if (request.streamed != reads[i].streamed || request.usage_asked != reads[i].usage_asked ||
            request.output_tokens != reads[i].output_tokens || request.choices != reads[i].choices)
            fail_msg("stream %d, usage %d, output %lld, n %lld: %s", request.streamed,
                     request.usage_asked, (long long)request.output_tokens,
                     (long long)request.choices, reads[i].body);
        assert_string_equal(request.model, "m");
        assert_int_equal(request.prompt.bytes_most, strlen(reads[i].body));
        assert_int_equal(request.prompt.text_bytes, strlen("userhi"));
        assert_int_equal(request.prompt.image_count, 0);
    }
}

/* By their escaped names, too; a form in which one might hide is refused. */
static void finds_paid_features(void **state)
{
    (void)state;
    struct model_request request;
    char name[PAID_FEATURE_NAME_BYTES];
    const char *text = BODY(",\"to\\u006fls\":[{\"type\":\"function\"},{\"type\":\"mcp\"}],"
                            "\"temperature\":1,\"service_tier\":\"flex\",\"audio\":null");
    struct request_fault fault;
    assert_true(chat_read(slice_of(text), 0, &request, &fault));
    assert_int_equal(request.paid.count, 2);
    assert_string_equal(paid_features_name(&request.paid.list[0], name), "tools.mcp");
    assert_string_equal(paid_features_name(&request.paid.list[1], name), "service_tier.flex");
    read_into(BODY(",\"service_tier\":\"auto\",\"n\":2,\"store\":true"), &request);
    assert_int_equal(request.paid.count, 0);
    assert_int_equal(request.prompt.text_bytes, strlen("userhi"));
    assert_refused(BODY(",\"tools\":[{\"type\":\"function\",\"Type\":\"mcp\"}]"), "invalid_value",
                   "tools");
    assert_refused(BODY(",\"Service_tier\":\"flex\""), "invalid_value", NULL);
}

static void decodes_the_model_s_name(void **state)
{
    (void)state;
    static const struct {
        const char *written, *read;
    } cases[] = {
        {"gpt-4o-mini", "gpt-4o-mini"},
        {"meta-llama/x:free", "meta-llama/x:free"},
        {"a\\/b", "a/b"},
        {"\\u0067pt", "gpt"},
        {"\\u00e9\xc3\xa9", "\xc3\xa9\xc3\xa9"},
        {"a\\\"b\\\\", "a\"b\\"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        struct model_request request;
        snprintf(body, sizeof body, "{\"model\":\"%s\"," MESSAGES "}", cases[i].written);
        read_into(body, &request);
        assert_string_equal(request.model, cases[i].read);
    }
}

/* ---- what is sent ---- */

#define PNG64 "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
#define B64 PNG64 PNG64 PNG64 PNG64
#define DATA "{\"url\":\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==\",\"detail\":\"low\"}"
#define PART "{\"type\":\"image_url\",\"image_url\":" DATA "}"
#define TEXT "{\"type\":\"text\",\"text\":\"what is it?\"}"

/* The value of "messages" with the images in it, and the bytes of text without their data. */
static const struct {
    const char *messages;
    int64_t images;
    size_t text_bytes;
    size_t image_bytes;
} contents[] = {
    {"[{\"role\":\"user\",\"content\":[" TEXT "]}]", 0, 4 + 4 + 11, 0},
    {"[{\"role\":\"user\",\"content\":[" PART "]}]", 1, 4 + 9, sizeof DATA - 1},
    {"[{\"role\":\"user\",\"content\":[" TEXT "," PART " , " PART "]}]", 2, 4 + 4 + 11 + 9 + 9,
     2 * (sizeof DATA - 1)},
    {"[{\"role\":\"user\",\"content\":[" PART "]},{\"role\":\"tool\",\"content\":[" PART "]}]", 2,
     4 + 9 + 4 + 9, 2 * (sizeof DATA - 1)},
    {"[{\"role\":\"user\",\"content\":[{\"image_url\":\"data:,x\",\"type\":\"image\\u005furl\"}]}]",
     1, 4 + 9, strlen("\"data:,x\"")},
    {"[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":null}]}]", 1, 4 + 9,
     4},
    {"[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]", 1, 4 + 9, 0},
    /* as others send them */
    {"[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\","
     "\"media_type\":\"image/png\",\"data\":\"" B64 "\"}}]}]",
     1, 4 + 5 + 6 + 9, sizeof B64 + 1},
    {"[{\"role\":\"user\",\"content\":[{\"inline_data\":{\"mime_type\":\"image/png\","
     "\"data\":\"" B64 "\"}}]}]",
     1, 4 + 9, sizeof B64 + 1},
    {"[{\"role\":\"user\",\"content\":\"\",\"images\":[\"" B64 "\"]}]", 1, 4, sizeof B64 + 3},
    /* no images, whatever they look like */
    {"[{\"role\":\"user\",\"content\":" PART "}]", 0, 4 + 9 + 46 + 3, 0},
    {"[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"image_url\":\"data:,x\"}]}]", 0,
     4 + 4 + 7, 0},
    {"[{\"role\":\"user\",\"content\":[{\"image_url\":\"data:,x\"}]}]", 0, 4, 9},
    {"[{\"role\":\"user\",\"content\":[{\"type\":1,\"image_url\":\"data:,x\"}]}]", 0, 4, 9},
    {"[{\"role\":\"user\",\"content\":[1,null,\"x\",[" PART "]]}]", 0, 4 + 1 + 9 + 3, 46 + 2},
    /* data in a text is text, for the provider reads it as such */
    {"[{\"role\":\"user\",\"content\":\"" B64 "\"}]", 0, 4 + sizeof B64 - 1, 0},
    {"[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"" B64 "\"}]}]", 0,
     4 + 4 + sizeof B64 - 1, 0},
    {"[{\"role\":\"user\",\"x\":[" PART "],\"content\":null}]", 0, 4 + 9 + 46 + 3, 0},
    {"[{}]", 0, 0, 0},
    {"[{\"role\":\"user\",\"content\":\"\\u00e9\\n\"}]", 0, 4 + 3, 0},
};

static void counts_what_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        char body[2048];
        struct model_request request;
        snprintf(body, sizeof body, "{\"model\":\"m\",\"messages\":%s}", contents[i].messages);
        read_into(body, &request);
        if (request.prompt.image_count != contents[i].images ||
            request.prompt.text_bytes != (int64_t)contents[i].text_bytes ||
            request.prompt.bytes_most != (int64_t)(strlen(body) - contents[i].image_bytes))
            fail_msg("%lld images, text %lld, input %lld of %zu: %s",
                     (long long)request.prompt.image_count, (long long)request.prompt.text_bytes,
                     (long long)request.prompt.bytes_most, strlen(body), body);
    }
}

#define PART_OF(text) "\"messages\":[{\"content\":[{\"type\":" text "}]}]"

/* Sound, files and films, and what stands beside the messages. */
static void counts_the_whole_body(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        int64_t text_bytes, audio_bytes, opaque;
    } cases[] = {
        {MESSAGES, 6, 0, 0},
        {MESSAGES ",\"tools\":[{\"a\":\"b\"}]", 6 + 11, 0, 0},
        {MESSAGES ",\"response_format\":{\"key that is long\":1}", 6 + 22, 0, 0},
        {MESSAGES ",\"stop\":\"x\",\"seed\":7,\"logprobs\":true", 6 + 3, 0, 0},
        {MESSAGES ",\"metadata\":{\"a\":\"b\"},\"user\":\"me\",\"logit_bias\":{\"1\":5}", 6, 0, 0},
        {PART_OF("\"input_audio\",\"input_audio\":{\"format\":\"wav\",\"data\":\"" B64 "\"}"),
         11 + 3, sizeof B64 + 1, 0},
        {PART_OF("\"input_audio\",\"input_audio\":{\"data\":\"UklG\"}"), 11, 6, 0},
        {PART_OF("\"file\",\"file\":{\"file_data\":\"" B64 "\"}"), 4, 0, 1},
        {PART_OF("\"file\",\"file\":{\"filename\":\"file-1\"}"), 4 + 6, 0, 1},
        {PART_OF("\"video_url\",\"video_url\":{\"url\":\"data:video/mp4;base64," B64 "\"}"), 9, 0,
         1},
        {"\"messages\":[{\"audio\":{\"to\":\"a-1\"}}]", 3, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[2048];
        struct model_request request;
        snprintf(body, sizeof body, "{\"model\":\"m\",%s}", cases[i].members);
        read_into(body, &request);
        if (request.prompt.text_bytes != cases[i].text_bytes ||
            request.prompt.audio_bytes != cases[i].audio_bytes ||
            request.prompt.opaque_count != cases[i].opaque)
            fail_msg("text %lld, audio %lld, opaque %lld: %s", (long long)request.prompt.text_bytes,
                     (long long)request.prompt.audio_bytes, (long long)request.prompt.opaque_count,
                     body);
    }
}

/* What a model must be able to read, by the forms in which clients and other APIs send it. */
static void tells_sound_files_and_pictures_apart(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        int64_t images, audio, files;
    } cases[] = {
        {MESSAGES, 0, 0, 0},
        {PART_OF("\"text\",\"text\":\"input_audio file image_url\""), 0, 0, 0},
        {PART_OF("\"image_url\",\"image_url\":{\"url\":\"x\"}"), 1, 0, 0},
        {PART_OF("\"input_audio\",\"input_audio\":{\"data\":\"UklG\",\"format\":\"wav\"}"), 0, 1,
         0},
        {PART_OF("\"audio_url\",\"audio_url\":{\"url\":\"x\"}"), 0, 1, 0},
        {PART_OF("\"audio\",\"audio\":\"UklG\""), 0, 1, 0},
        {PART_OF("\"file\",\"file\":{\"filename\":\"file-1\"}"), 0, 0, 1},
        {PART_OF("\"input_file\",\"file_data\":\"x\""), 0, 0, 1},
        {PART_OF("\"document\",\"source\":{\"type\":\"url\",\"url\":\"x\"}"), 0, 0, 1},
        {PART_OF("\"document_url\",\"document_url\":\"x\""), 0, 0, 1},
        {PART_OF("\"video_url\",\"video_url\":{\"url\":\"x\"}"), 0, 0, 0},
        {"\"messages\":[{\"content\":[{\"inline_data\":{\"mime_type\":\"audio/wav\"}}]}]", 0, 1, 0},
        {"\"messages\":[{\"content\":[{\"inline_data\":{\"mime_type\":\"application/pdf\"}}]}]", 0,
         0, 1},
        {"\"messages\":[{\"audio\":{\"to\":\"a-1\"}}]", 0, 0, 0}, /* an answer that is sent back */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        struct model_request request;
        snprintf(body, sizeof body, "{\"model\":\"m\",%s}", cases[i].members);
        read_into(body, &request);
        if (request.prompt.image_count != cases[i].images ||
            request.prompt.audio_count != cases[i].audio ||
            request.prompt.file_count != cases[i].files)
            fail_msg("images %lld, audio %lld, files %lld: %s",
                     (long long)request.prompt.image_count, (long long)request.prompt.audio_count,
                     (long long)request.prompt.file_count, body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_wrong_values),
        cmocka_unit_test(refuses_missing_members),
        cmocka_unit_test(refuses_names_that_fold_to_ours),
        cmocka_unit_test(refuses_what_is_no_object),
        cmocka_unit_test(bounds_the_model_s_name),
        cmocka_unit_test(refuses_members_twice),
        cmocka_unit_test(refuses_inner_members_twice),
        cmocka_unit_test(refuses_other_members_twice),
        cmocka_unit_test(reads_what_counts),
        cmocka_unit_test(finds_paid_features),
        cmocka_unit_test(decodes_the_model_s_name),
        cmocka_unit_test(counts_what_is_sent),
        cmocka_unit_test(counts_the_whole_body),
        cmocka_unit_test(tells_sound_files_and_pictures_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
