/* Gemini's generationConfig: other output than text, in every spelling, and other models. */
#include "base/support.h"

#include <stdio.h>

#include "dialect/paid_features.h"
#include "dialect/parsed.h"

static const struct {
    const char *value, *found; /* names between spaces; NULL: refused */
} cases[] = {
    {"{}", ""},
    {"{\"temperature\":1,\"maxOutputTokens\":5,\"responseSchema\":{\"speechConfig\":{}}}", ""},
    {"{\"responseModalities\":[\"TEXT\"]}", ""},
    {"{\"responseModalities\":null}", ""},
    {"{\"responseModalities\":[\"TEXT\",\"IMAGE\"]}", "modalities.image "},
    {"{\"response_modalities\":[\"audio\"]}", "modalities.audio "},
    {"{\"responseModalities\":[\"VIDEO\",\"SMELL\"]}", "modalities.video modalities.SMELL "},
    {"{\"responseModalities\":[\"AUDIO\"],\"speechConfig\":{}}", "modalities.audio "},
    {"{\"speech_config\":{\"voiceConfig\":{}}}", "modalities.audio "},
    {"{\"responseFormat\":[{\"text\":{}},{\"image\":{}}]}", "modalities.image "},
    {"{\"responseFormat\":{\"audio\":{}}}", "modalities.audio "},
    {"{\"routingConfig\":{\"manualMode\":{}}}", "routing_config "},
    {"{\"model_selection_config\":{}}", "model_selection_config "},
    /* both spellings count, for a server may obey either */
    {"{\"responseModalities\":[\"TEXT\"],\"response_modalities\":[\"IMAGE\"]}",
     "modalities.image "},
    {"5", NULL},
    {"{\"responseModalities\":\"IMAGE\"}", NULL},
    {"{\"responseModalities\":[5]}", NULL},
    {"{\"responseFormat\":5}", NULL},
    {"{\"responseFormat\":[5]}", NULL},
    {"{\"ResponseModalities\":[\"IMAGE\"]}", NULL},
};

static void finds_other_output(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct paid_features found = {0};
        struct request_fault fault = {0};
        struct json_value value = parsed(cases[i].value);
        char name[PAID_FEATURE_NAME_BYTES];
        char shown[256] = "";
        bool good = paid_features_read(&found, slice_of("generationConfig"), &value, &fault);
        if (good != (cases[i].found != NULL))
            fail_msg("%s", cases[i].value);
        if (!good) {
            assert_non_null(fault.param);
            continue;
        }
        for (size_t k = 0, bytes = 0; k < found.count; k++)
            bytes += (size_t)snprintf(shown + bytes, sizeof shown - bytes, "%s ",
                                      paid_features_name(&found.list[k], name));
        assert_string_equal(shown, cases[i].found);
    }
}

static void says_where(void **state)
{
    (void)state;
    struct paid_features found = {0};
    struct request_fault fault;
    char param[PAID_FEATURE_PARAM_BYTES];
    struct json_value value = parsed("{\"responseModalities\":[\"IMAGE\"]}");
    assert_true(paid_features_read(&found, slice_of("generationConfig"), &value, &fault));
    assert_string_equal(paid_features_param(&found.list[0], param),
                        "generationConfig.response_modalities");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_other_output),
        cmocka_unit_test(says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
