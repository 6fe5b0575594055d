/* Whether an answer has begun to say something: what fails before that is free. */
#include "base/support.h"

#include "dialect/parsed.h"
#include "dialect/said.h"

static bool says(const char *choices)
{
    struct json_value value = parsed(choices);
    return said_something(&value);
}

static void what_a_model_has_said_is_something(void **state)
{
    (void)state;
    static const char *const something[] = {
        "[{\"delta\":{\"content\":\"a\"}}]",
        "[{\"delta\":{\"content\":\" \"}}]",
        "[{\"delta\":{\"reasoning\":\"a\"}}]",
        "[{\"delta\":{\"refusal\":\"no\"}}]",
        "[{\"delta\":{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}}]",
        "[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\"}}]}}]",
        "[{\"delta\":{\"images\":[{\"image_url\":{\"url\":\"data:\"}}]}}]",
        "[{\"message\":{\"content\":\"a\"}}]",
        "[{\"text\":\"a\"}]",
        "[{\"delta\":{},\"finish_reason\":\"stop\"}]",
        "[{\"delta\":{}},{\"delta\":{\"content\":\"a\"}}]",
    };
    for (size_t i = 0; i < sizeof something / sizeof *something; i++) {
        if (!says(something[i]))
            fail_msg("says nothing: %s", something[i]);
    }
}

static void roles_verdicts_and_counts_are_nothing(void **state)
{
    (void)state;
    static const char *const nothing[] = {
        "null",
        "[]",
        "{\"delta\":{\"content\":\"a\"}}",
        "[null,\"a\",[\"a\"]]",
        "[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]",
        "[{\"delta\":{\"r\\u006fle\":\"assistant\"}}]",
        "[{\"delta\":{\"content\":null}}]",
        "[{\"delta\":\"a\"}]",
        "[{\"delta\":{\"content_filter_results\":{\"hate\":{\"severity\":\"safe\"}}}}]",
        "[{\"delta\":{\"citations\":[\"a\"],\"annotations\":[{\"url\":\"a\"}],\"model\":\"m\"}}]",
        "[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"\"}]}}]",
        "[{\"delta\":{\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\"}]}}]",
        "[{\"delta\":{},\"finish_reason\":\"\"}]",
        "[{\"delta\":{},\"finish_reason\":null}]",
        "[{\"delta\":{},\"usage\":{\"a\":\"b\"},\"native_finish_reason\":\"stop\"}]",
    };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        if (says(nothing[i]))
            fail_msg("says something: %s", nothing[i]);
    }
}

static void labels_are_known_by_their_whole_name(void **state)
{
    (void)state;
    assert_true(said_is_label(slice_of("role")) && said_is_label(slice_of("mime_type")));
    assert_true(said_is_label(slice_of("\\u0072ole")));
    assert_false(said_is_label(slice_of("roles")) || said_is_label(slice_of("")));
    assert_false(said_is_label(slice_of("name"))); /* of a function: the model has chosen it */
    assert_true(said_is_aside(slice_of("name")));
    assert_false(said_is_aside(slice_of("content")) || said_is_aside(slice_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_model_has_said_is_something),
        cmocka_unit_test(roles_verdicts_and_counts_are_nothing),
        cmocka_unit_test(labels_are_known_by_their_whole_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
