/* All customers share the provider's account: no request may name what it keeps, wherever the name
 * stands, however it is written, and whatever the operator sells. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "dialect/forms.h"
#include "dialect/kept_names.h"

#define STREAM "\"stream\":true,\"stream_options\":{\"include_usage\":true},"

enum { BODY_BYTES = 1024 };

static const char *const bodies[] = {
    [DIALECT_CHAT] =
        "{" STREAM "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],%s}",
    [DIALECT_RESPONSES] = "{\"model\":\"m\",\"input\":\"hi\",%s}",
    [DIALECT_ANTHROPIC] = "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
                          "\"content\":\"hi\"}],%s}",
    [DIALECT_GEMINI] = "{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}],%s}",
};

/* With one part in its messages. */
static const char *const parts[] = {
    [DIALECT_CHAT] =
        "{" STREAM "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[%s]}]}",
    [DIALECT_RESPONSES] = "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[%s]}]}",
    [DIALECT_ANTHROPIC] = "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
                          "\"content\":[{\"type\":\"tool_result\",\"content\":[%s]}]}]}",
    [DIALECT_GEMINI] = "{\"contents\":[{\"parts\":[%s]}]}",
};

struct named {
    enum dialect dialect;
    const char *text, *param; /* ""; nothing is named */
};

