/* Gemini's requests: both spellings of a name, and the limit wherever it may stand. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "dialect/forms.h"

#define CONTENTS "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]"
#define WITH(config) "{" CONTENTS ",\"generationConfig\":" config "}"

static void reads_the_facts(void **state)
{
    (void)state;
    struct model_request request = form_request(
        DIALECT_GEMINI,
        "{\"systemInstruction\":{\"parts\":[{\"text\":\"be brief\"}]}," CONTENTS
        ",\"generationConfig\":{\"maxOutputTokens\":50,\"candidateCount\":2,\"responseSchema\":{}},"
        "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"}]}]}");
    assert_string_equal(request.model, "m");
    assert_true(request.streamed);
    assert_int_equal(request.output_tokens, 50);
    assert_int_equal(request.choices, 2);
    assert_int_equal(request.prompt.message_count, 2);
    assert_int_equal(request.prompt.opaque_count, 0);
    assert_int_equal(request.paid.count, 0);
    assert_in_range(request.prompt.text_bytes, 60, 180);
}

static void what_is_absent_has_its_defaults(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{" CONTENTS "}",
        "{\"contents\":{\"parts\":{\"text\":\"hi\"}}}",
        WITH("null"),
        WITH("{}"),
        WITH("{\"maxOutputTokens\":null,\"candidateCount\":null}"),
        "{" CONTENTS ",\"systemInstruction\":null}",
        "{" CONTENTS ",\"systemInstruction\":\"be brief\"}",
        "{" CONTENTS ",\"model\":\"m\"}",
        "{" CONTENTS ",\"model\":\"models/m\"}",
        "{" CONTENTS ",\"model\":null}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct model_request request = form_request(DIALECT_GEMINI, bodies[i]);
        assert_int_equal(request.output_tokens, -1);
        assert_int_equal(request.choices, 1);
    }
}

static void reads_snake_case(void **state)
{
    (void)state;
    struct model_request request = form_request(
        DIALECT_GEMINI, "{\"system_instruction\":{\"parts\":[{\"text\":\"a\"}]}," CONTENTS
                        ",\"generation_config\":{\"max_output_tokens\":7,"
                        "\"candidate_count\":3,\"image_config\":{\"image_size\":\"4K\"}}}");
    assert_int_equal(request.output_tokens, 7);
    assert_int_equal(request.choices, 3);
    assert_int_equal(request.prompt.message_count, 2);
    form_assert_slice(request.asked.size, "4K");
}

static void refuses_what_may_hide_another_value(void **state)
{
    (void)state;
    static const struct {
        const char *body, *param;
    } cases[] = {
        {"{}", "contents"},
        {"{\"contents\":[]}", "contents"},
        {"{\"contents\":\"hi\"}", "contents"},
        {"{\"contents\":[5]}", "contents"},
        {"{\"contents\":[{\"parts\":[],\"parts\":[{}]}]}", "parts"},
        {"{" CONTENTS "," CONTENTS "}", ""},
        {"{" CONTENTS ",\"Contents\":[]}", ""},
        {"{" CONTENTS ",\"systemInstruction\":{},\"system_instruction\":{}}", "system_instruction"},
        {"{" CONTENTS ",\"generationConfig\":{},\"generation_config\":{}}", "generation_config"},
        {"{" CONTENTS ",\"GenerationConfig\":{}}", ""},
        {"{" CONTENTS ",\"generationConfig\":5}", "generationConfig"},
        {WITH("{\"maxOutputTokens\":5,\"max_output_tokens\":50}"), "generationConfig"},
        {WITH("{\"maxOutputTokens\":5,\"maxOutputTokens\":50}"), "generationConfig"},
        {WITH("{\"MaxOutputTokens\":5}"), ""},
        {WITH("{\"maxOutputTokens\":0}"), "maxOutputTokens"},
        {WITH("{\"maxOutputTokens\":\"5\"}"), "maxOutputTokens"},
        {WITH("{\"candidateCount\":0}"), "candidateCount"},
        {WITH("{\"candidateCount\":2,\"candidate_count\":1}"), "generationConfig"},
        {WITH("{\"imageConfig\":{\"imageSize\":\"1K\",\"image_size\":\"4K\"}}"),
         "generationConfig"},
        {"{" CONTENTS ",\"model\":\"other\"}", "model"},
        {"{" CONTENTS ",\"model\":5}", "model"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(form_refused(DIALECT_GEMINI, cases[i].body), cases[i].param);
}

static void the_address_names_a_model(void **state)
{
    (void)state;
    char longest[LIMIT_MODEL_NAME_BYTES + 1];
    struct model_request request;
    struct request_fault fault;
    memset(longest, 'm', sizeof longest);
    for (size_t bytes = 0; bytes <= sizeof longest; bytes++) {
        const struct request_address address = {.model = {longest, bytes}};
        bool good = dialect_form(DIALECT_GEMINI)
                        ->read_request(slice_of("{" CONTENTS "}"), &address, 0, &request, &fault);
        assert_int_equal(good, bytes > 0 && bytes < LIMIT_MODEL_NAME_BYTES);
    }
    assert_false(request.streamed);
}

static void finds_what_is_billed_apart(void **state)
{
    (void)state;
    static const struct {
        const char *members, *feature;
    } cases[] = {
        {"\"tools\":[{\"googleSearch\":{}}]", "tools.googleSearch"},
        {"\"tools\":[{\"code_execution\":{}}]", "tools.code_execution"},
        {"\"tools\":[{\"functionDeclarations\":[],\"urlContext\":{}}]", "tools.urlContext"},
        {"\"tools\":[{\"tomorrow\":{}}]", "tools.tomorrow"},
        {"\"tools\":[{\"type\":\"function\",\"googleSearch\":{}}]", "tools.googleSearch"},
        {"\"tools\":[{\"type\":\"tomorrow\"}]", "tools.tomorrow"},
        {"\"serviceTier\":\"flex\"", "service_tier.flex"},
        {"\"generationConfig\":{\"responseModalities\":[\"IMAGE\"]}", "modalities.image"},
        {"\"generation_config\":{\"speech_config\":{}}", "modalities.audio"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        snprintf(body, sizeof body, "{" CONTENTS ",%s}", cases[i].members);
        struct model_request request = form_request(DIALECT_GEMINI, body);
        assert_true(paid_features_use(&request.paid, cases[i].feature));
        assert_int_equal(request.paid.count, 1);
    }
}

/* What a client's function has answered may look like a mark of another dialect. */
static void an_answer_of_a_function_is_no_mark(void **state)
{
    (void)state;
    struct model_request request = form_request(
        DIALECT_GEMINI, "{\"contents\":[{\"parts\":[{\"functionResponse\":{\"response\":"
                        "{\"cache_control\":{\"ttl\":\"1h\"}}}}]}]}");
    assert_int_equal(request.paid.count, 0);
}

