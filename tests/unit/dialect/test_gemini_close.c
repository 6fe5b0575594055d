/* How an answer in Gemini's form is ended: whole events, and no comment among them. */
#include "base/support.h"

#include "dialect/forms.h"
#include "dialect/parsed.h"

static const struct final_usage usage = {
    .prompt_tokens = 10, .cached_tokens = 4, .completion_tokens = 3, .charge_nusd = 1500};

#define USAGE                                                                                      \
    "{\"promptTokenCount\":10,\"cachedContentTokenCount\":4,\"candidatesTokenCount\":3,"           \
    "\"totalTokenCount\":13,\"cost\":0.0000015}"
#define END                                                                                        \
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"        \
    "\"finishReason\":\"MAX_TOKENS\",\"index\":0}],\"usageMetadata\":" USAGE

static void writes_the_usage(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 4096);
    dialect_form(DIALECT_GEMINI)->write_usage(&usage, &out);
    assert_written(&out, USAGE);
    buffer_fini(&out);
}

static void the_end_has_the_name_of_the_answer(void **state)
{
    (void)state;
    const struct dialect_form *form = dialect_form(DIALECT_GEMINI);
    struct answer_state *answer = answer_state_new();
    struct buffer out;
    buffer_init(&out, 4096);
    form->write_length(NULL, &usage, &out);
    assert_written(&out, END "}\n\n");
    (void)form_event(DIALECT_GEMINI, answer, "{\"responseId\":\"r\",\"modelVersion\":\"x\"}");
    (void)form_event(DIALECT_GEMINI, answer, "{\"responseId\":\"s\"}");
    form->write_length(answer, &usage, &out);
    assert_written(&out, END ",\"responseId\":\"r\",\"modelVersion\":\"x\"}\n\n");
    buffer_fini(&out);
    answer_state_free(answer);
}

/* google-genai looks for `{"error":` at the beginning. */
static void an_error_begins_with_its_name(void **state)
{
    (void)state;
    const struct error_body error = {
        .status = 529, .code = "provider_overloaded", .message = "busy"};
    struct buffer out;
    buffer_init(&out, 4096);
    dialect_form(DIALECT_GEMINI)->write_failure(NULL, &error, &usage, &out);
    assert_written(&out,
                   "data: {\"error\":{\"code\":529,\"message\":\"busy\",\"status\":\"UNAVAILABLE\","
                   "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
                   "\"domain\":\"llm-gateway\",\"reason\":\"PROVIDER_OVERLOADED\","
                   "\"metadata\":{}}]}}\n\n");
    buffer_fini(&out);
}

static void nothing_but_data_goes_out(void **state)
{
    (void)state;
    const struct dialect_form *form = dialect_form(DIALECT_GEMINI);
    assert_string_equal(form->keep_alive, "");
    assert_string_equal(form->last_event, "");
    assert_false(form->events_named);
    assert_string_equal(form->usage_name, "usageMetadata");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_usage),
        cmocka_unit_test(the_end_has_the_name_of_the_answer),
        cmocka_unit_test(an_error_begins_with_its_name),
        cmocka_unit_test(nothing_but_data_goes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