static void check(const char *const forms[], const struct named *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char body[BODY_BYTES];
        /* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
        snprintf(body, sizeof body, forms[cases[i].dialect], cases[i].text);
        if (cases[i].param[0] == '\0')
            (void)form_request(cases[i].dialect, body);
        else
            assert_string_equal(form_refused(cases[i].dialect, body), cases[i].param);
    }
}

static void no_member_names_what_is_kept(void **state)
{
    (void)state;
    static const struct named cases[] = {
        {DIALECT_RESPONSES, "\"previous_response_id\":\"resp_1\"", "previous_response_id"},
        {DIALECT_RESPONSES, "\"previous_response_id\":null", ""},
        {DIALECT_RESPONSES, "\"Previous_Response_Id\":\"resp_1\"", "previous_response_id"},
        {DIALECT_RESPONSES, "\"previous\\u005fresponse_id\":\"r\"", "previous_response_id"},
        {DIALECT_RESPONSES, "\"conversation\":\"conv_1\"", "conversation"},
        {DIALECT_RESPONSES, "\"conversation\":{\"id\":\"conv_1\"}", "conversation"},
        {DIALECT_RESPONSES, "\"prompt\":{\"id\":\"pmpt_1\"}", "prompt"},
        {DIALECT_RESPONSES, "\"prompt_cache_options\":{\"comparison_response_id\":\"resp_1\"}",
         "prompt_cache_options"},
        {DIALECT_RESPONSES, "\"prompt_cache_options\":{\"comparison_response_id\":null}", ""},
        {DIALECT_RESPONSES,
         "\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"vs_1\"]}]", "tools"},
        {DIALECT_RESPONSES, "\"tools\":[{\"type\":\"code_interpreter\",\"container\":\"cntr_1\"}]",
         "tools"},
        {DIALECT_RESPONSES,
         "\"tools\":[{\"type\":\"code_interpreter\",\"container\":{\"type\":\"auto\"}}]", ""},
        {DIALECT_RESPONSES,
         "\"tools\":[{\"type\":\"code_interpreter\",\"container\":{\"file_ids\":[\"f\"]}}]",
         "tools"},
        {DIALECT_RESPONSES,
         "\"tools\":[{\"type\":\"shell\",\"environment\":{\"container_id\":\"cntr_1\"}}]", "tools"},
        {DIALECT_RESPONSES,
         "\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"properties\":"
         "{\"file_id\":{\"type\":\"string\"}}}}]",
         ""},
        {DIALECT_CHAT, "\"audio\":{\"voice\":{\"id\":\"voice_1\"}}", "audio"},
        {DIALECT_CHAT, "\"audio\":{\"voice\":\"alloy\"}", ""},
        {DIALECT_CHAT, "\"previous_response_id\":\"resp_1\"", "previous_response_id"},
        {DIALECT_ANTHROPIC, "\"container\":\"container_1\"", "container"},
        {DIALECT_ANTHROPIC, "\"container\":{\"id\":\"container_1\"}", "container"},
        {DIALECT_ANTHROPIC, "\"thread\":{\"id\":\"t\"}", "thread"},
        {DIALECT_ANTHROPIC, "\"user_profile_id\":\"u\"", "user_profile_id"},
        {DIALECT_ANTHROPIC, "\"diagnostics\":{\"previous_message_id\":\"msg_1\"}", "diagnostics"},
        {DIALECT_ANTHROPIC, "\"diagnostics\":{\"previous_message_id\":null}", ""},
        {DIALECT_GEMINI, "\"cachedContent\":\"cachedContents/1\"", "cached_content"},
        {DIALECT_GEMINI, "\"cached_content\":\"cachedContents/1\"", "cached_content"},
        {DIALECT_GEMINI, "\"tools\":[{\"fileSearch\":{\"fileSearchStoreNames\":[\"a\"]}}]",
         "tools"},
        {DIALECT_GEMINI,
         "\"tools\":[{\"retrieval\":{\"vertexAiSearch\":{\"datastore\":\"projects/p\"}}}]",
         "tools"},
        {DIALECT_RESPONSES,
         "\"instructions\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\","
         "\"file_id\":\"file-1\"}]}]",
         "instructions"},
    };
    check(bodies, cases, sizeof cases / sizeof *cases);
}

/* Skills that the operator has made, not those that every account has. */
static void no_skill_of_the_operator_is_named(void **state)
{
    (void)state;
#define SHELL(skill)                                                                               \
    "\"tools\":[{\"type\":\"shell\",\"environment\":{\"type\":\"container_auto\",\"skills\":["     \
    "{\"type\":\"skill_reference\"," skill "}]}}]"
    static const struct named cases[] = {
        {DIALECT_RESPONSES, SHELL("\"skill_id\":\"skill_1\""), "tools"},
        {DIALECT_RESPONSES, SHELL("\"skill_id\":\"skil\\u006c_1\""), "tools"},
        {DIALECT_RESPONSES, SHELL("\"skill_id\":\"openai-sheets\""), ""},
        {DIALECT_RESPONSES, SHELL("\"name\":\"mine\""), ""},
        {DIALECT_ANTHROPIC,
         "\"container\":{\"skills\":[{\"type\":\"custom\",\"skill_id\":\"skill_01\"}]}",
         "container"},
        {DIALECT_ANTHROPIC,
         "\"container\":{\"skills\":[{\"type\":\"anthropic\",\"skill_id\":\"pptx\"}]}", ""},
    };
    check(bodies, cases, sizeof cases / sizeof *cases);
}

/* What Google would send to an address of the customer's, in the operator's name. */
static void no_credentials_of_the_operator_are_named(void **state)
{
    (void)state;
#define SEARCH(member, config)                                                                     \
    "\"tools\":[{\"retrieval\":{\"externalApi\":{\"endpoint\":\"https://a.test\",\"" member        \
    "\":" config "}}}]"
    static const struct named cases[] = {
        {DIALECT_GEMINI, SEARCH("authConfig", "{\"authType\":\"GOOGLE_SERVICE_ACCOUNT_AUTH\"}"),
         "tools"},
        {DIALECT_GEMINI,
         SEARCH("authConfig", "{\"googleServiceAccountConfig\":{\"serviceAccount\":\"a\"}}"),
         "tools"},
        {DIALECT_GEMINI, SEARCH("authConfig", "{\"oauthConfig\":{\"service_account\":\"a\"}}"),
         "tools"},
        {DIALECT_GEMINI,
         SEARCH("authConfig", "{\"httpBasicAuthConfig\":{\"credentialSecret\":\"projects/p\"}}"),
         "tools"},
        {DIALECT_GEMINI,
         SEARCH("apiAuth", "{\"apiKeyConfig\":{\"apiKeySecretVersion\":\"projects/p\"}}"), "tools"},
        {DIALECT_GEMINI,
         "\"tools\":[{\"googleMaps\":{\"authConfig\":{\"apiKeyConfig\":{"
         "\"apiKeySecret\":\"p\"}}}}]",
         "tools"},
        {DIALECT_GEMINI,
         SEARCH("authConfig", "{\"authType\":\"API_KEY_AUTH\",\"apiKeyConfig\":"
                              "{\"apiKeyString\":\"mine\"}}"),
         ""},
    };
    check(bodies, cases, sizeof cases / sizeof *cases);
}

/* What we do not read may still hold parts: a server may read a name in another case. */
static void no_unknown_member_hides_a_name(void **state)
{
    (void)state;
#define PART "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}"
    static const struct {
        enum dialect dialect;
        const char *body, *param;
    } cases[] = {
        {DIALECT_CHAT,
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"Content\":[" PART "]}]}", "messages"},
        {DIALECT_CHAT,
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
         "\"text\":\"a\",\"more\":" PART "}]}]}",
         "messages"},
        {DIALECT_RESPONSES,
         "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"Content\":[" PART "]}]}", "input"},
        {DIALECT_RESPONSES,
         "{\"model\":\"m\",\"input\":[{\"type\":\"function_call_output\",\"output\":\"a\","
         "\"Output\":[" PART "]}]}",
         "input"},
        {DIALECT_ANTHROPIC,
         "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"Content\":[" PART
         "]}]}",
         "messages"},
        {DIALECT_GEMINI, "{\"contents\":[{\"Parts\":[{\"fileData\":{\"fileUri\":\"gs://a/b\"}}]}]}",
         "contents"},
        {DIALECT_GEMINI, "{\"contents\":[{\"fileData\":{\"fileUri\":\"gs://a/b\"}}]}", "contents"},
        {DIALECT_GEMINI,
         "{\"contents\":[{\"parts\":[{\"text\":\"a\"}]}],\"systemInstruction\":"
         "{\"fileData\":{\"fileUri\":\"gs://a/b\"}}}",
         "contents"},
        {DIALECT_GEMINI,
         "{\"contents\":[{\"parts\":[{\"text\":\"a\"}]}],\"systemInstruction\":"
         "[{\"parts\":[{\"fileData\":{\"fileUri\":\"gs://a/b\"}}]}]}",
         "contents"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(form_refused(cases[i].dialect, cases[i].body), cases[i].param);
}

static void no_part_names_what_is_kept(void **state)
{
    (void)state;
#define FILE_AT(uri) "{\"fileData\":{\"mimeType\":\"image/png\",\"fileUri\":\"" uri "\"}}"
    static const struct named cases[] = {
        {DIALECT_CHAT, "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}", "messages"},
        {DIALECT_CHAT, "{\"type\":\"file\",\"file\":{\"fil\\u0065_id\":\"file-1\"}}", "messages"},
        {DIALECT_CHAT, "{\"type\":\"file\",\"file\":{\"file_data\":\"QUJD\"}}", ""},
        {DIALECT_RESPONSES, "{\"type\":\"input_file\",\"file_id\":\"file-1\"}", "input"},
        {DIALECT_RESPONSES, "{\"type\":\"input_image\",\"file_id\":\"file-1\"}", "input"},
        {DIALECT_RESPONSES, "{\"type\":\"input_image\",\"file_id\":null,\"image_url\":\"a\"}", ""},
        {DIALECT_ANTHROPIC,
         "{\"type\":\"document\",\"source\":{\"type\":\"file\",\"file_id\":\"file_1\"}}",
         "messages"},
        {DIALECT_ANTHROPIC,
         "{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"file_1\"}}", "messages"},
        {DIALECT_ANTHROPIC, "{\"type\":\"container_upload\",\"file_id\":\"file_1\"}", "messages"},
        {DIALECT_ANTHROPIC, "{\"type\":\"tool_use\",\"input\":{\"file_id\":\"mine\"}}", ""},
        {DIALECT_GEMINI, FILE_AT("https://generativelanguage.googleapis.com/v1beta/files/a"),
         "contents"},
        {DIALECT_GEMINI, FILE_AT("HTTPS://generativelanguage.GOOGLEAPIS.com./v1beta/files/a"),
         "contents"},
        {DIALECT_GEMINI, FILE_AT("https:\\/\\/storage.google\\u0061pis.com/a"), "contents"},
        {DIALECT_GEMINI, FILE_AT("https://storage.google%61pis.com/a"), "contents"},
        {DIALECT_GEMINI, FILE_AT("https://x@storage.googleapis.com/a"), "contents"},
        {DIALECT_GEMINI, FILE_AT("gs://bucket/a"), "contents"},
        {DIALECT_GEMINI, FILE_AT("files/a"), "contents"},
        {DIALECT_GEMINI, FILE_AT("https://www.youtube.com/watch?v=a"), ""},
        {DIALECT_GEMINI, FILE_AT("https://a.test/googleapis.png"), ""},
        {DIALECT_GEMINI, "{\"functionCall\":{\"name\":\"f\",\"args\":{\"fileUri\":\"files/a\"}}}",
         ""},
    };
    check(parts, cases, sizeof cases / sizeof *cases);
}

static void no_item_stands_for_one_that_is_kept(void **state)
{
    (void)state;
    static const char *const named[] = {
        "{\"type\":\"item_reference\",\"id\":\"msg_1\"}",
        "{\"id\":\"msg_1\"}",
        "{\"type\":null,\"id\":\"msg_1\"}",
        "{\"type\":\"image_generation_call\",\"id\":\"ig_1\"}",
        "{\"type\":\"image_generation_call\",\"id\":\"ig_1\",\"result\":null}",
        "{\"type\":\"computer_call_output\",\"output\":{\"type\":\"computer_screenshot\","
        "\"file_id\":\"file-1\"}}",
        "{\"type\":\"additional_tools\",\"tools\":[{\"type\":\"file_search\","
        "\"vector_store_ids\":[\"vs_1\"]}]}",
        "{\"type\":\"shell_call\",\"environment\":{\"type\":\"container_reference\","
        "\"container_id\":\"cntr_1\"}}",
    };
    static const char *const whole[] = {
        "{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":\"a\"}",
        "{\"role\":\"user\",\"id\":\"msg_1\",\"content\":\"a\"}",
        "{\"type\":\"image_generation_call\",\"id\":\"ig_1\",\"result\":\"QUJD\"}",
        "{\"type\":\"function_call\",\"id\":\"fc_1\",\"arguments\":\"{}\"}",
    };
    char body[BODY_BYTES];
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        snprintf(body, sizeof body, "{\"model\":\"m\",\"input\":[%s]}", named[i]);
        assert_string_equal(form_refused(DIALECT_RESPONSES, body), "input");
    }
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        snprintf(body, sizeof body, "{\"model\":\"m\",\"input\":[%s]}", whole[i]);
        (void)form_request(DIALECT_RESPONSES, body);
    }
    assert_string_equal(form_refused(DIALECT_CHAT,
                                     "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\","
                                     "\"audio\":{\"id\":\"audio_1\"}}]}"),
                        "messages");
}

static const struct {
    const char *members;
    const char *names; /* kind, what it is, id: each name; NULL: refused */
} collected[] = {
    {"\"input\":\"a\",\"previous_response_id\":\"resp_1\"", "0b resp_1 "},
    {"\"input\":\"a\",\"previous_response_id\":null", ""},
    {"\"input\":\"a\",\"previous_response_id\":7", NULL},
    {"\"input\":\"a\",\"previous_response_id\":\"a\\u005fb\"", NULL},
    {"\"input\":\"a\",\"Previous_Response_id\":\"resp_1\"", NULL},
    {"\"input\":\"a\",\"previousResponseId\":\"resp_1\"", NULL},
    {"\"input\":\"a\",\"conversation\":\"conv_1\"", "1b conv_1 "},
    {"\"input\":\"a\",\"conversation\":{\"id\":\"conv_1\"}", "1b conv_1 "},
    {"\"input\":\"a\",\"conversation\":{\"id\":\"a\",\"id\":\"b\"}", NULL},
    {"\"input\":\"a\",\"conversation\":{\"id\":\"a\",\"iD\":\"b\"}", NULL},
    {"\"input\":\"a\",\"prompt_cache_options\":{\"comparison_response_id\":\"resp_1\"}",
     "0- resp_1 "},
    {"\"input\":[{\"type\":\"item_reference\",\"id\":\"rs_1\"},{\"id\":\"msg_1\"},"
     "{\"role\":\"user\",\"content\":\"a\"}]",
     "2b rs_1 2b msg_1 "},
    {"\"input\":[{\"type\":\"item_reference\"}]", NULL},
    {"\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[]}]", "2bl rs_1 "},
    {"\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"encrypted_content\":\"a\"}]", ""},
    {"\"input\":[{\"type\":\"image_generation_call\",\"id\":\"ig_1\"}]", "2b ig_1 "},
    /* an item of any type, tomorrow's too, that has nothing but its id */
    {"\"input\":[{\"type\":\"item_of_tomorrow\",\"id\":\"it_1\"}]", "2bl it_1 "},
    {"\"input\":[{\"type\":\"item_of_tomorrow\",\"id\":\"it_1\",\"text\":\"a\"}]", ""},
    {"\"input\":[{\"type\":\"function_call\",\"id\":\"fc_1\",\"status\":\"completed\"}]",
     "2bl fc_1 "},
    {"\"input\":[{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\"}]", "2bl msg_1 "},
    {"\"input\":[{\"type\":\"compaction_trigger\",\"id\":\"ct_1\"}]", ""},
    /* servers differ in which of two members they obey */
    {"\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"encrypted_content\":null,"
     "\"encrypted_content\":\"a\"}]",
     "2bl rs_1 "},
    {"\"input\":[{\"id\":\"msg_1\",\"role\":null,\"role\":\"user\",\"content\":\"a\"}]",
     "2b msg_1 "},
    {"\"input\":[{\"type\":\"mcp_approval_response\",\"approval_request_id\":\"a\"}]", "2-l a "},
    {"\"input\":[{\"type\":\"mcp_approval_response\",\"approval_request_id\":\"a\"},"
     "{\"type\":\"mcp_approval_request\",\"id\":\"a\",\"name\":\"f\"}]",
     ""},
    {"\"input\":\"a\",\"prompt\":{\"id\":\"pmpt_1\"}", NULL},
    {"\"input\":[{\"type\":\"code_interpreter_call\",\"container_id\":\"c\",\"outputs\":[]}]",
     NULL},
};

/* What an account may own is added to the names, and the rest is refused as ever. */
static void names_are_collected_where_they_may_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof collected / sizeof *collected; i++) {
        char body[BODY_BYTES];
        char shown[256] = "";
        struct model_request request;
        struct request_fault fault = {0};
        struct kept_names names = {0};
        const struct request_address address = {.kept = &names};
        snprintf(body, sizeof body, "{\"model\":\"m\",%s}", collected[i].members);
        bool read = dialect_form(DIALECT_RESPONSES)
                        ->read_request(slice_of(body), &address, 0, &request, &fault);
        if (read != (collected[i].names != NULL))
            fail_msg("%s: %s", fault.message, body);
        for (size_t j = 0; read && j < names.count; j++) {
            const struct kept_name *name = &names.list[j];
            size_t bytes = strlen(shown);
            snprintf(shown + bytes, sizeof shown - bytes, "%d%c%s %.*s ", (int)name->kind,
                     name->brings ? 'b' : '-', name->loose ? "l" : "", (int)name->id.bytes,
                     name->id.data);
        }
        if (read)
            assert_string_equal(shown, collected[i].names);
        kept_names_fini(&names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_member_names_what_is_kept),
        cmocka_unit_test(no_skill_of_the_operator_is_named),
        cmocka_unit_test(no_credentials_of_the_operator_are_named),
        cmocka_unit_test(no_unknown_member_hides_a_name),
        cmocka_unit_test(no_part_names_what_is_kept),
        cmocka_unit_test(no_item_stands_for_one_that_is_kept),
        cmocka_unit_test(names_are_collected_where_they_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