static void the_copy_has_the_limit(void **state)
{
    (void)state;
    static const struct {
        const char *body, *copy;
    } cases[] = {
        {"{" CONTENTS "}", "{\"generationConfig\":{\"maxOutputTokens\":9}," CONTENTS "}"},
        {WITH("{}"), WITH("{\"maxOutputTokens\":9}")},
        {WITH("null"), WITH("{\"maxOutputTokens\":9}")},
        {WITH("{ \"topK\":1}"), WITH("{\"maxOutputTokens\":9, \"topK\":1}")},
        {WITH("{\"maxOutputTokens\":null}"), WITH("{\"maxOutputTokens\":9}")},
        {WITH("{\"maxOutputTokens\":10}"), WITH("{\"maxOutputTokens\":9}")},
        {WITH("{\"max_output_tokens\":1e3}"), WITH("{\"max_output_tokens\":9}")},
        {WITH("{\"maxOutputTokens\":8}"), WITH("{\"maxOutputTokens\":8}")},
        /* the model is the address's, for a provider has another name for it */
        {"{\"model\":\"m\"," CONTENTS "}",
         "{\"generationConfig\":{\"maxOutputTokens\":9}," CONTENTS "}"},
        {"{" CONTENTS ",\"generationConfig\":{\"maxOutputTokens\":5},\"model\":\"m\"}",
         WITH("{\"maxOutputTokens\":5}")},
    };
    const struct request_changes changes = {.model = "theirs", .output_tokens_max = 9};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        form_assert_copy(DIALECT_GEMINI, cases[i].body, &changes, cases[i].copy);
    const struct request_changes none = {.model = "theirs"};
    form_assert_copy(DIALECT_GEMINI, WITH("{\"maxOutputTokens\":50}"), &none,
                     WITH("{\"maxOutputTokens\":50}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_facts),
        cmocka_unit_test(what_is_absent_has_its_defaults),
        cmocka_unit_test(reads_snake_case),
        cmocka_unit_test(refuses_what_may_hide_another_value),
        cmocka_unit_test(the_address_names_a_model),
        cmocka_unit_test(finds_what_is_billed_apart),
        cmocka_unit_test(an_answer_of_a_function_is_no_mark),
        cmocka_unit_test(the_copy_has_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
